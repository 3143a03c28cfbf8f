package watchstore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// neverRead is the state of people when the calendar was never read.
func neverRead() watchstore.WatchedPeople { return watchstore.WatchedPeople{CalendarAge: -time.Second} }

func TestNothingToWatch(t *testing.T) {
	t.Parallel()
	watched, err := watchstore.New(pgtest.New(t).DB).Watch(t.Context())
	require.NoError(t, err)
	require.Positive(t, watched.Database.Bytes)
	watched.Database = watchstore.DatabaseState{}
	require.Equal(t, watchstore.Watched{People: neverRead()}, watched)
}

func TestWatchWantsAMigratedDatabase(t *testing.T) {
	t.Parallel()
	_, err := watchstore.New(pgtest.OpenURL(t, pgtest.Empty(t))).Watch(t.Context())
	require.ErrorIs(t, err, postgres.ErrNotMigrated)
}

func TestWatchedQueuesHoldWhatIsNotFinished(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(`insert into river.river_job (queue, state, scheduled_at, finalized_at, kind, args, max_attempts)
		select queue, state::river.river_job_state, now() + wait::interval, finalized, 'tick', '{}', 1
		from (values
			('runs', 'available', '-90 s', null::timestamptz), ('runs', 'available', '-30 s', null), ('runs', 'available', '0 s', null),
			('runs', 'completed', '-1 day', now()), ('runs', 'discarded', '-1 day', now()), ('runs', 'cancelled', '-1 day', now()),
			('runs', 'running', '-5 s', null), ('control', 'scheduled', '1 hour', null), ('control', 'retryable', '1 min', null)
		) as job (queue, state, wait, finalized)`)
	found, err := watchstore.New(w.DB).Watch(t.Context())
	require.NoError(t, err)
	oldest := map[string]time.Duration{}
	queues := found.Queues
	for i := range queues {
		oldest[queues[i].State], queues[i].Oldest = queues[i].Oldest, 0
	}
	require.Equal(t, []watchstore.QueueDepth{
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
	watched, err := watchstore.New(store).Watch(t.Context())
	require.NoError(t, err)
	watched.Database = watchstore.DatabaseState{}
	require.Equal(t, watchstore.Watched{
		People: neverRead(),
		Watermarks: []watchstore.WatermarkAge{
			{Source: profile.SourceODS, Stream: "changes", Age: 37 * time.Hour}, // the day began at 23:00 UTC
			{Source: profile.SourceODS, Stream: "deletions", Age: (181*24 + 12) * time.Hour},
		},
		Listings: []watchstore.ListingAge{{Source: profile.SourceODS, Report: "etr", Age: (31*24 + 13) * time.Hour}},
		Schedules: []watchstore.ScheduleAge{
			{Name: "pull", Age: 30 * time.Second}, {Name: "report", Age: 24 * time.Hour},
		},
	}, watched)
}

func TestQueuedPushesThatNobodyWorksAreSeen(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec("insert into route (sink, route) values ('dos', 'fhir'), ('dos', 'change-event')")
	w.Exec("insert into profile (code, name, type) values ('A81001', 'A practice', 'gp-practice')")
	w.Exec(`insert into push (code, sink, route, state, job_id) values ('A81001', 'dos', 'fhir', 'wanted', 77)
		on conflict (code, sink) do update set (route, state, job_id, due_at) = ('fhir', 'wanted', 77, null)`)
	w.Exec(`insert into river.river_job (id, state, kind, queue, args, max_attempts, scheduled_at)
		overriding system value values (77, 'available', 'push_dos', 'dos', '{}', 5, now() - interval '5 minutes')`)
	progress, err := watchstore.New(w.DB).ForwardProgress(t.Context())
	require.NoError(t, err)
	require.Len(t, progress.Routes, 1, "none of the other route is queued")
	require.Equal(t, "fhir", progress.Routes[0].Route)
	require.GreaterOrEqual(t, progress.Routes[0].Due, 5*time.Minute)
}

// A check that failed says nothing of the sink: the one before it stays the newest, with its age and its alarm.
func TestDriftChecksThatFailDoNotCount(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(`insert into drift_check (sink, actor, whole, state, started_at, ended_at, missing, drifted)
		select sink, 'schedule', whole, state, now() - ago::interval, now() - ago::interval, n, n
		from (values
			('dos', true, 'done', '80 hours', 0), ('dos', true, 'alarm', '72 hours', 7),
			('dos', true, 'failed', '48 hours', 1), ('dos', true, 'failed', '24 hours', 1),
			('dos', false, 'done', '1 hour', 0),
			('website', true, 'failed', '72 hours', 1), ('website', true, 'failed', '24 hours', 1)
		) as c (sink, whole, state, ago, n)`)
	found, err := watchstore.New(w.DB).Watch(t.Context())
	require.NoError(t, err)
	for i := range found.Drift {
		found.Drift[i].Age = found.Drift[i].Age.Round(time.Hour)
	}
	require.Equal(t, []watchstore.DriftFoundLast{
		{Sink: push.SinkDoS, State: push.DriftAlarm, Missing: 7, Drifted: 7, NotVisible: map[string]int{}, Age: 72 * time.Hour},
		{Sink: push.SinkWebsite, State: push.DriftFailed, Age: 72 * time.Hour},
	}, found.Drift, "of the website none ever came to its end")
}

// Of DoS's two routes each has its own oldest push, and its own attempts: one does not hide the other.
func TestEachRouteIsWatchedByItself(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec("insert into route (sink, route) values ('dos', 'change-event'), ('dos', 'fhir')")
	w.Exec(`insert into profile (code, name, type) values ('FA001', 'A pharmacy', 'pharmacy'), ('FA002', 'Another', 'pharmacy'),
		('A81001', 'A practice', 'gp-practice')`)
	w.Exec(`insert into push (code, sink, route, state, wanted_at, due_at) values
		('FA001', 'dos', 'change-event', 'wanted', now() - interval '2 hours', now() - interval '1 hour'),
		('FA002', 'dos', 'change-event', 'wanted', now() - interval '1 hour', now() - interval '1 hour'),
		('A81001', 'dos', 'fhir', 'wanted', now() - interval '3 hours', now() - interval '2 hours')
		on conflict (code, sink) do update
		set (route, state, wanted_at, due_at) = (excluded.route, excluded.state, excluded.wanted_at, excluded.due_at)`)
	w.Exec(`insert into push_attempt (code, sink, sequence, at, took_ms, answer, status, reason)
		values ('A81001', 'dos', 1, now(), 1, 'later', 429, '')`)
	found, err := watchstore.New(w.DB).Watch(t.Context())
	require.NoError(t, err)
	for i := range found.Pushes {
		found.Pushes[i].Oldest = found.Pushes[i].Oldest.Round(time.Hour)
	}
	require.Equal(t, []watchstore.OpenPushes{
		{Sink: push.SinkDoS, Route: "change-event", State: push.Wanted, Pushes: 2, Oldest: 2 * time.Hour},
		{Sink: push.SinkDoS, Route: "fhir", State: push.Wanted, Pushes: 1, Oldest: 3 * time.Hour},
	}, found.Pushes)
	routes := found.Progress.Routes
	for i := range routes {
		routes[i].Due, routes[i].Tried = routes[i].Due.Round(time.Hour), routes[i].Tried.Round(5*time.Minute)
	}
	require.Equal(t, []watchstore.RouteProgress{
		{Sink: push.SinkDoS, Route: "change-event", Due: time.Hour, Tried: 10 * time.Minute},
		{Sink: push.SinkDoS, Route: "fhir", Due: 2 * time.Hour},
	}, routes)
}
