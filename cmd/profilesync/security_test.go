package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/visible"
	"github.com/profilesync/profilesync/cmd/profilesync/settings"
)

// testNames are the names of all tests of the tree.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	tree := os.DirFS("../..")
	for _, folder := range []string{"reconcile", "connectors", "jobs", "cmd"} {
		require.NoError(t, fs.WalkDir(tree, folder, func(name string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, "_test.go") {
				return err
			}
			text, err := fs.ReadFile(tree, name)
			for _, match := range testFunction.FindAllSubmatch(text, -1) {
				found[string(match[1])] = true
			}
			return err
		}))
	}
	return found
}

var (
	testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	cited        = regexp.MustCompile("^`Test\\w+`$")
)

// Each statement about security has a test; only how to report something has none.
func TestEveryStatementAboutSecurityHasATest(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../.github/SECURITY.md")
	require.NoError(t, err)
	tests, statements := testNames(t), 0
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		if title == "Reporting" {
			continue
		}
		for line := range strings.Lines(body) {
			line = strings.TrimSpace(line)
			if line == "" || line == "| statement | tests |" || line == "|---|---|" {
				continue
			}
			cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "| "), " |"), " | ")
			require.Len(t, cells, 2, "no statement with its tests: %s", line)
			require.Regexp(t, `\.$`, cells[0])
			statements++
			for name := range strings.SplitSeq(cells[1], ", ") {
				require.Regexp(t, cited, name, line)
				require.True(t, tests[strings.Trim(name, "`")], "there is no %s", name)
			}
		}
	}
	require.Greater(t, statements, 20)
}

// Each secret setting has a statement on how it rotates, and one that is read again when
// it is used has none that wants a restart.
func TestEverySecretSaysHowItRotates(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../.github/SECURITY.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## How secrets are kept and rotate\n")
	require.True(t, found)
	program := ""
	for _, folder := range []string{"wiring", "serve", "settings"} {
		files, err := fs.Glob(os.DirFS(folder), "*.go")
		require.NoError(t, err)
		for _, file := range files {
			code, err := os.ReadFile(filepath.Join(folder, file))
			require.NoError(t, err)
			if !strings.HasSuffix(file, "_test.go") {
				program += string(code)
			}
		}
	}
	secrets := 0
	for field := range reflect.TypeFor[settings.Settings]().Fields() {
		if field.Type != reflect.TypeFor[settings.Secret]() {
			continue
		}
		secrets++
		name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		statements := ""
		for line := range strings.Lines(section) {
			if strings.Contains(line, "`PROFILESYNC_"+name+"`") {
				statements += line
			}
		}
		require.NotEmpty(t, statements, "nothing says how PROFILESYNC_%s rotates", name)
		readAgain := strings.Contains(program, `Rotating("`+name+`")`)
		require.NotEqual(t, readAgain, strings.Contains(statements, "restart the daemon"), name)
	}
	require.Greater(t, secrets, 10)
}

func TestNoMessageSteersATerminal(t *testing.T) {
	t.Parallel()
	const harmful = "\x1b]0;x\x07\u009b31m\u202ex"
	for _, args := range [][]string{
		{harmful}, {"runs", "show", harmful}, {"--format=" + harmful, "version"}, {"reconcile", "--report", harmful},
	} {
		var out, err bytes.Buffer
		require.Equal(t, 2, run(t.Context(), args, &out, &err), args)
		printed := strings.ReplaceAll(out.String()+err.String(), "\n", "")
		require.NotEmpty(t, printed)
		require.Equal(t, -1, strings.IndexFunc(printed, func(r rune) bool { return !visible.Is(r) }), "%q", printed)
	}
}
