package reconcile_test

import (
	"go/ast"
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// This file wants every package that starts goroutines to fail its tests where one is
// left: its TestMain is goleak's, or pgtest's, which asks goleak as well.

// testedBy names, for packages without tests of their own, the package whose tests run
// their goroutines.
var testedBy = map[string]string{
	"connectors/internal/parallel": "connectors/dos",
	"connectors/smtp/smtptest":     "connectors/smtp",
	"jobs/peoplejobs":              "connectors/postgres/peoplestore",
}

func TestLeftGoroutinesAreLookedFor(t *testing.T) {
	t.Parallel()
	all, err := readPackages(os.DirFS(".."))
	require.NoError(t, err)
	require.Empty(t, all.unwatched(testedBy), "give the package a TestMain with goleak.VerifyTestMain, or with pgtest.Main")
}

// unwatched lists the packages that start goroutines and do not look for those left, and
// what testedBy says in vain.
func (all packages) unwatched(testedBy map[string]string) (found []string) {
	for dir, p := range all {
		user, named := testedBy[dir]
		tested := slices.ContainsFunc(p.files, func(f goFile) bool { return f.isTest })
		switch {
		case !p.startsGoroutines():
		case named && tested:
			found = append(found, dir+": has tests now; take it out of testedBy")
		case !named && !p.looksForLeaks():
			found = append(found, dir+": starts goroutines, and does not look for those left")
		case named && (all[user] == nil || !all[user].looksForLeaks()):
			found = append(found, dir+": "+user+" does not look for goroutines left")
		}
	}
	for dir := range testedBy {
		if all[dir] == nil || !all[dir].startsGoroutines() {
			found = append(found, dir+": starts no goroutine; take it out of testedBy")
		}
	}
	slices.Sort(found)
	return found
}

// startsGoroutines reports whether code that is no test has a go statement, or gives a
// function to a method Go, as of sync.WaitGroup and errgroup.Group.
func (p *goPackage) startsGoroutines() bool {
	return p.has(false, func(node ast.Node) bool {
		if _, ok := node.(*ast.GoStmt); ok {
			return true
		}
		_, name := called(node)
		return name == "Go"
	})
}

// looksForLeaks reports whether the tests call one of the functions that do.
func (p *goPackage) looksForLeaks() bool {
	return p.has(true, func(node ast.Node) bool {
		of, name := called(node)
		return of == "goleak" && name == "VerifyTestMain" || of == "pgtest" && name == "Main"
	})
}

// has reports whether a node of the package's tests, or else of its code, is as wanted.
func (p *goPackage) has(inTests bool, wanted func(ast.Node) bool) (found bool) {
	for _, f := range p.files {
		if f.isTest == inTests {
			ast.Inspect(f.syntax, func(node ast.Node) bool {
				found = found || wanted(node)
				return !found
			})
		}
	}
	return found
}

// called is what a node calls, x.name; x is empty where it is more than a name.
func called(node ast.Node) (of, name string) {
	call, ok := node.(*ast.CallExpr)
	if !ok {
		return "", ""
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	if x, ok := selector.X.(*ast.Ident); ok {
		of = x.Name
	}
	return of, selector.Sel.Name
}

func TestUnwatchedPackagesAreReported(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte("package p\n" + text)} }
	all, err := readPackages(fstest.MapFS{
		"jobs/idle/a.go":           file("func x() {}"),
		"jobs/plain/a.go":          file("func x() { go x() }"),
		"jobs/group/a.go":          file("func x() { y.group.Go(x) }"),
		"jobs/group/a_test.go":     file("func y() { go y() }"),
		"jobs/goleak/a.go":         file("func x() { go x() }"),
		"jobs/goleak/main_test.go": file("func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }"),
		"jobs/pgtest/a.go":         file("func x() { go x() }"),
		"jobs/pgtest/main_test.go": file("func TestMain(m *testing.M) { pgtest.Main(m) }"),
		"jobs/used/a.go":           file("func x() { go x() }"),
		"jobs/lost/a.go":           file("func x() { go x() }"),
		"jobs/grown/a.go":          file("func x() { go x() }"),
		"jobs/grown/a_test.go":     file("func y() {}"),
	})
	require.NoError(t, err)
	require.Equal(t, []string{
		"jobs/group: starts goroutines, and does not look for those left",
		"jobs/grown: has tests now; take it out of testedBy",
		"jobs/idle: starts no goroutine; take it out of testedBy",
		"jobs/lost: jobs/plain does not look for goroutines left",
		"jobs/plain: starts goroutines, and does not look for those left",
	}, all.unwatched(map[string]string{
		"jobs/used": "jobs/pgtest", "jobs/lost": "jobs/plain", "jobs/grown": "jobs/pgtest", "jobs/idle": "jobs/pgtest",
	}))
}
