// Package mutants removes the fences from the code, one at a time and each with
// all its layers, then breaks statements and triggers, and requires the test of
// each to fail: `make mutants`. The ordinary tests check that the tables of
// mutants and of breaks still fit the code.
package mutants

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mutant is the code without the fence of one write.
type mutant struct {
	write string // as the table in the doc.go of its room names it
	gone  string // the fence that is removed, or the fault of a break
	edits []edit // remove all its layers
	dir   string // of the package whose test must fail
	test  string // pattern for -run
}

// edit replaces every occurrence of a text in a file.
type edit struct {
	file      string // from the root
	find, put string
	times     int    // how many occurrences there are; 0 means one
	from      string // where the statement begins that holds them all; empty for the whole file
}

const (
	root    = "../../.."
	store   = "connectors/postgres/"
	sql     = store + "dbsql/"
	people7 = store + "migrations/00007_people.sql"
	trust26 = store + "migrations/00026_trust.sql"
)

// fenceless are the mutants without a fence.
func fenceless() []mutant {
	return slices.Concat(pushMutants, runMutants, peopleMutants, qualityMutants, caseMutants, accessMutants)
}

// all are the mutants that `make mutants` tries.
func all() []mutant {
	mutants := fenceless()
	for _, b := range breaks() {
		if b.same == "" {
			mutants = append(mutants, b.mutant())
		}
	}
	return append(mutants, brokenGo...)
}

// apply returns the text of the file after the edit. It fails the test if the
// text to find does not occur the expected number of times.
func (e edit) apply(t *testing.T, text string) string {
	t.Helper()
	require.NotEqual(t, e.find, e.put)
	before, statement, after := e.parts(t, text)
	require.Equal(t, max(e.times, 1), strings.Count(statement, e.find), "occurrences of %q in %s %s", e.find, e.file, e.from)
	return before + strings.ReplaceAll(statement, e.find, e.put) + after
}

// parts returns the statement that holds the text to find, up to the next empty
// line, in Go up to its end, and what stands before and behind it.
func (e edit) parts(t *testing.T, text string) (before, statement, after string) {
	t.Helper()
	if e.from == "" {
		return "", text, ""
	}
	require.Equal(t, 1, strings.Count(text, e.from), "occurrences of %q in %s", e.from, e.file)
	ends := "\n\n"
	if strings.HasSuffix(e.file, ".go") {
		ends = "`"
	}
	before, rest, _ := strings.Cut(text, e.from)
	statement, _, _ = strings.Cut(rest, ends)
	return before + e.from, statement, rest[len(statement):]
}

// files returns the edited texts of the mutant's files, by file.
func (m mutant) files(t *testing.T) map[string]string {
	t.Helper()
	files := make(map[string]string)
	for _, e := range m.edits {
		text, ok := files[e.file]
		if !ok {
			text = read(t, e.file)
		}
		files[e.file] = e.numbered(t, text).apply(t, text)
	}
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	return string(text)
}

func TestEachMutantStillFitsTheCode(t *testing.T) {
	t.Parallel()
	for _, m := range all() {
		require.NotEmpty(t, m.files(t), m.write)
		require.Regexp(t, `^\^Test\w+\$(/\^.+\$)?$`, m.test)
		require.DirExists(t, filepath.Join(root, m.dir))
	}
}

var (
	rowOfTable  = regexp.MustCompile(`(?m)^//\t(\S.*?)  +(\S.*)$`)
	moreOfTable = regexp.MustCompile(`(?m)\n//\t +(\S.*)$`)
)

// fences returns the rows of the tables in the doc.go of the store and of its
// rooms: the fence of each write.
func fences(t *testing.T) map[string]string {
	t.Helper()
	docs, err := filepath.Glob(filepath.Join(root, store, "*", "doc.go"))
	require.NoError(t, err)
	rows := make(map[string]string)
	for _, doc := range append(docs, filepath.Join(root, store, "doc.go")) {
		text, err := os.ReadFile(doc)
		require.NoError(t, err)
		_, table, _ := strings.Cut(string(text), "# What fences each write")
		for _, row := range rowOfTable.FindAllStringSubmatch(moreOfTable.ReplaceAllString(table, " $1"), -1) {
			require.NotContains(t, rows, row[1], "two rows")
			if row[1] != "write" {
				rows[row[1]] = row[2]
			}
		}
	}
	require.Greater(t, len(rows), 25, "few rows found: the table was not parsed")
	return rows
}

// A fence without a test would soon be lost. A write without a fence says why.
func TestEachFenceHasAMutant(t *testing.T) {
	t.Parallel()
	rows := fences(t)
	mutated := make(map[string]bool)
	for _, m := range fenceless() {
		mutated[m.write] = true
		require.Contains(t, rows, m.write, "no row of a doc.go")
		require.False(t, strings.HasPrefix(rows[m.write], "none"), m.write)
	}
	for write, fence := range rows {
		if strings.HasPrefix(fence, "none") {
			require.Regexp(t, "^none: .{15,}", fence, write)
			continue
		}
		require.True(t, mutated[write], "%s: no mutant removes its fence", write)
	}
}
