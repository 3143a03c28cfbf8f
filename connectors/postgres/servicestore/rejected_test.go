package servicestore_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// A name that was rejected is shown once e-RS has said something else in between.
func TestARejectedServiceIsProposedAgainOnceERSHasSaidOtherwise(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 2)
	w.pulls(1)
	id, former := serviceID(0, 0), maps.Clone(w.ers.services)
	says := func(name, version string) {
		service := former[id]
		service.Name, service.Version = name, version
		w.ers.services[id] = service
	}
	says("Ward", "2")
	renamed := w.pulls(2)
	undone := w.decides(runs.RunUndo, renamed)
	require.Empty(t, undone.LeftOut)
	again := w.pulls(3)
	require.Len(t, again.Withheld, 1, "undone before")
	rejected, err := w.runStore.Reject(t.Context(), idOf(again), runs.Selection{}, "rita", "")
	require.NoError(t, err)
	require.Equal(t, 1, rejected)
	w.Exec("delete from mark where verdict = 'undone'")
	require.Equal(t, runs.ChangeCounts{}, w.pulls(4).Changes, "silent")

	says(former[id].Name, "3")
	require.Equal(t, runs.ChangeCounts{}, w.pulls(5).Changes, "as it is shown")
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from mark where lifted_in is null"))
	says("Ward", "4")
	require.Equal(t, 1, w.pulls(6).Changes.Update)
	require.Contains(t, w.shows(0), string(id)+" Ward")
	require.Equal(t, runs.ChangeCounts{}, w.pulls(7).Changes)
}
