package reconcile_test

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

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

// importing returns a file that imports the packages; @ stands for this module.
func importing(packages ...string) string {
	var source strings.Builder
	source.WriteString("package p\n")
	for _, name := range packages {
		fmt.Fprintf(&source, "import _ %q\n", strings.Replace(name, "@", module, 1))
	}
	return source.String()
}

// holdingString returns a file that holds the text as a string.
func holdingString(text string) string { return "package p\nvar _ = " + strconv.Quote(text) + "\n" }

func TestForbiddenImportsAreReported(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ file, imported string }{
		"core reads files":            {"reconcile/x.go", "os"},
		"core takes a context":        {"reconcile/x.go", "context"},
		"core logs":                   {"reconcile/x.go", "log/slog"},
		"core opens connections":      {"reconcile/x.go", "net/http"},
		"core uses randomness":        {"reconcile/x.go", "math/rand/v2"},
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
		"generated code uses jobs":    {"connectors/postgres/dbsql/x.go", "@/jobs"},
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
		"a room of the store":         {"connectors/postgres/pushstore/x.go", "@/connectors/postgres/runstore"},
		"runs use services":           {"connectors/postgres/runstore/x.go", "@/connectors/postgres/servicestore"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := c.file + ": may not import " + strings.Replace(c.imported, "@", module, 1)
			requireFound(t, c.file, importing(c.imported), want)
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
			requireFound(t, c.file, holdingString(c.statement), c.file+":2: SQL may only be in .sql files of connectors/postgres")
		})
	}
}

func TestStrayFilesAreReported(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ file, source, want string }{
		"a fifth folder":       {"pkg/x.go", "package p", "pkg: may not be at the top level"},
		"a file beside it":     {"sqlc.yaml", "", "sqlc.yaml: may not be at the top level"},
		"a Go file at the top": {"x.go", "package p", "x.go: belongs to no layer"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireFound(t, c.file, c.source, c.want)
		})
	}
}

// requireFound adds one file to a sound tree and checks that its violation is
// reported.
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
		"reconcile/x.go":                     importing("time", "time/tzdata", "unicode/utf8", "golang.org/x/text/cases"),
		"reconcile/runs/x.go":                importing("time", "golang.org/x/text/cases", "@/reconcile/profile"),
		"reconcile/report/x.go":              importing("@/reconcile/push", "@/reconcile/people", "@/reconcile/services", "@/reconcile/runs"),
		"reconcile/x_test.go":                importing("os", "@/connectors/postgres/pgtest"),
		"reconcile/testdata/x.go":            importing("os"),
		"reconcile/profile/profiletest/x.go": importing("@/reconcile/profile", "pgregory.net/rapid"),
		"jobs/x.go":                          importing("@/reconcile/runs", "log/slog", "github.com/riverqueue/river/rivertype"),
		"connectors/ods/x.go":                importing("@/connectors/ods/fhir", "@/connectors/internal/httpx", "@/reconcile/push", "net/http"),
		"connectors/ods/odstest/x.go":        importing("@/connectors/ods", "@/connectors/internal/register"),
		"connectors/internal/register/x.go":  importing("@/connectors/internal/httpx", "@/reconcile/profile"),
		"connectors/postgres/dbsql/x.go":     holdingString("select name from profile where code = $1"),
		"connectors/postgres/pgtest/x.go":    holdingString("select 1"),
		"cmd/profilesync/x.go":               importing("@/jobs", "@/connectors/ods", "@/cmd/internal/admin", "os"),
		"cmd/profilesync/y.go":               importing("@/cmd/profilesync/commands", "@/cmd/profilesync/serve"),
		"cmd/profilesync/commands/x.go":      importing("@/cmd/profilesync/wiring", "@/cmd/profilesync/settings", "@/cmd/internal/spool"),
		"cmd/simulator/x.go":                 importing("@/cmd/simulator/demo", "@/cmd/simulator/program", "@/connectors/postgres/local"),
		"cmd/simulator/demo/x.go":            importing("@/cmd/simulator/oracle", "@/cmd/simulator/screen"),
		"cmd/profilesync/update.go":          holdingString("update the profile and set its name"),
		"cmd/profilesync/with.go":            holdingString("with no changes"),
		"cmd/profilesync/select.go":          holdingString("select a run from the list below"),
		"cmd/profilesync/delete.go":          holdingString("delete from the table above"),
		"cmd/profilesync/insert.go":          holdingString("insert into the queue of the daemon"),

		"connectors/postgres/xstore/xsql/x.go":  holdingString("select name from profile where code = $1"),
		"connectors/postgres/servicestore/x.go": importing("@/connectors/postgres", "@/connectors/postgres/runstore"),
	} {
		tree[name] = &fstest.MapFile{Data: []byte(source)}
	}
	found, err := violations(tree)
	require.NoError(t, err)
	require.Empty(t, found)
}
