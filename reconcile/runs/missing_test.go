package runs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestMarkMissing(t *testing.T) {
	t.Parallel()
	plan := runs.MarkMissing(today, []runs.Missed{
		{Code: "FA004", Type: profile.Pharmacy, Undone: true},
		{Code: "FA003", Type: profile.Pharmacy, Since: today.AddDays(-1)},
		{Code: "FA002", Type: profile.Pharmacy, Since: today},
		{Code: "FA001", Type: profile.Pharmacy},
	})
	mark := runs.Change{
		Code: "FA001", Type: profile.Pharmacy, Verb: runs.Missing, New: today.String(), Reason: runs.BecauseUpstream,
	}
	again := mark
	again.Code, again.Undone = "FA004", true
	require.Equal(t, []runs.Change{mark, again}, plan.Changes, "a mark each, never a closure")
	require.Equal(t, []runs.Outcome{
		{Code: "FA001"}, {Code: "FA002"}, {Code: "FA003", Flag: runs.StillAbsent}, {Code: "FA004"},
	}, plan.Outcomes, "the same day twice is one listing")
	require.Equal(t, runs.Plan{}, runs.MarkMissing(today, nil))
}

func rename(code profile.ODSCode, old, now string) runs.Change {
	return runs.Change{
		Code: code, Type: profile.Pharmacy, Verb: runs.Update, Field: profile.FieldName, Old: old, New: now,
		Reason: runs.BecauseUpstream,
	}
}
