// Package mutants takes fences out of the code, one at a time and whole, and
// wants the test that guards each to go red: `make mutants`. What stands here is
// the table; that it still fits the code is checked with the other tests.
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
	gone  string // what is taken out
	edits []edit // all layers of it
	dir   string // of the package whose test goes red
	test  string // pattern for -run
}

// edit puts a text in the place of another in a file, wherever it stands there.
type edit struct {
	file      string // from the root
	find, put string
	times     int // how often it stands there; 0 for once
}

const (
	root    = "../../.."
	store   = "connectors/postgres/"
	sql     = store + "dbsql/"
	people7 = store + "migrations/00007_people.sql"
)

// all are the mutants that `make mutants` tries.
func all() []mutant { return slices.Concat(pushMutants, runMutants, peopleMutants) }

// apply returns the file with the edit made, or why it cannot be.
func (e edit) apply(t *testing.T, text string) string {
	t.Helper()
	require.NotEqual(t, e.find, e.put)
	require.Equal(t, max(e.times, 1), strings.Count(text, e.find), "how often %q stands in %s", e.find, e.file)
	return strings.ReplaceAll(text, e.find, e.put)
}

// files are the files of the mutant, as they are to be.
func (m mutant) files(t *testing.T) map[string]string {
	t.Helper()
	files := make(map[string]string)
	for _, e := range m.edits {
		text, ok := files[e.file]
		if !ok {
			text = read(t, e.file)
		}
		files[e.file] = e.apply(t, text)
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

// fences are the rows of the tables in the store's doc.go and its rooms': each
// write, and what fences it.
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
	require.Greater(t, len(rows), 25, "the table is not read")
	return rows
}

// A fence that no test would miss is no fence for long; and what has none says why.
func TestEachFenceHasAMutant(t *testing.T) {
	t.Parallel()
	rows := fences(t)
	mutated := make(map[string]bool)
	for _, m := range all() {
		mutated[m.write] = true
		require.Contains(t, rows, m.write, "no row of a doc.go")
		require.False(t, strings.HasPrefix(rows[m.write], "none"), m.write)
	}
	for write, fence := range rows {
		if strings.HasPrefix(fence, "none") {
			require.Regexp(t, "^none: .{15,}", fence, write)
			continue
		}
		require.True(t, mutated[write], "%s: what fences it is not taken out", write)
	}
}
