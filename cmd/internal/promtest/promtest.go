// Package promtest finds the programs of Prometheus, for tests.
package promtest

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Program returns the path of prometheus or promtool: from PATH, or from where `make
// deps-prometheus` puts them. Without it the test is skipped and says so; where
// PROFILESYNC_WANT_PROMETHEUS is set, as `make test` does once they are there, it fails.
func Program(tb testing.TB, name string) string {
	tb.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	path := filepath.Join(cmp.Or(os.Getenv("XDG_CACHE_HOME"), filepath.Join(os.Getenv("HOME"), ".cache")),
		"profilesync", "tools", "prometheus", name)
	if _, err := os.Stat(path); err == nil { //nolint:gosec // the variables are the tester's own
		return path
	}
	say := "NOT CHECKED by Prometheus: " + name + " is missing. make deps-prometheus installs it."
	if os.Getenv("PROFILESYNC_WANT_PROMETHEUS") != "" {
		tb.Fatal(say)
	}
	tb.Skip(say)
	return ""
}
