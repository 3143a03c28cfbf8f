package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// names are those that the glossary may cite: "runs.Plan" for an exported
// identifier, and "package jobs/queue", "table push", "command drift",
// "metric profilesync_runs_total", "setting PROFILESYNC_LISTS".
type names map[string]bool

// readNames reads them from the tree.
func readNames(t *testing.T) names {
	t.Helper()
	found := names{}
	for _, command := range allCommands(t) {
		for i, letter := range command + " " {
			if letter == ' ' {
				found["command "+command[:i]] = true
			}
		}
	}
	tree := os.DirFS("../..")
	for _, folder := range []string{"reconcile", "connectors", "jobs", "cmd"} {
		require.NoError(t, fs.WalkDir(tree, folder, func(name string, _ fs.DirEntry, err error) error {
			if err != nil || strings.HasSuffix(name, "_test.go") {
				return err
			}
			return found.readFile(tree, name)
		}))
	}
	return found
}

var (
	table   = regexp.MustCompile(`(?m)^create table (\w+)`)
	metric  = regexp.MustCompile("(?m)^\\| `(profilesync_\\w+)`")
	setting = regexp.MustCompile(`env:"(\w+)`)
)

func (n names) readFile(tree fs.FS, name string) error {
	switch {
	case path.Ext(name) == ".go":
		return n.readGo(tree, name)
	case strings.Contains(name, "/migrations/"):
		return n.readText(tree, name, "table ", table)
	case name == "cmd/internal/admin/METRICS.md":
		return n.readText(tree, name, "metric ", metric)
	}
	return nil
}

func (n names) readText(tree fs.FS, name, kind string, pattern *regexp.Regexp) error {
	text, err := fs.ReadFile(tree, name)
	for _, match := range pattern.FindAllStringSubmatch(string(text), -1) {
		n[kind+match[1]] = true
	}
	return err
}

// readGo finds a file's package, its exported identifiers, and settings.
func (n names) readGo(tree fs.FS, name string) error {
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	n["package "+path.Dir(name)] = true
	for _, match := range setting.FindAllStringSubmatch(string(text), -1) {
		n["setting PROFILESYNC_"+match[1]] = true
	}
	for _, declaration := range file.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range general.Specs {
			n.readSpec(file.Name.Name, spec)
		}
	}
	return nil
}

func (n names) readSpec(in string, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		n[in+"."+spec.Name.Name] = true
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			n[in+"."+name.Name] = true
		}
	}
}
