package servicestore_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

func (w *world) waits() int {
	w.Helper()
	waiting, err := w.runStore.Waiting(w.Context(), runs.Selection{})
	require.NoError(w, err)
	require.Len(w, waiting, pgtest.One[int](w.Database, "select coalesce(sum(waiting), 0) from run"), "what runs count")
	return len(waiting)
}

// Services that wait to be marked missing are found by a pull that is undone:
// they wait again, until e-RS says once more that they are there.
func TestUndoOfAPullGivesBackWhatWaited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 10)
	w.pulls(1)
	all := maps.Clone(w.ers.services)
	fewer := maps.Clone(all)
	for n := range 5 {
		delete(fewer, serviceID(0, n))
	}
	w.ers.services = fewer
	held := w.pulls(2)
	require.Equal(t, 5, w.waits())

	w.ers.services = all
	found := w.pulls(3)
	require.Equal(t, 5, found.Withdrawn)
	require.Equal(t, 5, w.decides(runs.RunUndo, found).Waiting)
	require.Equal(t, 5, w.waits())
	approved := w.decides(runs.RunApprove, held)
	require.Zero(t, approved.Fields["ers-services"], "e-RS does not say so now")
	require.Len(t, w.shows(0), 10)
	require.Equal(t, 5, w.waits())
	require.Equal(t, 5, w.pulls(4).Withdrawn, "it says that they are there, as before")
	require.Zero(t, w.waits())
	require.Zero(t, w.pulls(5).Withdrawn)
}

// What waits of a pull that is undone waits no longer. It is proposed again, and
// withheld, however little is left of it.
func TestUndoOfAPullEndsWhatItWithheld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 10)
	w.pulls(1)
	all := w.ers.services
	missing := func(n int) map[services.ID]services.Service {
		fewer := maps.Clone(all)
		for i := range n {
			delete(fewer, serviceID(0, i))
		}
		return fewer
	}
	w.ers.services = missing(5)
	held := w.pulls(2)
	undone := w.decides(runs.RunUndo, held)
	require.Zero(t, w.waits())
	require.Equal(t, 5, pgtest.One[int](w.Database, "select count(*) from mark where verdict = 'undone' and value = 'missing'"))
	require.Equal(t, 5, w.decides(runs.RunUndo, undone).Waiting, "the undo is undone")
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from mark"))
	w.decides(runs.RunUndo, held)
	require.Zero(t, w.waits())

	w.ers.services = missing(1)
	again := w.pulls(3)
	require.Equal(t, []runs.Withheld{{Reason: runs.WasUndone, Type: "trust-site", Field: "ers-services", Count: 1, Of: 20}}, again.Withheld)
	require.Equal(t, "active (missing)", w.state(serviceID(0, 0)))
	w.decides(runs.RunApprove, again)
	require.Equal(t, "missing", w.state(serviceID(0, 0)))
	require.Zero(t, w.waits())
}
