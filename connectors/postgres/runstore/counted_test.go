package runstore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// The guard counts profiles: an address is one fact, of two fields.
func TestAnAddressThatMovesCountsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(30))
	run := w.listing(2, with(pharmacies(30), 6, func(o *org) { o.Address, o.Postcode = "9 NEW ROAD\nHULL", "HU1 1AA" }))
	require.Empty(t, run.Withheld, "6 of the 10 that are always allowed")
	require.Equal(t, 6, run.Changes.Update)
}

func TestTheUndoOfAMissingMarkTakesItsFlagBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(20))
	first := w.listing(2, pharmacies(20)[1:])
	w.listing(3, pharmacies(20)[1:])
	const state = "select concat_ws(' ', missing_since, nullif(flag, '')) from upstream_record where code = 'FA0000'"
	require.Equal(t, "2025-04-02 missing-twice", pgtest.One[string](w.Database, state))
	require.Equal(t, runs.RunDone, w.child(runs.RunUndo, first).State)
	require.Empty(t, pgtest.One[string](w.Database, state))
}

func TestTheSecondListingOfADayCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.look(1, pharmacies(20), true)
	w.look(1, pharmacies(21), true)
	require.Equal(t, "[2025-04-01 21]", w.accepted())
}

// What waits is kept, however old, and can still be decided on.
func TestPruningKeepsWhatWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(30))
	withheld := w.listing(2, with(pharmacies(30), 14, renamed))
	waiting := w.waits()
	require.Len(t, waiting, 14)
	require.NoError(t, w.store.Prune(t.Context(), time.Now().Add(time.Hour)))
	require.Equal(t, waiting, w.waits())
	require.Equal(t, 14, w.approve(withheld, runs.Selection{}).Changes.Update)
}
