//go:build mutants

package mutants

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// brokenStatement is the variable of the environment that names the break which a
// binary with many of them is to have.
const brokenStatement = "BROKEN_STATEMENT"

// switched is whether the mutant breaks a generated statement: those of a package
// are in one binary.
func (m mutant) switched() bool {
	last := m.edits[len(m.edits)-1]
	return last.from != "" && strings.HasSuffix(last.file, ".sql.go")
}

// choose is what a package with breaks chooses its statements by.
const choose = `package %s

import "os"

func sqlOrBroken(sound string, broken map[string]string) string {
	if text, ok := broken[os.Getenv("` + brokenStatement + `")]; ok {
		return text
	}
	return sound
}
`

// switchedFiles returns the texts of generated files with every break that a test
// of the package must notice, each behind a switch: to compile one after the other
// would take an hour.
func switchedFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	broken := make(map[edit]string) // the entries of the map of faults, by file and beginning of the statement
	for _, m := range all() {
		if !m.switched() || m.dir != dir {
			continue
		}
		e := m.edits[len(m.edits)-1]
		text := read(t, e.file)
		_, statement, _ := e.parts(t, e.numbered(t, text).apply(t, text))
		broken[edit{file: e.file, from: e.from}] += fmt.Sprintf("\t%q: `%s%s`,\n", m.name(), e.from, statement)
	}
	files := make(map[string]string)
	for e, faults := range broken {
		if files[e.file] == "" {
			files[e.file] = read(t, e.file)
		}
		declared := regexp.MustCompile("const (\\w+) = (`" + regexp.QuoteMeta(e.from) + "[^`]*`)")
		require.Len(t, declared.FindAllString(files[e.file], -1), 1, "%s %s", e.file, e.from)
		at := declared.FindStringSubmatchIndex(files[e.file])
		text := files[e.file]
		name, sound := text[at[2]:at[3]], text[at[4]:at[5]]
		files[e.file] = text[:at[0]] + "var " + name + " = sqlOrBroken(" + sound + ", map[string]string{\n" + faults + "})" + text[at[1]:]
		folder := path.Dir(e.file)
		files[folder+"/broken.go"] = fmt.Sprintf(choose, path.Base(folder))
	}
	return files
}
