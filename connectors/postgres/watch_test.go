package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func (w *world) watched() postgres.Watched {
	w.Helper()
	watched, err := w.store.Watch(w.Context())
	require.NoError(w, err)
	return watched
}

// neverRead is how things stand with people when nobody ever read the calendar.
func neverRead() postgres.WatchedPeople { return postgres.WatchedPeople{CalendarAge: -time.Second} }

func TestNothingToWatch(t *testing.T) {
	t.Parallel()
	watched, err := pgtest.Open(t).Watch(t.Context())
	require.NoError(t, err)
	require.Equal(t, postgres.Watched{People: neverRead()}, watched)
}

func TestWatchWantsAMigratedDatabase(t *testing.T) {
	t.Parallel()
	_, err := pgtest.OpenURL(t, pgtest.Empty(t)).Watch(t.Context())
	require.ErrorIs(t, err, postgres.ErrNotMigrated)
}

func TestWatchedQueuesHoldWhatIsNotFinished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`insert into river.river_job (queue, state, scheduled_at, finalized_at, kind, args, max_attempts)
		select queue, state::river.river_job_state, now() + wait::interval, finalized, 'tick', '{}', 1
		from (values
			('runs', 'available', '-90 s', null::timestamptz), ('runs', 'available', '-30 s', null), ('runs', 'available', '0 s', null),
			('runs', 'completed', '-1 day', now()), ('runs', 'discarded', '-1 day', now()), ('runs', 'cancelled', '-1 day', now()),
			('runs', 'running', '-5 s', null), ('control', 'scheduled', '1 hour', null), ('control', 'retryable', '1 min', null)
		) as job (queue, state, wait, finalized)`)
	oldest := map[string]time.Duration{}
	queues := w.watched().Queues
	for i := range queues {
		oldest[queues[i].State], queues[i].Oldest = queues[i].Oldest, 0
	}
	require.Equal(t, []postgres.QueueDepth{
		{Queue: "control", State: "retryable", Jobs: 1},
		{Queue: "control", State: "scheduled", Jobs: 1},
		{Queue: "runs", State: "available", Jobs: 3},
		{Queue: "runs", State: "running", Jobs: 1},
	}, queues)
	require.InDelta(t, 120, oldest["available"].Seconds(), 30, "90 seconds and what the test took")
	require.Negative(t, oldest["scheduled"])
}

func TestWatchedAgesAreThoseOfTheClock(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	now := time.Date(2025, time.July, 2, 12, 0, 0, 0, time.UTC)
	store, err := postgres.Open(t.Context(), url, postgres.Options{PlayedNow: now})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	db := pgtest.Connect(t, url)
	for _, sql := range []string{
		"insert into watermark (source, stream, until) values ('ods', 'changes', '2025-07-01'), ('ods', 'deletions', '2025-01-02')",
		"insert into listing (source, report, as_of, records, accepted_at) values ('ods', 'etr', '2025-06-01', 5, '2025-07-02T10:30:00Z')",
		`insert into schedule_run (name, due_at) values ('pull', '2025-07-02T11:00:00Z'), ('pull', '2025-07-02T11:59:30Z'),
			('report', '2025-07-01T12:00:00Z')`,
	} {
		_, err := db.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	watched, err := store.Watch(t.Context())
	require.NoError(t, err)
	require.Equal(t, postgres.Watched{
		People: neverRead(),
		Watermarks: []postgres.WatermarkAge{
			{Source: profile.SourceODS, Stream: "changes", Age: 37 * time.Hour}, // the day began at 23:00 UTC
			{Source: profile.SourceODS, Stream: "deletions", Age: (181*24 + 12) * time.Hour},
		},
		Listings: []postgres.ListingAge{{Source: profile.SourceODS, Report: "etr", Age: 90 * time.Minute}},
		Schedules: []postgres.ScheduleAge{
			{Name: "pull", Age: 30 * time.Second}, {Name: "report", Age: 24 * time.Hour},
		},
	}, watched)
}

func TestWatchedProfilesAndRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(2, pharmacies(20))
	w.listing(3, with(pharmacies(20), 1, ended))
	w.listing(5, with(pharmacies(20), 1, ended))
	require.Equal(t, []postgres.OpenProfiles{{Type: profile.Pharmacy, Profiles: 19}}, w.watched().Profiles)
	require.Empty(t, w.watched().Runs)
	w.begin(runs.Run{Kind: runs.RunListing, AsOf: day(6)}, nil)
	w.begin(runs.Run{Kind: runs.RunListing, AsOf: day(6)}, nil)
	require.Equal(t, []postgres.OpenRuns{{Source: profile.SourceODS, State: runs.RunQueued, Runs: 2}}, w.watched().Runs)
}

// requireWaiting wants so many rows withheld as a mass change, and nothing else.
func (w *world) requireWaiting(rows int) {
	w.Helper()
	want := []postgres.WithheldWaiting{{Source: profile.SourceODS, Report: reportName, Reason: runs.MassChange, Rows: rows}}
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
	w.listing(3, with(all, 30, renamed))
	w.requireWaiting(30)
	again := w.listing(4, with(all, 30, renamed))
	w.requireWaiting(30) // the newer listing says the same of the same profiles

	other := with(all[50:], 25, renamed)
	delta := w.work(w.begin(runs.Run{Kind: runs.RunDelta, AsOf: day(5)}, other))
	require.Equal(t, runs.RunWithheld, delta.State)
	w.requireWaiting(55) // beside the listing's
	w.work(w.begin(runs.Run{Kind: runs.RunDelta, AsOf: day(6)}, other))
	w.requireWaiting(55) // said twice, waits once

	w.child(runs.RunApprove, again)
	w.requireWaiting(25)
	w.listing(7, with(all, 30, renamed))
	w.requireWaiting(0) // a listing that says nothing of it any more
}

func TestWatchedWithheldForgetsWhatWasRejected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(2, pharmacies(100))
	withheld := w.listing(3, with(pharmacies(100), 30, renamed))
	_, err := w.store.Reject(t.Context(), idOf(withheld), "tester")
	require.NoError(t, err)
	w.requireWaiting(0)
}

func TestWatchedQuarantineIsWhatIsNotGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	requireRecords := func(n int) {
		t.Helper()
		want := []postgres.QuarantineSize{{Source: profile.SourceODS, Report: reportName, Records: n}}
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
	requireRecords(2) // short: it says nothing of what is gone
	w.child(runs.RunApprove, short)
	require.Empty(t, w.watched().Quarantine) // accepted after all
	w.listing(5, all)
	require.Empty(t, w.watched().Quarantine)
}
