package jobs

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/jobs/pushjobs"
	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func london(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, profile.London())
	require.NoError(t, err)
	return at
}

func TestNothingIsDueWhileClocksChange(t *testing.T) {
	t.Parallel()
	for expression, ok := range map[string]bool{
		"30 4 * * *": true, "0 2 * * *": true, "29 0 * * *": true, "*/5 4 * * *": true,
		"30 0 * * *": false, "0 1 * * *": false, "59 1 * * *": false, "*/30 * * * *": false, "nonsense": false,
	} {
		_, err := At(expression)
		require.Equal(t, ok, err == nil, "%s: %v", expression, err)
	}
}

func TestASchedulePassesClockChangesOnceADay(t *testing.T) {
	t.Parallel()
	when, err := At("0 5 * * *")
	require.NoError(t, err)
	s := Schedule{When: when, Missed: EveryOne}
	for _, change := range []string{"2026-03-27 12:00", "2026-10-23 12:00"} {
		from := london(t, change)
		due := s.due(from, from.AddDate(0, 0, 4))
		require.Len(t, due, 4)
		for _, at := range due {
			require.Equal(t, "05:00", at.In(profile.London()).Format("15:04"))
		}
	}
}

// scheduling is a database with a ledger and a client that queues jobs.
type scheduling struct {
	store  testStore
	client *queue.Client
	conn   *pgx.Conn
}

func newScheduling(t *testing.T) scheduling {
	t.Helper()
	address := pgtest.URL(t)
	pool, err := postgres.RiverPool(t.Context(), address, postgres.NewProcess())
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	client, err := queue.NewClient(riverpgxv5.New(pool), postgres.RiverSchema)
	require.NoError(t, err)
	return scheduling{store: newTestStore(pgtest.OpenURL(t, address)), client: client, conn: pgtest.Connect(t, address)}
}

func (x scheduling) tick(t *testing.T, s Schedule, now time.Time) {
	t.Helper()
	require.NoError(t, x.store.WithLedger(t.Context(), func(l Ledger) error {
		return s.enqueueDue(t.Context(), x.client, l, now)
	}))
}

func (x scheduling) count(t *testing.T, query string) (n int) {
	t.Helper()
	require.NoError(t, x.conn.QueryRow(t.Context(), query).Scan(&n))
	return n
}

func TestTheLedgerCatchesUp(t *testing.T) {
	t.Parallel()
	when, err := At("0 5 * * *")
	require.NoError(t, err)
	for name, test := range map[string]struct {
		missed Missed
		want   int
	}{"newest only": {NewestOnly, 1}, "every one": {EveryOne, 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newScheduling(t)
			s := Schedule{Name: "daily", When: when, Missed: test.missed, Jobs: []river.JobArgs{Tick{}}}
			first := london(t, "2026-11-02 09:00")
			x.tick(t, s, first)
			require.Zero(t, x.count(t, "select count(*) from river.river_job"), "a new schedule starts now")
			x.tick(t, s, first.AddDate(0, 0, 3))
			require.Equal(t, test.want, x.count(t, "select count(*) from schedule_run where job_id is not null"))
			x.tick(t, s, first.AddDate(0, 0, 3).Add(time.Minute))
			require.Equal(t, test.want, x.count(t, "select count(*) from schedule_run where job_id is not null"),
				"a second tick queues nothing")
		})
	}
}

func TestARunWithoutAWorkerIsTakenOverOnce(t *testing.T) {
	t.Parallel()
	x := newScheduling(t)
	run := runs.Run{
		Kind: runs.RunListing, Source: profile.SourceODS, Report: "etr", Actor: "test", AsOf: profile.NewDate(2026, 4, 9),
	}
	id, err := x.store.CreateRun(t.Context(), run, nil)
	require.NoError(t, err)

	session, err := x.store.LockOrganisations(t.Context())
	require.NoError(t, err)
	_, err = session.Start(t.Context(), id)
	require.NoError(t, err)
	require.NoError(t, takeOver(t.Context(), x.client, x.store))
	require.Zero(t, x.count(t, "select count(*) from river.river_job"), "a process is working it")

	session.Close()
	require.NoError(t, takeOver(t.Context(), x.client, x.store))
	require.NoError(t, takeOver(t.Context(), x.client, x.store))
	require.Equal(t, 1, x.count(t, "select count(*) from river.river_job"))
}

func TestARunWithItsOwnJobIsLeftToIt(t *testing.T) {
	t.Parallel()
	x := newScheduling(t)
	run := runs.Run{
		Kind: runs.RunListing, Source: profile.SourceODS, Report: "etr", Actor: "test", AsOf: profile.NewDate(2026, 4, 9),
	}
	_, err := x.store.CreateRun(t.Context(), run, runjobs.Queue(x.client, run.Source))
	require.NoError(t, err)
	require.NoError(t, takeOver(t.Context(), x.client, x.store))
	require.Equal(t, 1, x.count(t, "select count(*) from river.river_job"))
}

// The transaction that queued what was due was committed, but the reply was
// lost: the next tick finds it done.
func TestALostAnswerToTheLedgerQueuesNothingTwice(t *testing.T) {
	t.Parallel()
	x := newScheduling(t)
	when, err := At("0 5 * * *")
	require.NoError(t, err)
	s := Schedule{Name: "daily", When: when, Missed: EveryOne, Jobs: []river.JobArgs{pushjobs.PushDoS{Code: "FA001"}}}
	first := london(t, "2026-11-02 09:00")
	x.tick(t, s, first)
	line := pgproxy.New(t, x.conn.Config().ConnString())
	x.store = newTestStore(pgtest.OpenURL(t, line.URL()))
	lost := line.SwallowCommitAfter("InsertScheduleRun", 1)
	walk := func() error {
		return x.store.WithLedger(t.Context(), func(l Ledger) error {
			return s.enqueueDue(t.Context(), x.client, l, first.AddDate(0, 0, 3))
		})
	}
	require.Error(t, walk())
	require.Equal(t, 1, lost.Happened())
	require.NoError(t, walk())
	require.Equal(t, 3, x.count(t, "select count(*) from schedule_run where job_id is not null"))
	require.Equal(t, 3, x.count(t, "select count(*) from river.river_job"))
}

func TestTheLongestInterval(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC)
	for expression, want := range map[string]time.Duration{
		"30 4 * * *": 24 * time.Hour, "*/5 3-23 * * *": 3*time.Hour + 5*time.Minute, "0 9 * * 1-5": 72 * time.Hour,
	} {
		when, err := At(expression)
		require.NoError(t, err)
		require.Equal(t, want, Schedule{When: when}.Longest(from), expression)
	}
}
