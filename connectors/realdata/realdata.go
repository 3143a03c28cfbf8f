// Package realdata finds the real data that tests read. None of it is in this tree:
// it is beside the checkout, or in the folder that PROFILESYNC_REAL_DATA names. The
// package is not an outside system, and yet not in connectors/internal, because the
// tests of cmd and of the core read real data too and may not import from there.
package realdata

import (
	"os"
	"path/filepath"
	"testing"
)

// Path returns the path of a real data file. The test is skipped only if there is no
// real data at all and its folder was not named; a single missing file fails it.
func Path(tb testing.TB, elements ...string) string {
	tb.Helper()
	root, named := os.LookupEnv("PROFILESYNC_REAL_DATA")
	if !named {
		root = beside(tb)
		if _, err := os.Stat(root); os.IsNotExist(err) {
			tb.Skip("no real data here; PROFILESYNC_REAL_DATA names its folder")
		}
	}
	path, err := filepath.Abs(filepath.Join(append([]string{root}, elements...)...))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		tb.Fatal("the folder of real data lacks a file:", err)
	}
	return path
}

// Read reads a file of the real data.
func Read(tb testing.TB, elements ...string) []byte {
	tb.Helper()
	content, err := os.ReadFile(Path(tb, elements...))
	if err != nil {
		tb.Fatal("real data:", err)
	}
	return content
}

// beside returns the folder shared/data beside the checkout that the test is run in.
func beside(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal("real data:", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return filepath.Join(at, "..", "shared", "data")
		}
		if at == filepath.Dir(at) {
			tb.Fatal("real data: no go.mod above", dir)
		}
	}
}
