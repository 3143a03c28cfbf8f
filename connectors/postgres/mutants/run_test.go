//go:build mutants

package mutants

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"
)

// limit is how long a mutant's test may take. A test that times out proves
// nothing.
const limit = "2m"

// brokenSQL matches the errors of Postgres and pgx for a statement that an edit
// made invalid: then a failing test proves nothing.
var brokenSQL = regexp.MustCompile(`SQLSTATE 42|mismatched param|expected \d+ arguments`)

// assertion matches where a test failed, and why.
var assertion = regexp.MustCompile(`(?s)Error Trace:\s+\S*/(\S+)\s.*?Error:\s+(.*?)\n`)

// early is the message of a test of lost answers that fails before an answer is
// lost.
const early = "no answer is lost yet"

// TestMutants requires every test to pass with the unchanged code, and to fail
// without the fence it guards, or with the fault that it must notice.
//
//nolint:paralleltest // one after the other: each compiles a package, and times out by itself
func TestMutants(t *testing.T) {
	tests := binaries{built: make(map[string]string), passed: make(map[string]bool), temp: t.TempDir()}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nwrite\tfence gone, or fault\ttest\t\tseconds")
	mutants := all()
	for i, m := range mutants {
		t.Run(m.name(), func(t *testing.T) {
			color, began := "BROKEN", time.Now()
			defer func() {
				took := time.Since(began).Seconds()
				fmt.Fprintf(os.Stdout, "%d of %d: %s: %s\n", i+1, len(mutants), t.Name(), color)
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.1f\n", m.write, m.gone, m.named(), color, took)
			}()
			sound := tests.sound(t, m)
			tests.requireGreen(t, m, sound)
			binary := sound
			if !m.switched() {
				binary = build(t, m.dir, m.files(t), t.TempDir())
			}
			output, err := run(t, m, binary, m.name())
			if err == nil {
				color = "GREEN"
			}
			require.Error(t, err, "%s passes nevertheless", m.test)
			requireFailed(t, output)
			color = "red"
		})
	}
	require.NoError(t, table.Flush())
}

// binaries are the tests of the packages, each compiled once.
type binaries struct {
	built  map[string]string
	passed map[string]bool // the tests that passed with the unchanged code, each once
	temp   string
}

// sound returns the binary with the test of a mutant. It has the unchanged code, and
// the breaks of the package's statements, each of which the environment switches on.
func (b binaries) sound(t *testing.T, m mutant) string {
	t.Helper()
	if b.built[m.dir] == "" {
		b.built[m.dir] = build(t, m.dir, switchedFiles(t, m.dir), filepath.Join(b.temp, strings.ReplaceAll(m.dir, "/", "_")))
	}
	return b.built[m.dir]
}

// requireGreen requires the test of a mutant to pass with the unchanged code.
func (b binaries) requireGreen(t *testing.T, m mutant, sound string) {
	t.Helper()
	if b.passed[m.dir+m.test] {
		return
	}
	output, err := run(t, m, sound, "")
	require.NoError(t, err, "%s, with the unchanged code: %s", m.test, output)
	require.Contains(t, output, "--- PASS: "+m.named()+" ", "no such test")
	b.passed[m.dir+m.test] = true
}

// requireFailed requires that a test failed at an assertion.
func requireFailed(t *testing.T, output string) {
	t.Helper()
	require.NotContains(t, output, "panic: test timed out")
	require.NotRegexp(t, brokenSQL, output)
	require.NotContains(t, output, early)
	why := assertion.FindStringSubmatch(output)
	require.NotEmpty(t, why, "no assertion failed: %s", output)
	t.Log(why[1], why[2])
}

// name says what it is, and what is wrong with it.
func (m mutant) name() string { return m.write + ": " + m.gone }

// named is the test as go test names it.
func (m mutant) named() string { return strings.NewReplacer("^", "", "$", "").Replace(m.test) }

// build compiles the tests of a package with the given texts instead of its
// files, into a folder.
func build(t *testing.T, dir string, files map[string]string, temp string) (binary string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(temp, 0o700))
	top, err := filepath.Abs(root)
	require.NoError(t, err)
	replace := make(map[string]string, len(files))
	for file, text := range files {
		changed := filepath.Join(temp, strings.ReplaceAll(file, "/", "_"))
		require.NoError(t, os.WriteFile(changed, []byte(text), 0o600))
		replace[filepath.Join(top, file)] = changed
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	named := filepath.Join(temp, "overlay.json")
	require.NoError(t, os.WriteFile(named, overlay, 0o600))
	binary = filepath.Join(temp, "test")
	compile := exec.CommandContext(t.Context(), "go", "test", "-c", "-ldflags=-s -w", "-overlay", named, "-o", binary, "./"+dir)
	compile.Dir = root
	output, err := compile.CombinedOutput()
	require.NoError(t, err, "it does not compile: %s", output)
	return binary
}

// run runs the test of a mutant. A binary with many breaks has the one of that
// name.
func run(t *testing.T, m mutant, binary, broken string) (output string, err error) {
	t.Helper()
	test := exec.CommandContext(t.Context(), binary, "-test.v", "-test.run", m.test, "-test.timeout", limit)
	test.Dir = filepath.Join(root, m.dir)
	test.Env = append(os.Environ(), brokenStatement+"="+broken)
	combined, err := test.CombinedOutput()
	return string(combined), err
}
