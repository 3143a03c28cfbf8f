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

	"github.com/stretchr/testify/require"
)

// This file checks the structure of the tree. It parses the files instead of
// running `go list`, whose result the test cache would not notice. Test files are
// exempt from all of it: they may use pgtest, rapid and the simulators.

const module = "github.com/profilesync/profilesync"

// topLevel lists all that may be at the top of the tree, besides dotfiles.
var topLevel = []string{
	"cmd", "jobs", "connectors", "reconcile",
	"go.mod", "go.sum", "Makefile", "README.md", "LICENSE",
}

// generated is the package that sqlc writes: it holds SQL.
var generated = regexp.MustCompile(`^connectors/postgres/(dbsql|\w+store/\w+sql)/`)

// testSupport is linked into tests only and creates and drops databases.
const testSupport = "connectors/postgres/pgtest"

// layer is one row of the table of folders in README.md "How the parts hang together".
// An entry matches the package of that name; one that ends in "/..." also matches
// all packages below it. A nil list allows nothing.
type layer struct {
	dir     string   // the folder that it applies to
	ours    []string // folders of this module, besides the file's own (see ownFolder)
	outside []string // packages of other modules
	std     []string // packages of the standard library
	stdNot  []string // exceptions from std
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
	coreRoom("reconcile/profile"),
	coreRoom("reconcile/runs", "reconcile/profile"),
	coreRoom("reconcile/services", "reconcile/profile", "reconcile/runs"),
	coreRoom("reconcile/push", "reconcile/profile", "reconcile/runs"),
	coreRoom("reconcile/quality", "reconcile/profile", "reconcile/push"),
	coreRoom("reconcile/people", "reconcile/profile"),
	coreRoom("reconcile/cases", "reconcile/profile", "reconcile/quality", "reconcile/people"),
	coreRoom("reconcile/history", "reconcile/profile", "reconcile/runs", "reconcile/push"),
	coreRoom("reconcile/report", "reconcile/profile", "reconcile/runs", "reconcile/services", "reconcile/push", "reconcile/people"),
	{
		dir:     "reconcile",
		outside: []string{"golang.org/x/text/..."},
		std:     pureStd,
	},
	jobsRoom("queue"),
	jobsRoom("runjobs", "jobs/queue"),
	jobsRoom("pushjobs", "jobs/queue"),
	jobsRoom("qualityjobs", "jobs/queue"),
	jobsRoom("peoplejobs", "jobs/queue"),
	jobsRoom("casejobs", "jobs/queue", "jobs/peoplejobs"),
	jobsRoom("", "jobs/queue", "jobs/runjobs", "jobs/pushjobs", "jobs/qualityjobs", "jobs/peoplejobs", "jobs/casejobs"),
	storeRoom("planstore"),
	storeRoom("accessstore"),
	storeRoom("runstore", "connectors/postgres/planstore"),
	storeRoom("servicestore", "connectors/postgres/runstore"),
	storeRoom("pushstore"),
	storeRoom("qualitystore"),
	storeRoom("peoplestore"),
	storeRoom("referencestore"),
	storeRoom("watchstore"),
	storeRoom("casestore"),
	storeRoom("reportstore", "connectors/postgres/casestore"),
	storeRoom("historystore"),
	storeRoom("roles"),
	{
		dir:     "connectors",
		ours:    []string{"reconcile/...", "connectors/internal/..."},
		outside: []string{anything},
		std:     []string{anything},
	},
	partOfProgram("profilesync/guard", "connectors/postgres", "connectors/postgres/accessstore"),
	partOfProgram(
		"profilesync/settings",
		"reconcile/...",
		"connectors/...",
		"cmd/internal/links",
		"cmd/internal/nearest",
		"cmd/profilesync/guard",
	),
	partOfProgram("profilesync/login", "connectors/postgres/accessstore", "cmd/profilesync/guard"),
	partOfProgram("profilesync/tracing", "reconcile/..."),
	partOfProgram("profilesync/wiring", "reconcile/...", "connectors/...", "jobs/...", "cmd/internal/...", "cmd/profilesync/settings",
		"cmd/profilesync/tracing"),
	partOfProgram("profilesync/standing", belowCommands...),
	partOfProgram("profilesync/trials", append([]string{"cmd/profilesync/remote"}, belowCommands...)...),
	partOfProgram("profilesync/actions/upkeep", append([]string{
		"cmd/profilesync/guard", "cmd/profilesync/actions", "cmd/profilesync/standing",
	}, belowCommands...)...),
	partOfProgram("profilesync/actions", append([]string{"cmd/profilesync/guard"}, belowCommands...)...),
	partOfProgram("profilesync/api/cursor"),
	partOfProgram("profilesync/api/problem", "connectors/postgres", "cmd/profilesync/guard", "cmd/profilesync/actions"),
	partOfProgram(
		"profilesync/api/operation",
		"reconcile/...",
		"cmd/profilesync/guard",
		"cmd/profilesync/api/cursor",
		"cmd/profilesync/api/problem",
	),
	partOfProgram("profilesync/api", append([]string{
		"cmd/profilesync/guard", "cmd/profilesync/actions/...", "cmd/profilesync/standing", "cmd/profilesync/api/...",
	}, belowCommands...)...),
	partOfProgram("profilesync/serve", append([]string{
		"cmd/profilesync/guard", "cmd/profilesync/login", "cmd/profilesync/actions", "cmd/profilesync/api", "cmd/profilesync/console",
	}, belowCommands...)...),
	partOfProgram("profilesync/remote", append([]string{
		"cmd/profilesync/guard", "cmd/profilesync/actions/...", "cmd/profilesync/standing", "cmd/profilesync/api/...",
	}, belowCommands...)...),
	partOfProgram("profilesync/commands", append([]string{
		"cmd/profilesync/guard", "cmd/profilesync/actions/...", "cmd/profilesync/standing", "cmd/profilesync/remote",
	}, belowCommands...)...),
	partOfProgram("profilesync/accesscommands", aboveCommands...),
	partOfProgram("profilesync/pushcommands", aboveCommands...),
	partOfProgram("profilesync/peoplecommands", aboveCommands...),
	partOfProgram("profilesync/casecommands", aboveCommands...),
	partOfProgram("profilesync/erscommands", aboveCommands...),
	partOfProgram("profilesync/qualitycommands", aboveCommands...),
	partOfProgram("profilesync/statuscommands", append([]string{"cmd/profilesync/standing", "cmd/profilesync/trials"}, aboveCommands...)...),
	partOfProgram("profilesync/console/page"),
	partOfProgram("profilesync/console", consoleUses...),
	partOfProgram("profilesync/schemacommands", append([]string{"cmd/profilesync/commands"}, belowCommands...)...),
	partOfProgram("profilesync/ops", append([]string{"cmd/profilesync/commands"}, belowCommands...)...),
	partOfProgram("simulator/screen"),
	partOfProgram("simulator/identity"),
	partOfProgram("simulator/outside", "reconcile/...", "connectors/..."),
	partOfProgram("simulator/program", "reconcile/...", "cmd/simulator/outside", "cmd/simulator/identity"),
	partOfProgram("simulator/oracle", "reconcile/...", "connectors/...", "cmd/simulator/outside"),
	partOfProgram("simulator/demo", "reconcile/...", "connectors/...",
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
	"cmd/profilesync/tracing",
}

// consoleUses is what the console uses, and each of its rooms.
var consoleUses = append([]string{
	"cmd/profilesync/console/...", "cmd/profilesync/guard", "cmd/profilesync/login", "cmd/profilesync/actions/...",
	"cmd/profilesync/standing",
}, belowCommands...)

// aboveCommands is what the folders of commands use beside package commands.
var aboveCommands = append([]string{"cmd/profilesync/commands", "cmd/profilesync/guard", "cmd/profilesync/actions/..."}, belowCommands...)

// partOfProgram is the layer of a folder in cmd.
func partOfProgram(dir string, below ...string) layer {
	return layer{dir: "cmd/" + dir, ours: below, outside: []string{anything}, std: []string{anything}}
}

// jobsRoom is the layer of a room of the jobs or, without a name, of the package
// that joins them.
func jobsRoom(room string, below ...string) layer {
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

// storeRoom is the layer of a room of the store: it uses what all rooms share, and only
// the given rooms beside it.
func storeRoom(room string, below ...string) layer {
	return layer{
		dir: "connectors/postgres/" + room, ours: append([]string{"reconcile/...", "connectors/postgres"}, below...),
		outside: []string{anything}, std: []string{anything},
	}
}

// coreRoom is the layer of a room of the core: it may import those below it, and
// none beside it.
func coreRoom(dir string, below ...string) layer {
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

// sqlStatement matches a string that is an SQL statement, but not a sentence that
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

// violations lists every violation in the tree, sorted by file.
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
			found = append(found, name+": may not be at the top level")
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
		return []string{name + ": belongs to no layer"}, nil
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

// allows reports whether the file called name, of this layer, may import the
// package.
func (l layer) allows(name, imported string) bool {
	if imported == module || strings.HasPrefix(imported, module+"/") {
		folder := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
		return within(folder, ownFolder(name)) || matches(l.ours, folder)
	}
	first, _, _ := strings.Cut(imported, "/")
	if strings.Contains(first, ".") {
		return matches(l.outside, imported)
	}
	return matches(l.std, imported) && !matches(l.stdNot, imported)
}

// ownFolder returns the folder whose packages a file may always import: that of its
// outside system for connectors, of its room in the store and in the core, its own in
// cmd, and otherwise that of its layer.
func ownFolder(name string) string {
	parts := strings.Split(name, "/")
	switch {
	case parts[0] == "cmd":
		return path.Dir(name)
	case len(parts) > 3 && strings.HasSuffix(parts[2], "store"):
		return path.Join(parts[:3]...)
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
			found = append(found, fmt.Sprintf("%s:%d: SQL may only be in .sql files of connectors/postgres", at.Filename, at.Line))
		}
		return true
	})
	return found, bad
}
