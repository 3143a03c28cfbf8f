package runstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func (w *world) watched() watchstore.Watched {
	w.Helper()
	watched, err := watchstore.New(w.DB).Watch(w.Context())
	require.NoError(w, err)
	return watched
}

func TestWatchedProfilesAndRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(2, pharmacies(20))
	w.listing(3, with(pharmacies(20), 1, ended))
	w.listing(5, with(pharmacies(20), 1, ended))
	require.Equal(t, []watchstore.OpenProfiles{{Type: profile.Pharmacy, Profiles: 19}}, w.watched().Profiles)
	require.Empty(t, w.watched().Runs)
	w.begin(runs.Run{Kind: runs.RunListing, AsOf: day(6)}, nil)
	w.begin(runs.Run{Kind: runs.RunListing, AsOf: day(6)}, nil)
	require.Equal(t, []watchstore.OpenRuns{{Source: profile.SourceODS, State: runs.RunQueued, Runs: 2}}, w.watched().Runs)
}

// requireWaiting requires n rows withheld as a mass change, and nothing else.
func (w *world) requireWaiting(rows int) {
	w.Helper()
	want := []watchstore.WithheldWaiting{{Source: profile.SourceODS, Report: reportName, Reason: runs.MassChange, Rows: rows}}
	if rows == 0 {
		want = nil
	}
	require.Equal(w, want, w.watched().Withheld)
}

func TestWatchedWithheldIsWhatAwaitsAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := pharmacies(100)
	w.listing(2, all)
	w.requireWaiting(0)
	mass := w.listing(3, with(all, 30, renamed))
	w.requireWaiting(30)
	w.listing(4, with(all, 30, renamed))
	w.requireWaiting(30) // nothing new

	other := with(all[50:], 25, renamed)
	delta := w.work(w.begin(runs.Run{Kind: runs.RunDelta, AsOf: day(5)}, other))
	require.Equal(t, runs.RunWithheld, delta.State)
	w.requireWaiting(55) // beside the listing's
	w.work(w.begin(runs.Run{Kind: runs.RunDelta, AsOf: day(6)}, other))
	w.requireWaiting(55) // withheld twice, waits once

	w.child(runs.RunApprove, mass)
	w.requireWaiting(25)
	w.listing(7, with(all, 30, renamed))
	w.requireWaiting(0) // a listing without the change
}

func TestWatchedWithheldForgetsWhatWasRejected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(2, pharmacies(100))
	withheld := w.listing(3, with(pharmacies(100), 30, renamed))
	_, err := w.store.Reject(t.Context(), idOf(withheld), runs.Selection{}, "tester", "")
	require.NoError(t, err)
	w.requireWaiting(0)
}

func TestWatchedQuarantineIsWhatIsNotGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	requireRecords := func(n int) {
		t.Helper()
		want := []watchstore.QuarantineSize{{Source: profile.SourceODS, Report: reportName, Records: n}}
		require.Equal(t, want, w.watched().Quarantine)
	}
	bad := func(o *org) { o.Bad = true }
	all := pharmacies(300)
	w.listing(2, with(all, 3, bad))
	requireRecords(3)
	w.listing(3, with(all, 2, bad))
	requireRecords(2) // the third was understood
	require.Equal(t, runs.RunRefused, w.listing(4, with(all, 30, bad)).State)
	requireRecords(2)
	short := w.listing(4, all[100:200])
	requireRecords(2) // a short listing does not show which are gone
	w.child(runs.RunApprove, short)
	require.Empty(t, w.watched().Quarantine) // accepted after all
	w.listing(5, all)
	require.Empty(t, w.watched().Quarantine)
}
