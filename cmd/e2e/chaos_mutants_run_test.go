//go:build mutants

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"
)

// triesOfAMutant is how many rounds a mutant gets until one finds it.
const triesOfAMutant = 8

// TestChaosMutants wants a round to find each mutant: `make chaos MUTANTS=1`. That the
// unchanged program breaks nothing, TestChaos shows. PROFILESYNC_CHAOS_MUTANTS names those to try.
//
//nolint:paralleltest // one after the other: each is another program
func TestChaosMutants(t *testing.T) {
	size := chaosFromEnvironment(t)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "\ninvariant\tdefect\t\tseed\tseconds")
	whole := binary
	only := strings.Fields(os.Getenv("PROFILESYNC_CHAOS_MUTANTS"))
	for _, m := range chaosMutants {
		if len(only) > 0 && !slices.Contains(only, m.invariant) {
			continue
		}
		t.Run(m.invariant, func(t *testing.T) {
			began := time.Now()
			binary = m.build(t, whole)
			defer func() { binary = whole }()
			seed, found := m.isFound(t, size.seed)
			color := map[bool]string{true: "red", false: "GREEN"}[found]
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%.1f\n", m.invariant, m.defect, color, seed, time.Since(began).Seconds())
			require.True(t, found, "%d rounds with the defect, and no one finds it: %s", triesOfAMutant, m.defect)
		})
	}
	require.NoError(t, table.Flush())
}

// isFound plays rounds until one finds the invariant broken.
func (m chaosMutant) isFound(t *testing.T, seed uint64) (uint64, bool) {
	t.Helper()
	l := newLane(t)
	if m.seed > 0 {
		seed = m.seed
	}
	found := false
	for end := seed + triesOfAMutant; seed < end && !found; seed++ {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			c := l.newChaos(t, seed)
			c.play()
			found = c.broke(m.invariant)
			t.Logf("%s", strings.Join(c.broken, "\n"))
		})
	}
	return seed - 1, found
}

// build builds the program with the edited files instead of its own.
func (m chaosMutant) build(t *testing.T, whole string) (path string) {
	t.Helper()
	temp := t.TempDir()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	replace := map[string]string{}
	for file, text := range m.files(t) {
		edited := filepath.Join(temp, strings.ReplaceAll(file, "/", "_"))
		require.NoError(t, os.WriteFile(edited, []byte(text), 0o600))
		replace[filepath.Join(root, file)] = edited
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	named := filepath.Join(temp, "overlay.json")
	require.NoError(t, os.WriteFile(named, overlay, 0o600))
	path = whole + "-mutant"
	out, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", named, "-o", path, "../profilesync").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}
