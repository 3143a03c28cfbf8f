package reconcile_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// This file keeps citations true. Documents beside the code hold the rules and
// what is known about the outside systems. Comments cite them by file and heading,
// on one line, so that a heading can be searched for:
//
//	CONTRACT.md "Limits"                  of the connector that the file is in
//	connectors/ers/CONTRACT.md "Limits"   of another one
//	reconcile/RULES.md "Guard"            RULES.md "Guard" within reconcile

// thisFile quotes citations that are wrong.
const thisFile = "reconcile/citations_test.go"

// cited are the documents that code must cite by heading.
var cited = []string{"CONTRACT.md", "RULES.md"}

var (
	document = regexp.MustCompile(`([\w./-]*\w\.md)\b(,?)(?: "([^"]+)")?`)
	// Our sections have names; those of an RFC have numbers.
	numbered = regexp.MustCompile(`(RFC \d+ )?\b[Ss]ections? ?\d[\d.]*`)
	wrapped  = regexp.MustCompile(`\n[ \t]*(//|--|#)[ \t]*`)
	// Real data is beside the checkout, and only the package that finds it may say
	// where.
	outsideTree = regexp.MustCompile(`\.\./shared|shared/data|"shared"`)
)

func TestCitationsAreTrue(t *testing.T) {
	t.Parallel()
	found, err := falseCitations(os.DirFS(".."))
	require.NoError(t, err)
	require.Empty(t, found, "how to cite: reconcile/citations_test.go")
}

// Every outside system has a simulator, and a document that describes it.
func TestEverySystemHasItsContract(t *testing.T) {
	t.Parallel()
	tree := os.DirFS("..")
	simulators, err := fs.Glob(tree, "connectors/*/*test/doc.go")
	require.NoError(t, err)
	systems := 0
	for _, simulator := range simulators {
		system := path.Dir(path.Dir(simulator))
		if path.Base(path.Dir(simulator)) != path.Base(system)+"test" {
			continue
		}
		systems++
		for _, heading := range []string{"What it is", "Limits", "What bites", "Confirmed by", "Assumptions"} {
			require.Contains(t, headings(tree, system+"/CONTRACT.md"), heading, system)
		}
	}
	require.Equal(t, 7, systems)
}

// falseCitations lists every citation of something that does not exist, sorted by
// file.
func falseCitations(tree fs.FS) (found []string, err error) {
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", ".local", "testdata", "node_modules"}, entry.Name()):
			return fs.SkipDir
		case entry.IsDir() || !citing(name):
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		for n, line := range strings.Split(string(text), "\n") {
			for _, wrong := range append(misquoted(tree, name, line), pointsOutside(name, line)...) {
				found = append(found, fmt.Sprintf("%s:%d: %s", name, n+1, wrong))
			}
		}
		found = append(found, byNumber(name, string(text))...)
		return err
	})
	slices.Sort(found)
	return found, err
}

// citing reports whether people wrote the file.
func citing(name string) bool {
	kinds := []string{".go", ".sql", ".md", ".yml", ".yaml", ".tmpl"}
	return name != thisFile && (slices.Contains(kinds, path.Ext(name)) || name == "Makefile" || name == ".ci/run")
}

// misquoted lists the documents cited in a line that do not exist or do not have
// the heading.
func misquoted(tree fs.FS, name, line string) (wrong []string) {
	for _, at := range document.FindAllStringSubmatchIndex(line, -1) {
		if at[0] > 0 && line[at[0]-1] == '[' {
			continue // the text of a link
		}
		mentioned, comma, heading := line[at[2]:at[3]], line[at[4]:at[5]], ""
		if at[6] >= 0 {
			heading = line[at[6]:at[7]]
		}
		file := nearest(tree, path.Dir(name), mentioned)
		byHeading := slices.Contains(cited, path.Base(mentioned)) && path.Ext(name) != ".md"
		switch {
		case path.Ext(name) == ".md" && heading == "" && slices.Contains(cited, mentioned):
			// a document mentions one that many folders have
		case file == "":
			wrong = append(wrong, mentioned+" is not in the tree")
		case byHeading && (heading == "" || comma != ""):
			wrong = append(wrong, fmt.Sprintf("want %s and a heading, as in %s \"Limits\"", mentioned, mentioned))
		case heading != "" && !slices.Contains(headings(tree, file), heading):
			wrong = append(wrong, fmt.Sprintf("%s has no heading %q", file, heading))
		}
	}
	return wrong
}

// nearest returns the file of that name in the folder, or in the closest folder
// above that has one; empty for none.
func nearest(tree fs.FS, folder, name string) string {
	for {
		file := path.Join(folder, name)
		if info, err := fs.Stat(tree, file); err == nil && !info.IsDir() {
			return file
		}
		if folder == "." {
			return ""
		}
		folder = path.Dir(folder)
	}
}

// headings returns the headings of a document, leaving out its code blocks.
func headings(tree fs.FS, name string) (found []string) {
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil
	}
	code := false
	for line := range strings.Lines(string(text)) {
		code = code != strings.HasPrefix(line, "```")
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && line[0] == '#' && !code {
			found = append(found, strings.TrimSpace(title))
		}
	}
	return found
}

// byNumber lists citations of numbered sections, which none of our documents has.
// A comment may wrap in the middle of one.
func byNumber(name, text string) (wrong []string) {
	for _, match := range numbered.FindAllStringSubmatch(wrapped.ReplaceAllString(text, " "), -1) {
		if match[1] == "" {
			wrong = append(wrong, name+": "+match[0]+": cite a heading")
		}
	}
	return wrong
}

func pointsOutside(name, line string) []string {
	if slices.Contains([]string{"Makefile", ".ci/run", "README.md"}, name) || path.Base(path.Dir(name)) == "realdata" {
		return nil
	}
	if found := outsideTree.FindString(line); found != "" {
		return []string{found + ": only realdata knows where real data stands"}
	}
	return nil
}

// citedTree returns a tree of documents with one file that cites them.
func citedTree(name, text string) fstest.MapFS {
	contract := []byte("# X\n\n```\n# code\n```\n\n## Limits\n\n## What bites\n")
	return fstest.MapFS{
		"README.md":                    {Data: []byte("# profilesync\n\n## Settings\n")},
		"reconcile/RULES.md":           {Data: []byte("# Rules\n\n## Guard\n")},
		"connectors/ods/CONTRACT.md":   {Data: contract},
		"connectors/ers/CONTRACT.md":   {Data: contract},
		"connectors/ods/odstest/ok.go": {Data: []byte("package odstest // CONTRACT.md \"Limits\"\n")},
		name:                           {Data: []byte(text)},
	}
}

func TestFalseCitationsAreReported(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ file, text, want string }{
		"heading":            {"connectors/ods/x.go", `// (CONTRACT.md "Limit")`, `:1: connectors/ods/CONTRACT.md has no heading "Limit"`},
		"heading of another": {"jobs/x.go", "// x\n// (reconcile/RULES.md \"Limits\")", `:2: reconcile/RULES.md has no heading "Limits"`},
		"code is no heading": {"connectors/ods/x.go", `// CONTRACT.md "code"`, `:1: connectors/ods/CONTRACT.md has no heading "code"`},
		"second of a line":   {"reconcile/x.go", `// RULES.md "Guard", RULES.md "Guards"`, `:1: reconcile/RULES.md has no heading "Guards"`},
		"SQL":                {"connectors/postgres/x.sql", `-- reconcile/RULES.md "Audit"`, `:1: reconcile/RULES.md has no heading "Audit"`},
		"document":           {"reconcile/x.md", `see RULES.md "Guardian"`, `:1: reconcile/RULES.md has no heading "Guardian"`},
		"README":             {"cmd/x.go", `// README.md, "Setting"`, `:1: README.md has no heading "Setting"`},
		"no file":            {"connectors/dos/x.go", `// CONTRACT.md "Limits"`, ":1: CONTRACT.md is not in the tree"},
		"no folder":          {"jobs/x.go", `// connectors/dns/CONTRACT.md "Limits"`, ":1: connectors/dns/CONTRACT.md is not in the tree"},
		"not beside":         {"jobs/x.go", `// RULES.md "Guard"`, ":1: RULES.md is not in the tree"},
		"no heading":         {"reconcile/x.go", "// RULES.md\n// \"Guard\"", `:1: want RULES.md and a heading, as in RULES.md "Limits"`},
		"with comma":         {"reconcile/x.go", `// RULES.md, "Guard"`, `:1: want RULES.md and a heading, as in RULES.md "Limits"`},
		"contracts":          {"connectors/ods/x.go", `// (contracts/ods.md)`, ":1: contracts/ods.md is not in the tree"},
		"runs":               {"cmd/x.go", `// runs.md, "Listings"`, ":1: runs.md is not in the tree"},
		"design":             {"reconcile/x_test.go", `// design.md, "Jobs"`, ":1: design.md is not in the tree"},
		"number":             {"connectors/ods/x.go", `// as in section 4.2.`, ": section 4.2.: cite a heading"},
		"wrapped number":     {"connectors/ods/x.go", "\t// (see sections\n\t// 3 and 9)", ": sections 3: cite a heading"},
		"workshop":           {"cmd/x.go", `// ../shared/cases`, ":1: ../shared: only realdata knows where real data stands"},
		"its folders":        {"cmd/x.go", `var _ = path.Join("..", "shared")`, `:1: "shared": only realdata knows where real data stands`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := falseCitations(citedTree(c.file, c.text))
			require.NoError(t, err)
			require.Equal(t, []string{c.file + c.want}, found)
		})
	}
}

func TestTrueCitationsAreNotReported(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"connectors/ods/x.go":       `// CONTRACT.md "Limits", CONTRACT.md "What bites", connectors/ers/CONTRACT.md "Limits"`,
		"connectors/smtp/x.go":      "// RFC 5321 section 4.5 and RFC 3463\n// section 3",
		"connectors/realdata/x.go":  `// ../shared/data`,
		"reconcile/x.go":            `// RULES.md "Guard": of each section, 2 % at most`,
		"cmd/x/x.go":                "// README.md, \"Settings\", and ../../README.md",
		"docs.md":                   `[RULES.md](reconcile/RULES.md), each CONTRACT.md`,
		".ci/run":                   `# ../shared/data`,
		"connectors/ods/testdata/x": `contracts/ods.md section 9`,
	} {
		found, err := falseCitations(citedTree(name, text))
		require.NoError(t, err)
		require.Empty(t, found, name)
	}
}
