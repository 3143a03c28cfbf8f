package reconcile_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile"
)

func TestRunStateEnded(t *testing.T) {
	t.Parallel()
	for state, want := range map[reconcile.RunState]bool{
		reconcile.RunQueued: false, reconcile.RunRunning: false, reconcile.RunDone: true,
		reconcile.RunWithheld: true, reconcile.RunRefused: true, reconcile.RunFailed: true,
	} {
		require.Equal(t, want, state.Ended(), string(state))
	}
}

// Every key of the JSON object, and never a null (RULES.md "The JSON object").
func TestSummaryContract(t *testing.T) {
	t.Parallel()
	run := reconcile.Run{Source: reconcile.SourceODS, Report: "edispensary", AsOf: today, State: reconcile.RunQueued}
	got, err := json.Marshal(reconcile.NewSummary(run))
	require.NoError(t, err)
	const want = `{"run":"","digest":"","source":"ods","report":"edispensary","as_of":"2026-03-31","state":"queued",` +
		`"records":0,"rejected":0,"population":0,"changes":{"create":0,"update":0,"close":0,"reopen":0,"dormant":0},"fields":{},` +
		`"withheld":[],"pending_close":0,"contradictions":0,"elapsed_ms":0}`
	require.Equal(t, want, string(got)) //nolint:testifylint // the order of keys is part of it
	run.ID = 42
	require.Equal(t, "42", reconcile.NewSummary(run).Run)
}

func TestWithheldContract(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(reconcile.Withheld{
		Reason: reconcile.MassChange, Type: reconcile.Trust, Field: reconcile.FieldICB.String(), Count: 55, Of: 205,
	})
	require.NoError(t, err)
	const want = `{"reason":"mass-change","type":"trust","field":"icb","count":55,"of":205}`
	require.Equal(t, want, string(got)) //nolint:testifylint // as above
}

func TestSummaryShort(t *testing.T) {
	t.Parallel()
	summary := reconcile.Summary{Withheld: []reconcile.Withheld{{Reason: reconcile.MassChange}}}
	require.False(t, summary.Short())
	summary.Withheld = append(summary.Withheld, reconcile.Withheld{Reason: reconcile.ShortListing})
	require.True(t, summary.Short())
}
