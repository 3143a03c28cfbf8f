package reconcile_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// This file keeps files, functions and packages small. Generated code is exempt
// from all of it. Of tests only the names of imported packages are checked. A
// package that no binary contains supports tests, and may be of any size.

// Bounds of a package.
const (
	maxFiles = 25
	maxTotal = 2500 // lines
	maxTypes = 60   // exported
)

// maxLines is the longest a file may be.
const maxLines = 400

// The lines of a function run from its func to its last brace.
const (
	maxMeanInCore    = 10
	maxMeanElsewhere = 14
	maxFuncInCore    = 40
	maxFuncElsewhere = 50
)

// minTests is how many lines of tests the core has for each line of code. Blank
// lines and comments count for neither. It was 2 before there were cases: their kinds
// are tables, whose tests plant rows and are in connectors/postgres/casestore.
const minTests = 1.85

const core = "reconcile"

// exceptions are the breaches allowed for now, as TestEverythingIsSmall reports
// them up to the second colon. An exception that is no longer needed fails the
// test.
var exceptions = []string{}

func TestEverythingIsSmall(t *testing.T) {
	t.Parallel()
	tree, err := readPackages(os.DirFS(".."))
	require.NoError(t, err)
	require.Empty(t, judge(tree.breaches(), exceptions), "bounds: reconcile/bounds_test.go")
}

// breach is a figure that is out of its bound.
type breach struct{ where, what, figure string }

func (b breach) key() string { return b.where + ": " + b.what }

// judge lists the breaches that are not excepted, and the exceptions without a
// breach.
func judge(found []breach, excepted []string) (wrong []string) {
	unused := slices.Clone(excepted)
	for _, b := range found {
		if !slices.Contains(excepted, b.key()) {
			wrong = append(wrong, b.key()+": "+b.figure)
		}
		unused = slices.DeleteFunc(unused, func(key string) bool { return key == b.key() })
	}
	for _, key := range unused {
		wrong = append(wrong, key+": holds; take it out of the exceptions")
	}
	slices.Sort(wrong)
	return wrong
}

// goPackage is a folder of Go files.
type goPackage struct {
	dir, name string
	files     []goFile
}

type goFile struct {
	path                string
	isTest, isGenerated bool
	lines, code         int // code is without blank lines and comments
	syntax              *ast.File
	set                 *token.FileSet
}

// packages holds the packages of a tree by folder.
type packages map[string]*goPackage

// readPackages reads all Go files of the tree.
func readPackages(tree fs.FS) (packages, error) {
	all := packages{}
	err := walkGo(tree, func(name string, source []byte) error {
		set := token.NewFileSet()
		syntax, err := parser.ParseFile(set, name, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parsing %s: %w", name, err)
		}
		p := all.at(path.Dir(name))
		p.files = append(p.files, goFile{
			path: name, isTest: strings.HasSuffix(name, "_test.go"), isGenerated: ast.IsGenerated(syntax),
			lines: bytes.Count(source, []byte("\n")), code: len(codeLine.FindAll(source, -1)), syntax: syntax, set: set,
		})
		if !strings.HasSuffix(syntax.Name.Name, "_test") {
			p.name = syntax.Name.Name
		}
		return nil
	})
	return all, err
}

// codeLine is a line that is neither blank nor a comment.
var codeLine = regexp.MustCompile(`(?m)^[ \t]*([^/\s]|/[^/]).*$`)

// walkGo visits every Go file, except in testdata and in folders whose name
// begins with a dot.
func walkGo(tree fs.FS, visit func(name string, source []byte) error) error {
	return fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		return visit(name, source)
	})
}

func (all packages) at(dir string) *goPackage {
	if all[dir] == nil {
		all[dir] = &goPackage{dir: dir}
	}
	return all[dir]
}

// breaches returns all breaches in the tree.
func (all packages) breaches() (found []breach) {
	built := all.built()
	for dir, p := range all {
		if built[dir] {
			found = append(found, p.sizes()...)
		}
		for _, f := range p.files {
			found = append(found, all.sharedNames(f)...)
			if f.isHeld() && f.lines > maxLines {
				found = append(found, breach{f.path, "lines", atMost(f.lines, maxLines)})
			}
		}
	}
	found = append(found, all.functions()...)
	return append(found, all.tests()...)
}

// isHeld reports whether the bounds apply: people wrote the file, and it is not a
// test.
func (f goFile) isHeld() bool { return !f.isTest && !f.isGenerated }

func atMost[N int | float64](figure, bound N) string {
	return fmt.Sprintf("%v, at most %v", figure, bound)
}

// built returns the folders of the packages that binaries contain.
func (all packages) built() map[string]bool {
	built := map[string]bool{}
	var reach func(dir string)
	reach = func(dir string) {
		if built[dir] || all[dir] == nil {
			return
		}
		built[dir] = true
		for _, f := range all[dir].files {
			for _, imported := range f.imports() {
				if folder, ours := strings.CutPrefix(imported, module+"/"); ours && !f.isTest {
					reach(folder)
				}
			}
		}
	}
	for dir, p := range all {
		if p.name == "main" {
			reach(dir)
		}
	}
	return built
}

// imports returns the paths that a file imports.
func (f goFile) imports() (paths []string) {
	for _, spec := range f.syntax.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, `"`))
	}
	return paths
}

// sizes returns the breaches of a package's own bounds.
func (p *goPackage) sizes() (found []breach) {
	files, lines, types := 0, 0, 0
	for _, f := range p.files {
		if f.isHeld() {
			files, lines, types = files+1, lines+f.lines, types+f.exportedTypes()
		}
	}
	for _, size := range []struct {
		what          string
		figure, bound int
	}{{"files", files, maxFiles}, {"lines", lines, maxTotal}, {"exported types", types, maxTypes}} {
		if size.figure > size.bound {
			found = append(found, breach{p.dir, size.what, atMost(size.figure, size.bound)})
		}
	}
	return found
}

func (f goFile) exportedTypes() (n int) {
	for _, declared := range f.syntax.Decls {
		group, ok := declared.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			if named, ok := spec.(*ast.TypeSpec); ok && named.Name.IsExported() {
				n++
			}
		}
	}
	return n
}

// functions returns the breaches of the bounds of functions: of each function, and
// of the mean in each top-level folder.
func (all packages) functions() (found []breach) {
	count, sum := map[string]int{}, map[string]int{}
	for dir, p := range all {
		layer, _, _ := strings.Cut(dir, "/")
		for name, lines := range p.functions() {
			count[layer], sum[layer] = count[layer]+1, sum[layer]+lines
			if bound := bound(layer, maxFuncInCore, maxFuncElsewhere); lines > bound {
				found = append(found, breach{name, "lines", atMost(lines, bound)})
			}
		}
	}
	for layer, n := range count {
		mean, bound := float64(sum[layer])/float64(n), bound(layer, maxMeanInCore, maxMeanElsewhere)
		if mean > float64(bound) {
			found = append(found, breach{layer, "mean lines of a function", fmt.Sprintf("%.1f, at most %d", mean, bound)})
		}
	}
	return found
}

func bound(layer string, inCore, elsewhere int) int {
	if layer == core {
		return inCore
	}
	return elsewhere
}

// functions returns the number of lines of each function, by its file and name.
func (p *goPackage) functions() iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for _, f := range p.files {
			for _, declared := range f.syntax.Decls {
				function, ok := declared.(*ast.FuncDecl)
				if !ok || !f.isHeld() {
					continue
				}
				from, until := f.set.Position(function.Pos()).Line, f.set.Position(function.End()).Line
				if !yield(f.path+" "+function.Name.Name, until-from+1) {
					return
				}
			}
		}
	}
}

// tests returns the breach of the ratio of tests to code in the core. Code that
// supports tests counts as tests.
func (all packages) tests() []breach {
	code, tests := 0, 0
	for dir, p := range all {
		if !within(dir, core) {
			continue
		}
		for _, f := range p.files {
			if f.isTest || strings.HasSuffix(p.name, "test") {
				tests += f.code
			} else {
				code += f.code
			}
		}
	}
	ratio := float64(tests) / float64(code)
	if ratio >= minTests {
		return nil
	}
	return []breach{{core, "lines of tests to one of code", fmt.Sprintf("%.2f, at least %.2f", ratio, minTests)}}
}

// sharedNames returns the imports of a file that share a package name, even if the
// file renames them.
func (all packages) sharedNames(f goFile) (found []breach) {
	named := map[string][]string{}
	for _, imported := range f.imports() {
		name := all.nameOf(imported)
		named[name] = append(named[name], imported)
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if len(named[name]) > 1 {
			found = append(found, breach{f.path, "imports called " + name, strings.Join(named[name], ", ")})
		}
	}
	return found
}

var majorVersion = regexp.MustCompile(`/v[0-9]+$`)

// nameOf returns the name of a package; for one of another module, the last
// element of its path.
func (all packages) nameOf(imported string) string {
	if p := all[strings.TrimPrefix(imported, module+"/")]; p != nil {
		return p.name
	}
	return path.Base(majorVersion.ReplaceAllString(imported, ""))
}
