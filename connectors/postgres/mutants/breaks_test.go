package mutants

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sqlBreak is a deliberate fault in a statement, a trigger or a view, beside the
// fences that mutants remove: a condition that is dropped, a comparison that is
// turned, an order that is reversed, a lock or a limit that is lost.
type sqlBreak struct {
	file      string // the .sql file, below connectors/postgres
	statement string // as its file names it: the name of a query, else what it begins with; empty for the whole file
	fault     string
	find, put string // in the statement, with the names of its arguments
	dir       string // of the package whose test must fail; empty for that of the file
	test      string // pattern for -run
	same      string // why no test can tell the difference; empty if the test must
}

// breaks are the faults that `make mutants` tries after the mutants.
func breaks() []sqlBreak {
	return slices.Concat(pushBreaks, runBreaks, planBreaks, peopleBreaks, caseBreaks, reportBreaks, serviceBreaks, watchBreaks, triggerBreaks)
}

// room is the package that the file belongs to, as store names it.
func (b sqlBreak) room() string {
	name, _, _ := strings.Cut(b.file, "/")
	return name
}

// mutant is the code with the fault, in the file and in what is generated from it.
func (b sqlBreak) mutant() mutant {
	file, from := store+b.file, b.statement
	generated := b.generated()
	if generated != "" {
		from = "-- name: " + b.statement + " :"
	}
	edits := []edit{{file: file, find: b.find, put: b.put, from: from}}
	if generated != "" {
		edits = append(edits, edit{file: generated, find: b.find, put: b.put, from: from})
	}
	return mutant{
		write: b.file + ": " + b.statement, gone: b.fault, edits: edits,
		dir: cmp.Or(b.dir, store+b.room()+"/"), test: b.test,
	}
}

// generated is the Go that sqlc makes from the file; empty if it makes none.
func (b sqlBreak) generated() string {
	dir, name := path.Split(b.file)
	switch dir {
	case "migrations/", "casestore/signals/":
		return ""
	case "":
		return sql + name + ".go"
	default:
		return store + dir + strings.TrimSuffix(path.Base(dir), "store") + "sql/" + name + ".go"
	}
}

// argument matches an argument of a query as the .sql files name it.
var argument = regexp.MustCompile(`@\w+|sqlc\.n?arg\(\w+\)`)

// numbered returns the edit with the numbers that sqlc gave the arguments. It
// returns the edit itself for a file that has names.
func (e edit) numbered(t *testing.T, text string) edit {
	t.Helper()
	if !strings.HasSuffix(e.file, ".sql.go") || !argument.MatchString(e.find) {
		return e
	}
	names := argument.FindAllString(e.find, -1)
	pattern := strings.ReplaceAll(regexp.QuoteMeta(argument.ReplaceAllLiteralString(e.find, "\x00")), "\x00", `(\$\d+)`)
	_, statement, _ := e.parts(t, text)
	found := regexp.MustCompile(pattern).FindAllStringSubmatch(statement, -1)
	require.Len(t, found, max(e.times, 1), "occurrences of %q in %s %s", e.find, e.file, e.from)
	e.find = found[0][0]
	e.put = argument.ReplaceAllStringFunc(e.put, func(name string) string {
		at := slices.Index(names, name)
		require.NotEqual(t, -1, at, "%s is no argument of %q", name, e.find)
		return found[0][at+1]
	})
	return e
}

func TestEachRoomHasBreaks(t *testing.T) {
	t.Parallel()
	fences := make(map[string]bool)
	for _, m := range fenceless() {
		for _, text := range m.files(t) {
			fences[text] = true
		}
	}
	rooms, tried := make(map[string]int), make(map[string]bool)
	for _, b := range breaks() {
		rooms[b.room()]++
		whole := fmt.Sprint(b.file, b.statement, b.find, b.put)
		require.False(t, tried[whole], "twice: %s", whole)
		tried[whole] = true
		require.Equal(t, b.same == "", b.test != "", "%s: a test, or why there is none", b.statement)
		files := b.mutant().files(t)
		require.NotEmpty(t, files, b.statement)
		require.NotContains(t, fences, files[b.generated()], "a fence mutant has it already: %s", b.statement)
	}
	for _, room := range []string{
		"runstore", "planstore", "pushstore", "peoplestore", "casestore", "historystore", "reportstore", "qualitystore",
		"servicestore", "watchstore", "accessstore", "referencestore", "migrations",
	} {
		require.Positive(t, rooms[room], room)
	}
	require.GreaterOrEqual(t, len(breaks()), 60)
}

// brokenGo are faults of the same kind in code that keeps a promise beside its
// statements.
var brokenGo = []mutant{
	{
		"letter: left claimed", "that the service can be asked",
		[]edit{{
			file: "jobs/peoplejobs/send_mail.go",
			find: "if !r.Mailer.Lookup() {\n\t\treturn unclear, nil",
			put:  "if !r.Mailer.Lookup() {\n\t\treturn due.Released(), nil",
		}},
		peoples, "^TestALetterThatWasNeverBegunGoesOutWithoutAQuestion$",
	},
}
