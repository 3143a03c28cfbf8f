package reconcile_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// This file keeps the shape of the tree. It parses the files instead of asking
// `go list`, whose answer the test cache would hide. Test files are exempt
// from all of it: they may use pgtest, rapid and the simulators.

const module = "github.com/profilesync/profilesync"

// topLevel is all that may stand at the top of the tree, dotfiles aside.
var topLevel = []string{
	"cmd", "jobs", "connectors", "reconcile",
	"go.mod", "go.sum", "Makefile", "README.md", "LICENSE",
}

// generated is written by sqlc: it holds SQL.
var generated = regexp.MustCompile(`^connectors/postgres/(dbsqlc|\w+store/\w+sql)/`)

// testSupport is linked into tests only and creates and drops databases.
const testSupport = "connectors/postgres/pgtest"

// layer is one row of the table of folders in README.md "How the parts hang together".
// An entry matches the package of that name; one ending in "/..." also all below
// it. A nil list allows nothing.
type layer struct {
	dir     string   // the folder of the files it speaks of
	ours    []string // folders of this module, besides the file's own (see own)
	outside []string // packages of other modules
	std     []string // packages of the standard library
	stdNot  []string // taken out of std again
}

// anything matches every package of its kind.
const anything = "..."

var layers = []layer{
	{
		dir:     "reconcile/profile/profiletest", // linked into tests only
		ours:    []string{"reconcile/profile"},
		outside: []string{"pgregory.net/rapid"},
		std:     pureStd,
	},
	room("reconcile/profile"),
	room("reconcile/runs", "reconcile/profile"),
	room("reconcile/services", "reconcile/profile", "reconcile/runs"),
	room("reconcile/push", "reconcile/profile", "reconcile/runs"),
	room("reconcile/people", "reconcile/profile"),
	room("reconcile/report", "reconcile/profile", "reconcile/runs", "reconcile/services", "reconcile/push", "reconcile/people"),
	{
		dir:     "reconcile",
		outside: []string{"golang.org/x/text/..."},
		std:     pureStd,
	},
	work("queue"),
	work("runjobs", "jobs/queue"),
	work("pushjobs", "jobs/queue"),
	work("peoplejobs", "jobs/queue"),
	work("", "jobs/queue", "jobs/runjobs", "jobs/pushjobs", "jobs/peoplejobs"),
	{
		dir:     "connectors",
		ours:    []string{"reconcile/...", "connectors/internal/..."},
		outside: []string{anything},
		std:     []string{anything},
	},
	part("profilesync/settings", "reconcile/...", "connectors/..."),
	part("profilesync/wiring", "reconcile/...", "connectors/...", "jobs/...", "cmd/internal/...", "cmd/profilesync/settings"),
	part("profilesync/serve", belowCommands...),
	part("profilesync/commands", belowCommands...),
	part("simulator/screen"),
	part("simulator/outside", "reconcile/...", "connectors/..."),
	part("simulator/program", "reconcile/...", "cmd/simulator/outside"),
	part("simulator/oracle", "reconcile/...", "connectors/...", "cmd/simulator/outside"),
	part("simulator/demo", "reconcile/...", "connectors/...",
		"cmd/simulator/outside", "cmd/simulator/program", "cmd/simulator/oracle", "cmd/simulator/screen"),
	{
		dir:     "cmd",
		ours:    []string{"reconcile/...", "jobs/...", "connectors/...", "cmd/internal/..."},
		outside: []string{anything},
		std:     []string{anything},
	},
}

// belowCommands is what the daemon and the commands may use; neither uses the other.
var belowCommands = []string{
	"reconcile/...", "connectors/...", "jobs/...", "cmd/internal/...", "cmd/profilesync/settings", "cmd/profilesync/wiring",
}

// part is a part of a program.
func part(dir string, below ...string) layer {
	return layer{dir: "cmd/" + dir, ours: below, outside: []string{anything}, std: []string{anything}}
}

// work is a room of the jobs, or what puts them together.
func work(room string, below ...string) layer {
	return layer{
		dir:  path.Join("jobs", room),
		ours: append([]string{"reconcile/..."}, below...),
		outside: []string{
			"github.com/riverqueue/river/...",
			"github.com/jackc/pgx/v5", // for pgx.Tx
			"github.com/robfig/cron/v3",
			"github.com/google/uuid", // for idempotency keys
			"github.com/prometheus/client_golang/...",
		},
		std:    []string{anything},
		stdNot: []string{"net/http/...", "database/sql/...", "os/..."},
	}
}

// room is a room of the core: it may import those below it, and none beside it.
func room(dir string, below ...string) layer {
	return layer{dir: dir, ours: below, outside: []string{"golang.org/x/text/..."}, std: pureStd}
}

// pureStd is the part of the standard library that computes and does nothing
// else: no clock is read, no file opened, no context taken, nothing logged.
// (time reads the clock too; the linter forbids time.Now here.)
var pureStd = []string{
	"bytes", "cmp", "crypto/sha256", "embed", "encoding/...", "errors", "fmt",
	"hash/...", "io", "iter", "maps", "math", "math/big", "math/bits", "net/url",
	"regexp", "slices", "sort", "strconv", "strings", "text/tabwriter",
	"time", "time/tzdata", "unicode/...", "unique",
}

// sqlStatement matches a string that is a statement, and not a sentence that
// begins like one ("update the profile", "with no changes").
var sqlStatement = regexp.MustCompile(`(?is)^\s*(--[^\n]*\n\s*)*(` + strings.Join([]string{
	`select\s+(distinct\s+)?[\w.]+\s*\(`,              // select f(x)
	`select\s+(\d+|'[^']*'|\$\d+|true|false)\s*($|;)`, // select 1
	`select\s.*\sfrom\s+[\w."]+\s*($|[;,()]|as\b|\w*\s*(where|join|left|inner|order|group|limit|for|using)\b)`,
	`insert\s+into\s+[\w."]+\s*(\(|as\b|select\b|values\b|default\b|$)`,
	`update\s+(only\s+)?[\w."]+(\s+as)?(\s+\w+)?\s+set\s`,
	`delete\s+from\s+(only\s+)?[\w."]+(\s+as)?(\s+\w+)?\s*($|;|where\b|using\b|returning\b)`,
	`with\s+(recursive\s+)?\w+\s*(\([^)]*\))?\s*as\s+((not\s+)?materialized\s*)?\(`,
}, "|") + `)`)

func TestTreeKeepsItsShape(t *testing.T) {
	t.Parallel()
	found, err := violations(os.DirFS(".."))
	require.NoError(t, err)
	require.Empty(t, found, "rules: reconcile/arch_test.go, layers and topLevel")
}

// violations names every breach in the tree, sorted by file.
func violations(tree fs.FS) ([]string, error) {
	found, err := topLevelViolations(tree)
	if err != nil {
		return nil, err
	}
	err = walkGo(tree, func(name string, source []byte) error {
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		inFile, err := fileViolations(name, source)
		found = append(found, inFile...)
		return err
	})
	slices.Sort(found)
	return found, err
}

func topLevelViolations(tree fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(tree, ".")
	if err != nil {
		return nil, err
	}
	missing := slices.Clone(topLevel)
	var found []string
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasPrefix(name, ".") && !slices.Contains(topLevel, name) {
			found = append(found, name+": may not stand at the top level")
		}
		missing = slices.DeleteFunc(missing, func(want string) bool { return want == name })
	}
	for _, name := range missing {
		found = append(found, name+": missing at the top level")
	}
	return found, nil
}

func fileViolations(name string, source []byte) ([]string, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parsing %s: %w", name, err)
	}
	found, err := importViolations(name, file)
	if err != nil {
		return nil, err
	}
	if generated.MatchString(name) || within(name, testSupport) {
		return found, nil
	}
	sql, err := sqlViolations(files, file)
	return append(found, sql...), err
}

func importViolations(name string, file *ast.File) ([]string, error) {
	at := slices.IndexFunc(layers, func(l layer) bool { return within(name, l.dir) })
	if at < 0 {
		return []string{name + ": stands in no layer"}, nil
	}
	var found []string
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("reading an import of %s: %w", name, err)
		}
		if !layers[at].allows(name, imported) {
			found = append(found, name+": may not import "+imported)
		}
	}
	return found, nil
}

// allows tells whether the file called name, of this layer, may import the package.
func (l layer) allows(name, imported string) bool {
	if imported == module || strings.HasPrefix(imported, module+"/") {
		folder := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
		return within(folder, own(name)) || matches(l.ours, folder)
	}
	first, _, _ := strings.Cut(imported, "/")
	if strings.Contains(first, ".") {
		return matches(l.outside, imported)
	}
	return matches(l.std, imported) && !matches(l.stdNot, imported)
}

// own is the folder a file shares freely: its layer's, among the connectors the
// one outside system's, in the core the one room's, and in cmd its own.
func own(name string) string {
	parts := strings.Split(name, "/")
	switch {
	case parts[0] == "cmd":
		return path.Dir(name)
	case len(parts) > 2:
		return parts[0] + "/" + parts[1]
	default:
		return parts[0]
	}
}

func matches(allowed []string, imported string) bool {
	return slices.ContainsFunc(allowed, func(pattern string) bool {
		parent, isTree := strings.CutSuffix(pattern, "/...")
		return pattern == anything || pattern == imported || isTree && within(imported, parent)
	})
}

func within(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}

func sqlViolations(files *token.FileSet, file *ast.File) ([]string, error) {
	var (
		found []string
		bad   error
	)
	ast.Inspect(file, func(node ast.Node) bool {
		literal, ok := node.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			bad = err
		}
		if sqlStatement.MatchString(text) {
			at := files.Position(literal.Pos())
			found = append(found, fmt.Sprintf("%s:%d: SQL stands in .sql files of connectors/postgres only", at.Filename, at.Line))
		}
		return true
	})
	return found, bad
}

// soundTree is the smallest tree without a violation.
func soundTree() fstest.MapFS {
	tree := fstest.MapFS{".gitignore": {}, ".local/bin/x.go": {Data: []byte("no go at all")}}
	for _, name := range topLevel {
		if path.Ext(name) == "" && name == strings.ToLower(name) {
			name += "/doc.go"
		}
		tree[name] = &fstest.MapFile{Data: []byte("package p\n")}
	}
	return tree
}

// imports is a file that imports the packages; @ stands for this module.
func imports(packages ...string) string {
	var source strings.Builder
	source.WriteString("package p\n")
	for _, name := range packages {
		fmt.Fprintf(&source, "import _ %q\n", strings.Replace(name, "@", module, 1))
	}
	return source.String()
}

// says is a file that holds the text as a string.
func says(text string) string { return "package p\nvar _ = " + strconv.Quote(text) + "\n" }

func TestForbiddenImportsAreReported(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ file, imported string }{
		"core reads files":            {"reconcile/x.go", "os"},
		"core takes a context":        {"reconcile/x.go", "context"},
		"core logs":                   {"reconcile/x.go", "log/slog"},
		"core opens connections":      {"reconcile/x.go", "net/http"},
		"core draws lots":             {"reconcile/x.go", "math/rand/v2"},
		"core uses a database":        {"reconcile/x.go", "github.com/jackc/pgx/v5"},
		"core uses jobs":              {"reconcile/a/x.go", "@/jobs"},
		"core draws test data":        {"reconcile/profile/x.go", "pgregory.net/rapid"},
		"the lowest room uses runs":   {"reconcile/profile/x.go", "@/reconcile/runs"},
		"runs use what is above":      {"reconcile/runs/x.go", "@/reconcile/push"},
		"services use push":           {"reconcile/services/x.go", "@/reconcile/push"},
		"push uses services":          {"reconcile/push/x.go", "@/reconcile/services"},
		"people use runs":             {"reconcile/people/x.go", "@/reconcile/runs"},
		"people use the report":       {"reconcile/people/x.go", "@/reconcile/report"},
		"a room uses the map":         {"reconcile/report/x.go", "@/reconcile"},
		"a room uses what tests do":   {"reconcile/push/x.go", "@/reconcile/profile/profiletest"},
		"jobs use connectors":         {"jobs/x.go", "@/connectors/ods"},
		"the queue uses its jobs":     {"jobs/queue/x.go", "@/jobs/runjobs"},
		"pushes use runs":             {"jobs/pushjobs/x.go", "@/jobs/runjobs"},
		"jobs use a pool":             {"jobs/x.go", "github.com/jackc/pgx/v5/pgxpool"},
		"jobs use HTTP":               {"jobs/x.go", "net/http"},
		"jobs use cmd":                {"jobs/x.go", "@/cmd/internal/admin"},
		"a connector uses another":    {"connectors/dos/x.go", "@/connectors/website"},
		"a name that starts alike":    {"connectors/ods/x.go", "@/connectors/odsx"},
		"a simulator uses another":    {"connectors/ods/odstest/x.go", "@/connectors/dos"},
		"shared code uses a system":   {"connectors/internal/httpx/x.go", "@/connectors/ods"},
		"a connector uses jobs":       {"connectors/ods/x.go", "@/jobs"},
		"a connector uses cmd":        {"connectors/ods/x.go", "@/cmd/internal/admin"},
		"generated code uses jobs":    {"connectors/postgres/dbsqlc/x.go", "@/jobs"},
		"nobody uses the module top":  {"cmd/x/x.go", "@"},
		"settings use the wiring":     {"cmd/profilesync/settings/x.go", "@/cmd/profilesync/wiring"},
		"settings use jobs":           {"cmd/profilesync/settings/x.go", "@/jobs"},
		"the wiring uses a command":   {"cmd/profilesync/wiring/x.go", "@/cmd/profilesync/commands"},
		"a command uses the daemon":   {"cmd/profilesync/commands/x.go", "@/cmd/profilesync/serve"},
		"the daemon uses commands":    {"cmd/profilesync/serve/x.go", "@/cmd/profilesync/commands"},
		"another program uses them":   {"cmd/simulator/x.go", "@/cmd/profilesync/settings"},
		"the systems use the demo":    {"cmd/simulator/outside/x.go", "@/cmd/simulator/demo"},
		"the oracle runs the program": {"cmd/simulator/oracle/x.go", "@/cmd/simulator/program"},
		"the demo uses the commands":  {"cmd/simulator/demo/x.go", "@/cmd/simulator"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := c.file + ": may not import " + strings.Replace(c.imported, "@", module, 1)
			requireFound(t, c.file, imports(c.imported), want)
		})
	}
}

func TestSQLInGoIsReported(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ file, statement string }{
		"query":        {"connectors/postgres/x.go", "select code, name from profilesync.profile where code = $1"},
		"short query":  {"connectors/postgres/local/x.go", "SELECT x\nFROM t"},
		"call":         {"cmd/x/x.go", "select pg_notify($1, $2)"},
		"ping":         {"cmd/x/x.go", "select 1"},
		"insert":       {"jobs/x.go", "insert into job (id) values ($1)"},
		"update":       {"jobs/x.go", "\n  update profilesync.profile p set name = $1"},
		"delete":       {"jobs/x.go", "delete from job where id = $1"},
		"common table": {"jobs/x.go", "-- why\nwith gone as (select 1) select 2"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireFound(t, c.file, says(c.statement), c.file+":2: SQL stands in .sql files of connectors/postgres only")
		})
	}
}

func TestStrayFilesAreReported(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ file, source, want string }{
		"a fifth folder":       {"pkg/x.go", "package p", "pkg: may not stand at the top level"},
		"a file beside it":     {"sqlc.yaml", "", "sqlc.yaml: may not stand at the top level"},
		"a Go file at the top": {"x.go", "package p", "x.go: stands in no layer"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireFound(t, c.file, c.source, c.want)
		})
	}
}

// requireFound puts one file into a sound tree and wants its violation named.
func requireFound(t *testing.T, file, source, want string) {
	t.Helper()
	tree := soundTree()
	tree[file] = &fstest.MapFile{Data: []byte(source)}
	found, err := violations(tree)
	require.NoError(t, err)
	require.Contains(t, found, want)
}

func TestMissingTopLevelEntryIsReported(t *testing.T) {
	t.Parallel()
	tree := soundTree()
	delete(tree, "LICENSE")
	found, err := violations(tree)
	require.NoError(t, err)
	require.Equal(t, []string{"LICENSE: missing at the top level"}, found)
}

func TestSoundFilesAreNotReported(t *testing.T) {
	t.Parallel()
	tree := soundTree()
	for name, source := range map[string]string{
		"reconcile/x.go":                     imports("time", "time/tzdata", "unicode/utf8", "golang.org/x/text/cases"),
		"reconcile/runs/x.go":                imports("time", "golang.org/x/text/cases", "@/reconcile/profile"),
		"reconcile/report/x.go":              imports("@/reconcile/push", "@/reconcile/people", "@/reconcile/services", "@/reconcile/runs"),
		"reconcile/x_test.go":                imports("os", "@/connectors/postgres/pgtest"),
		"reconcile/testdata/x.go":            imports("os"),
		"reconcile/profile/profiletest/x.go": imports("@/reconcile/profile", "pgregory.net/rapid"),
		"jobs/x.go":                          imports("@/reconcile/runs", "log/slog", "github.com/riverqueue/river/rivertype"),
		"connectors/ods/x.go":                imports("@/connectors/ods/fhir", "@/connectors/internal/httpx", "@/reconcile/push", "net/http"),
		"connectors/ods/odstest/x.go":        imports("@/connectors/ods", "@/connectors/internal/register"),
		"connectors/internal/register/x.go":  imports("@/connectors/internal/httpx", "@/reconcile/profile"),
		"connectors/postgres/dbsqlc/x.go":    says("select name from profile where code = $1"),
		"connectors/postgres/pgtest/x.go":    says("select 1"),
		"cmd/profilesync/x.go":               imports("@/jobs", "@/connectors/ods", "@/cmd/internal/admin", "os"),
		"cmd/profilesync/y.go":               imports("@/cmd/profilesync/commands", "@/cmd/profilesync/serve"),
		"cmd/profilesync/commands/x.go":      imports("@/cmd/profilesync/wiring", "@/cmd/profilesync/settings", "@/cmd/internal/spool"),
		"cmd/simulator/x.go":                 imports("@/cmd/simulator/demo", "@/cmd/simulator/program", "@/connectors/postgres/local"),
		"cmd/simulator/demo/x.go":            imports("@/cmd/simulator/oracle", "@/cmd/simulator/screen"),
		"cmd/profilesync/update.go":          says("update the profile and set its name"),
		"cmd/profilesync/with.go":            says("with no changes"),
		"cmd/profilesync/select.go":          says("select a run from the list below"),
		"cmd/profilesync/delete.go":          says("delete from the table above"),
		"cmd/profilesync/insert.go":          says("insert into the queue of the daemon"),
	} {
		tree[name] = &fstest.MapFile{Data: []byte(source)}
	}
	found, err := violations(tree)
	require.NoError(t, err)
	require.Empty(t, found)
}
