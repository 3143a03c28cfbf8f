package runs_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestRunStateEnded(t *testing.T) {
	t.Parallel()
	for state, want := range map[runs.State]bool{
		runs.RunQueued: false, runs.RunRunning: false, runs.RunDone: true,
		runs.RunWithheld: true, runs.RunRefused: true, runs.RunFailed: true,
	} {
		require.Equal(t, want, state.Ended(), string(state))
	}
}

// Every key of the JSON object, and never a null (RULES.md "The JSON object").
func TestSummaryContract(t *testing.T) {
	t.Parallel()
	run := runs.Run{Source: profile.SourceODS, Report: "edispensary", AsOf: today, State: runs.RunQueued}
	got, err := json.Marshal(runs.NewSummary(run))
	require.NoError(t, err)
	const want = `{"run":"","digest":"","source":"ods","report":"edispensary","as_of":"2026-03-31","state":"queued",` +
		`"records":0,"rejected":0,"population":0,"changes":{"create":0,"update":0,"close":0,"reopen":0,"dormant":0},"fields":{},` +
		`"withheld":[],"pending_close":0,"contradictions":0,"elapsed_ms":0}`
	require.Equal(t, want, string(got)) //nolint:testifylint // the order of keys is part of it
	run.ID = 42
	require.Equal(t, "42", runs.NewSummary(run).Run)
}

func TestWithheldContract(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(runs.Withheld{
		Reason: runs.MassChange, Type: profile.Trust, Field: profile.FieldICB.String(), Count: 55, Of: 205,
	})
	require.NoError(t, err)
	const want = `{"reason":"mass-change","type":"trust","field":"icb","count":55,"of":205}`
	require.Equal(t, want, string(got)) //nolint:testifylint // as above
}

func TestSummaryShort(t *testing.T) {
	t.Parallel()
	summary := runs.Summary{Withheld: []runs.Withheld{{Reason: runs.MassChange}}}
	require.False(t, summary.Short())
	summary.Withheld = append(summary.Withheld, runs.Withheld{Reason: runs.ShortListing})
	require.True(t, summary.Short())
}
