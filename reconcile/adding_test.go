package reconcile_test

import (
	"fmt"
	"go/ast"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// This file tests ADDING.md "A field": it applies the steps to a copy of the
// sources, and checks that leaving out a step is reported with its name.

// step is a step of the page.
type step struct {
	title   string
	patches []patch
}

// patch is a diff block of the page: its target, which is a file, a query of the
// store, or a function of the database or of Go, and the lines to replace.
type patch struct {
	target string
	hunks  []hunk
}

type hunk struct{ old, new string }

func TestAFieldIsAddedByThePage(t *testing.T) {
	t.Parallel()
	sources, steps := fieldSources(t), stepsOf(t)
	walked := applySteps(t, sources, steps, "")
	require.Empty(t, walked.missing())
	fax := faxOf(t, walked)
	for _, left := range steps {
		t.Run(left.title, func(t *testing.T) {
			t.Parallel()
			var want []string
			if needsStep(walked, fax, left.title) {
				want = []string{left.title}
			}
			require.Equal(t, want, stepsNamed(applySteps(t, sources, steps, left.title).missing()))
		})
	}
}

// An editors' field skips the register's steps, and needs one more for checks.
func TestAnEditorsFieldIsAddedByThePage(t *testing.T) {
	t.Parallel()
	sources, steps := fieldSources(t), stepsOf(t,
		"owner: OwnedByODS, register: followed", "owner: OwnedByEditor", "('fax', 'ods')", "('fax', 'editor')",
		", fax | ods | an edit by anybody else is put right and audited |", " | ods | |\n+| fax | editor | |")
	for left, want := range map[string][]string{
		"": nil, "The section": {"The section"}, "The audit": {"The audit"},
		"The register": nil, "Creations": nil, "Updates": nil, "Edits during a run": nil,
	} {
		require.Equal(t, want, stepsNamed(applySteps(t, sources, steps, left).missing()), left)
	}
}

func TestThePageHasAStepForEachPlace(t *testing.T) {
	t.Parallel()
	titles := []string{"The constant"}
	for _, p := range places {
		titles = append(titles, p.step)
	}
	var have []string
	for _, s := range stepsOf(t) {
		have = append(have, s.title)
	}
	require.ElementsMatch(t, titles, have)
}

func faxOf(t *testing.T, s source) field {
	t.Helper()
	fields := s.fields()
	at := slices.IndexFunc(fields, func(f field) bool { return f.name == "fax" })
	require.Equal(t, len(fields)-1, at, "a new field comes last")
	return fields[at]
}

// needsStep reports whether a field needs a step of the page.
func needsStep(s source, f field, title string) bool {
	at := slices.IndexFunc(places, func(p place) bool { return p.step == title })
	return title != "Drift of DoS" && (at < 0 || places[at].wanted(s, f))
}

// stepsNamed returns the steps that the findings name, each once.
func stepsNamed(missing []string) (titles []string) {
	for _, text := range missing {
		if parts := strings.SplitN(text, ": ", 3); !slices.Contains(titles, parts[1]) {
			titles = append(titles, parts[1])
		}
	}
	return titles
}

// fieldSources returns the files that mention fields, without tests, simulators
// and generated code.
func fieldSources(t *testing.T) fstest.MapFS {
	t.Helper()
	tree, sources := os.DirFS(".."), fstest.MapFS{}
	apart := regexp.MustCompile(`(_test|\.sql)\.go$|test/|/(local|pgproxy)/`)
	for _, pattern := range []string{
		rulesPage, "reconcile/profile/field.go", "connectors/ods/*.go", "connectors/ods/internal/*/*.go", "connectors/dos/*.go",
		"connectors/website/*.go", "connectors/postgres/*.go", "connectors/postgres/*/*.go", "connectors/postgres/*.sql",
		"connectors/postgres/*/*.sql",
	} {
		names, err := fs.Glob(tree, pattern)
		require.NoError(t, err)
		for _, name := range names {
			if !apart.MatchString(name) {
				content, err := fs.ReadFile(tree, name)
				require.NoError(t, err)
				sources[name] = &fstest.MapFile{Data: content}
			}
		}
	}
	return sources
}

// stepsOf returns the steps of the page. replaced holds pairs of old and new text,
// as strings.NewReplacer takes them.
func stepsOf(t *testing.T, replaced ...string) (steps []step) {
	t.Helper()
	page, err := os.ReadFile("ADDING.md")
	require.NoError(t, err)
	parts := strings.Split(section(strings.NewReplacer(replaced...).Replace(string(page)), "A field"), "\n### ")
	for _, part := range parts[1:] {
		title, text, _ := strings.Cut(part, "\n")
		s := step{title: title}
		for _, block := range strings.Split(text, "```diff ")[1:] {
			target, lines, _ := strings.Cut(block, "\n")
			lines, _, closed := strings.Cut(lines, "```")
			require.True(t, closed, "%s: a block without an end", title)
			s.patches = append(s.patches, patch{target: target, hunks: hunksOf(lines)})
		}
		steps = append(steps, s)
	}
	require.NotEmpty(t, steps)
	return steps
}

func hunksOf(lines string) (hunks []hunk) {
	for part := range strings.SplitSeq(lines, "@@\n") {
		var h hunk
		for line := range strings.Lines(part) {
			switch line[0] {
			case '-':
				h.old += line[1:]
			case '+':
				h.new += line[1:]
			default:
				h.old, h.new = h.old+line[1:], h.new+line[1:]
			}
		}
		hunks = append(hunks, h)
	}
	return hunks
}

// applySteps applies the steps to a copy, except the one called left.
func applySteps(t *testing.T, sources fstest.MapFS, steps []step, left string) source {
	t.Helper()
	tree := maps.Clone(sources)
	for _, s := range steps {
		for _, p := range s.patches {
			if s.title != left {
				p.apply(t, tree)
			}
		}
	}
	s, err := readTree(tree)
	require.NoError(t, err)
	return s
}

// newMigration is the file to which the steps add functions of the database.
const newMigration = "connectors/postgres/migrations/09999_fax.sql"

func (p patch) apply(t *testing.T, tree fstest.MapFS) {
	t.Helper()
	s := source{tree: tree, migrations: migrations(tree)}
	kind, name, _ := strings.Cut(p.target, " ")
	switch kind {
	case "function":
		text := strings.Replace(p.applyTo(t, s.function(name)), "create function", "create or replace function", 1)
		appendTo(tree, newMigration, "-- +goose StatementBegin\n"+text+"\n-- +goose StatementEnd\n")
	case "query":
		file, query := s.queryIn(name)
		require.NotEmpty(t, file, p.target)
		putFile(tree, file, strings.Replace(string(tree[file].Data), query, p.applyTo(t, query), 1))
	case "func":
		file := s.fileOf(name)
		require.NotEmpty(t, file, p.target)
		putFile(tree, file, p.applyTo(t, string(tree[file].Data)))
	case newMigration:
		appendTo(tree, newMigration, p.hunks[0].new)
	default:
		require.NotNil(t, tree[p.target], p.target)
		putFile(tree, p.target, p.applyTo(t, string(tree[p.target].Data)))
	}
}

func putFile(tree fstest.MapFS, file, text string) { tree[file] = &fstest.MapFile{Data: []byte(text)} }

func appendTo(tree fstest.MapFS, file, text string) {
	if tree[file] != nil {
		text = string(tree[file].Data) + text
	}
	putFile(tree, file, text)
}

// applyTo returns a text with the patch applied.
func (p patch) applyTo(t *testing.T, text string) string {
	t.Helper()
	for _, h := range p.hunks {
		require.Equal(t, 1, strings.Count(text, h.old), "%s: the lines on the page must be there once:\n%s", p.target, h.old)
		text = strings.Replace(text, h.old, h.new, 1)
	}
	return text
}

// fileOf returns the file that holds a function of the store.
func (s source) fileOf(function string) string {
	for _, pattern := range []string{"connectors/postgres/*.go", "connectors/postgres/*/*.go"} {
		files, _ := fs.Glob(s.tree, pattern)
		for _, file := range files {
			if content, _ := fs.ReadFile(s.tree, file); strings.Contains(string(content), "\nfunc "+function+"(") {
				return file
			}
		}
	}
	return ""
}

var (
	quotedPath  = regexp.MustCompile("`([\\w.-]+(?:/[\\w.<>-]*)+)`")
	identifiers = regexp.MustCompile(`\b([a-z]+)\.([A-Z]\w+)`)
	placeholder = regexp.MustCompile(`<[a-z]+>`)
)

// The files, folders and identifiers that the page names exist.
func TestThePageNamesWhatExists(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("ADDING.md")
	require.NoError(t, err)
	_, text, _ := strings.Cut(string(page), "\n## A source\n")
	paths := quotedPath.FindAllStringSubmatch(string(page), -1)
	require.Greater(t, len(paths), 20)
	for _, match := range paths {
		found, err := fs.Glob(os.DirFS(".."), strings.TrimSuffix(placeholder.ReplaceAllString(match[1], "*"), "/"))
		require.NoError(t, err)
		require.NotEmpty(t, found, match[1])
	}
	tree, err := readTree(os.DirFS(".."))
	require.NoError(t, err)
	names := identifiers.FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, names)
	for _, match := range names {
		require.True(t, tree.declares(match[1], match[2]), match[0])
	}
}

// declares reports whether a package of that name declares the identifier.
func (s source) declares(name, ident string) bool {
	for _, p := range s.pkgs {
		for _, f := range p.files {
			for _, declared := range f.syntax.Decls {
				if p.name == name && strings.Contains(fmt.Sprint(declaredBy(declared)), " "+ident+" ") {
					return true
				}
			}
		}
	}
	return false
}

// declaredBy returns the names that a declaration declares, each between spaces.
func declaredBy(declared ast.Decl) (names string) {
	switch d := declared.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names = " " + d.Name.Name + " "
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names += " " + s.Name.Name + " "
			case *ast.ValueSpec:
				for _, name := range s.Names {
					names += " " + name.Name + " "
				}
			}
		}
	}
	return names
}
