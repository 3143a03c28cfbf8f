package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/connectors/postgres/local"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// build makes the real programs in a folder that the user of Postgres can enter.
func build(t *testing.T) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "simulator-") //nolint:usetesting // t.TempDir lets only its owner in
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", dir, "../../profilesync", "..").CombinedOutput()
	require.NoError(t, err, "%s", output)
	return dir
}

func TestTheDemonstrationPlaysTheWholeMainJob(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("needs Postgres")
	}
	dir := build(t)
	place := filepath.Join(dir, "demo")
	t.Cleanup(func() { // Postgres stops a moment after the last program that used it
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(t, local.Wait(ctx, filepath.Join(place, "postgres")))
	})
	for range 2 { // a second demonstration starts empty again
		shown := demonstrate(t, dir, place)
		require.Contains(t, shown, "every number as the register has it")
		sum := readSummary(t, place)
		requireStory(t, sum)
	}
}

// demonstrate runs the program with settings in its environment that it must
// ignore.
func demonstrate(t *testing.T, dir, place string) (shown string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "simulator"), "demo",
		"--profilesync", filepath.Join(dir, "profilesync"), "--dir", place, "--size", "1000")
	cmd.Env = append(os.Environ(), "PROFILESYNC_DATABASE_URL=postgres://nobody@127.0.0.1:1/production", "PROFILESYNC_MODE=production")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s\n%s", &stdout, &stderr)
	require.Empty(t, stderr.String())
	return stdout.String()
}

func readSummary(t *testing.T, place string) (sum summary) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(place, "summary.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &sum))
	return sum
}

func requireStory(t *testing.T, sum summary) {
	t.Helper()
	require.True(t, sum.OK)
	require.Less(t, sum.Seconds, 120.0, "while other tests run beside it")
	require.Len(t, sum.Steps, len(chapters()))
	totals := map[string]total{}
	for _, step := range sum.Steps {
		totals[step.Name] = totalOf(step.Runs)
	}
	recoded := totals["recode"].withheld
	require.Greater(t, recoded, outside.Trusts/10)
	require.Equal(t, runs.ChangeCounts{Update: recoded}, totals["approve"].changes)
	require.Equal(t, runs.ChangeCounts{Update: recoded}, totals["undo"].changes)
	require.Equal(t, recoded, totals["again"].withheld)
	require.Equal(t, runs.ChangeCounts{Update: 1}, totals["ask"].changes)
	require.Zero(t, totals["last"].changes)
	require.Zero(t, totals["last"].withheld+totals["last"].pending)
	require.Equal(t, map[string]int{"ers-services": 3}, sum.Steps[13].Runs[0].Fields)
	require.Equal(t, map[string]int{"ers-services": 1}, sum.Steps[14].Runs[0].Fields)
	requirePushes(t, sum)
	require.Equal(t, sum.Organisations, totals["first"].records)
	require.Greater(t, sum.Totals.Profiles, sum.Organisations/2)
}

// requirePushes checks that every profile was pushed to the website once, and
// those with a route to DoS, besides Cara's edit and the repairs.
func requirePushes(t *testing.T, sum summary) {
	t.Helper()
	pushed := map[string]outside.Tally{}
	for _, step := range sum.Steps {
		if step.Pushes != nil {
			pushed[step.Name] = *step.Pushes
		}
		if step.Name == "edit" {
			require.Less(t, step.Arrived, arrivesWithin.Seconds())
		}
	}
	require.GreaterOrEqual(t, pushed["push"].Website.Stored, sum.Totals.Profiles, "including the closed ones")
	require.Greater(t, pushed["push"].ToDoS(), sum.Totals.Profiles/5)
	require.Equal(t, outside.Tally{DoS: outside.DoSTally{Applied: 1}, Website: outside.WebsiteTally{Stored: 1}}, pushed["edit"])
	require.Equal(t, 3, pushed["drift"].Total())
	require.Equal(t, 3, sum.Totals.Drifted)
	require.Equal(t, 3, sum.Totals.Repaired)
	require.Positive(t, pushed["services"].Website.Stored)
	require.Equal(t, outside.Tally{Website: outside.WebsiteTally{Stored: 2}}, pushed["reshuffle"], "both sites")
	require.Equal(t, outside.Tally{Website: outside.WebsiteTally{Stored: 1}}, pushed["gone"])
	require.Greater(t, sum.Totals.Services, pushed["services"].Website.Stored)
}
