package runstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/runs"
)

// What was withdrawn, and then approved again, is used by the approval that stands.
func TestWhatWasWithdrawnIsNotUsed(t *testing.T) {
	t.Parallel()
	orgs := with(pharmacies(30), 14, renamed)
	r := rehearsed(t, orgs)
	r.ahead(runs.Selection{}, 2, 9)
	withdrawn, err := r.plans.Withdraw(t.Context(), r.plan, runs.Selection{}, "Bob")
	require.NoError(t, err)
	require.Equal(t, 14, withdrawn)
	r.ahead(runs.Selection{}, 2, 9)
	require.Equal(t, 14, r.count(r.run(5, orgs)))
	require.Equal(t, map[string]int{"withdrawn": 14, "used": 14}, r.states())
}

// Whoever rejects a value says nothing of another one that was approved ahead.
func TestRejectingAValueLeavesWhatWasApprovedOfAnother(t *testing.T) {
	t.Parallel()
	orgs := with(pharmacies(30), 14, renamed)
	r := rehearsed(t, orgs)
	r.ahead(runs.Selection{}, 5, 9)
	early := r.run(4, with(pharmacies(30), 14, func(o *org) { o.Name += " (OTHER)" }))
	rejected, err := r.store.Reject(t.Context(), idOf(early), runs.Selection{}, "Bob", "bob")
	require.NoError(t, err)
	require.Equal(t, 14, rejected)
	require.Equal(t, map[string]int{"open": 14}, r.states())
	require.Equal(t, 14, r.count(r.run(5, orgs)))
}
