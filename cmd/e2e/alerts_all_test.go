package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every alert that `ops write` writes is staged by one of these tests.
func TestEveryAlertIsStaged(t *testing.T) {
	t.Parallel()
	s := bareSite(t)
	s.exits(0, "ops", "write", s.dir)
	rules, err := os.ReadFile(filepath.Join(s.dir, "prometheus", "profilesync.rules.yml"))
	require.NoError(t, err)
	var all []string
	for _, found := range regexp.MustCompile(`(?m)^ *- alert: (\w+)$`).FindAllSubmatch(rules, -1) {
		all = append(all, string(found[1]))
	}
	require.Greater(t, len(all), 20)
	require.ElementsMatch(t, all, stagedAlerts(t))
}

// stagedAlerts lists the alerts that tests of this package wait for, by their calls of prometheus.fires.
func stagedAlerts(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	staged := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if called, ok := call.Fun.(*ast.SelectorExpr); !ok || called.Sel.Name != "fires" {
				return true
			}
			for _, argument := range call.Args {
				text, ok := argument.(*ast.BasicLit)
				require.True(t, ok, "%s: fires is given the alerts as they are written, so that this test can read them", name)
				alert, err := strconv.Unquote(text.Value)
				require.NoError(t, err, name)
				alert, _, _ = strings.Cut(alert, " ")
				staged[alert] = true
			}
			return true
		})
	}
	return slices.Collect(maps.Keys(staged))
}
