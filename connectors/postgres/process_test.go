package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/reconcile/push"
)

// working is a process that has announced itself and works jobs, as another
// process sees it.
type working struct {
	*pgtest.Database // the process's own

	announcement *postgres.Announcement
	another      *postgres.DB
}

func newWorking(t *testing.T) *working {
	t.Helper()
	db := pgtest.New(t)
	w := &working{Database: db, another: pgtest.OpenURL(t, db.URL)}
	require.Eventually(t, func() bool { // while the server was down no process could show that it was alive
		return pgtest.One[bool](db, "select pg_postmaster_start_time() < now() - interval '5 s'")
	}, 10*time.Second, 10*time.Millisecond)
	var err error
	w.announcement, err = w.DB.Announce(t.Context(), true, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.announcement.Close(context.WithoutCancel(t.Context())) })
	return w
}

// takes marks a job as running under the name of a process.
func (w *working) takes(id int, process string) {
	w.Helper()
	w.Exec(`insert into river.river_job (id, state, kind, args, max_attempts, attempt, attempted_at, attempted_by) overriding system value
		values ($1, 'running', 'remind', '{}', 3, 1, now() - interval '1 minute', array['somebody before', $2])`, id, process)
}

// quiet makes every process silent for a long time.
func (w *working) quiet() { w.Exec("update process set seen_at = now() - interval '1 hour'") }

// goes closes the announcement, and waits until the server has freed its lock.
func (w *working) goes() {
	w.Helper()
	require.NoError(w, w.announcement.Close(w.Context()))
	require.Eventually(w, func() bool {
		return pgtest.One[bool](w.Database,
			"select pg_try_advisory_xact_lock(hashtextextended('profilesync.process.' || $1, 0))", w.DB.Process())
	}, 10*time.Second, 10*time.Millisecond)
}

// clears looks for dead processes, and returns the jobs that were given away.
func (w *working) clears() (recovered []int64) {
	w.Helper()
	require.NoError(w, w.another.ClearGone(w.Context(), func(job int64, _, _ string) { recovered = append(recovered, job) }))
	return recovered
}

func TestAProcessThatIsGoneCanFinishNothing(t *testing.T) {
	t.Parallel()
	w := newWorking(t)
	w.takes(1, w.DB.Process())
	ours, err := pushstore.New(w.DB).WithDispatch(t.Context(), push.Routes{}, func(d *pushstore.Dispatch) error {
		require.NoError(t, d.NoteProgress(t.Context())) // a transaction that it has not committed
		w.goes()
		w.quiet()
		require.Equal(t, []int64{1}, w.clears())
		return nil
	})
	require.Error(t, err, "its session was terminated before its work was given away")
	require.True(t, ours)
	var progress int
	require.NoError(t, w.SQL.QueryRow(t.Context(), "select count(*) from forward_progress").Scan(&progress))
	require.Zero(t, progress)

	_, err = watchstore.New(w.DB).Watch(t.Context())
	require.ErrorIs(t, err, postgres.ErrProcessEnded, "no new session of it is admitted")
	_, err = w.DB.Announce(t.Context(), true, nil)
	require.ErrorIs(t, err, postgres.ErrProcessEnded)
	var state string
	var attempt int
	require.NoError(t, w.SQL.QueryRow(t.Context(), "select state, attempt from river.river_job where id = 1").Scan(&state, &attempt))
	require.Equal(t, "available", state)
	require.Zero(t, attempt, "it did not fail")
	require.Empty(t, w.clears(), "once")
}

func TestAProcessThatLivesKeepsItsJobs(t *testing.T) {
	t.Parallel()
	for name, lives := range map[string]func(*working){
		"it holds its lock, and has said nothing for long": func(w *working) { w.quiet() },
		"it lost its lock, and spoke a moment ago": func(w *working) {
			w.goes()
			w.Exec("update process set seen_at = clock_timestamp()")
		},
		"it never announced itself, and holds its lock, as earlier versions do": func(w *working) {
			w.goes()
			w.Exec("delete from process")
			w.Exec("select pg_advisory_lock(hashtextextended('profilesync.process.' || $1, 0))", w.DB.Process())
			w.clears()
			w.quiet()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorking(t)
			w.takes(1, w.DB.Process())
			lives(w)
			require.Empty(t, w.clears())
			_, err := watchstore.New(w.DB).Watch(t.Context())
			require.NoError(t, err)
		})
	}
}

func TestAProcessThatStoppedLeavesItsJobsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorking(t)
	w.takes(1, w.DB.Process())
	require.NoError(t, w.announcement.Stop(t.Context()))
	require.Eventually(t, func() bool { return len(w.clears()) == 1 }, 10*time.Second, 10*time.Millisecond)
}

func TestAnAnnouncementReplacesTheOneThatWasLost(t *testing.T) {
	t.Parallel()
	w := newWorking(t)
	again, err := w.DB.Announce(t.Context(), true, w.announcement) // its session still holds the lock
	require.NoError(t, err)
	require.Equal(t, w.announcement.ID(), again.ID())
	require.Error(t, w.announcement.Renew(t.Context()))
	require.NoError(t, again.Renew(t.Context()))
	require.NoError(t, again.Close(t.Context()))
}

func TestOwnJobsAreRecoveredOnlyAsTheyWereSeen(t *testing.T) {
	t.Parallel()
	w := newWorking(t)
	w.takes(1, w.DB.Process())
	w.takes(2, w.DB.Process())
	w.takes(3, "another")
	var seen []int64
	require.NoError(t, w.DB.RunningJobs(t.Context(), time.Second, func(job int64, attempt int, kind string) {
		require.Equal(t, 1, attempt)
		require.Equal(t, "remind", kind)
		seen = append(seen, job)
	}))
	require.Equal(t, []int64{1, 2}, seen)
	for _, record := range []func(context.Context, int64, int) (bool, error){w.DB.RecoverJob, w.DB.RecordDone} {
		for job, attempt := range map[int64]int{1: 2, 3: 1} {
			done, err := record(t.Context(), job, attempt)
			require.NoError(t, err)
			require.False(t, done, "another attempt, or another's job")
		}
	}
	recovered, err := w.DB.RecoverJob(t.Context(), 1, 1)
	require.NoError(t, err)
	require.True(t, recovered)
	recorded, err := w.DB.RecordDone(t.Context(), 2, 1)
	require.NoError(t, err)
	require.True(t, recorded)
	var states []string
	require.NoError(t, w.SQL.QueryRow(t.Context(), "select array_agg(state::text order by id) from river.river_job").Scan(&states))
	require.Equal(t, []string{"available", "completed", "running"}, states)
}

func TestRoundsAreOneProcessesAtATime(t *testing.T) {
	t.Parallel()
	w := newWorking(t)
	ours, err := pushstore.New(w.DB).WithDispatch(t.Context(), push.Routes{}, func(*pushstore.Dispatch) error {
		theirs, err := pushstore.New(w.another).WithDispatch(t.Context(), push.Routes{}, func(*pushstore.Dispatch) error {
			t.Error("two rounds at once")
			return nil
		})
		require.False(t, theirs)
		return err
	})
	require.NoError(t, err)
	require.True(t, ours)
}

func TestAJobThatKillsWhoeverWorksItComesToAnEnd(t *testing.T) {
	t.Parallel()
	w := newWorking(t)
	w.takes(1, "first")
	w.Exec("update river.river_job set max_attempts = 2")
	for n, want := range []string{"available 0", "available 0", "available 0", "available 1", "discarded 2"} {
		w.Exec(`update river.river_job set state = 'running', attempt = attempt + 1, attempted_by = array[$1::text] where $2 > 0`,
			fmt.Sprintf("daemon %d", n), n)
		w.clears()
		w.quiet()
		w.clears()
		var state string
		require.NoError(t, w.SQL.QueryRow(t.Context(), "select state || ' ' || attempt from river.river_job where id = 1").Scan(&state))
		require.Equal(t, want, state, "death %d", n+1)
	}
}

// Sessions of earlier versions carry no name: nobody knows whose they are.
func TestJobsOfAnEarlierVersionWaitForItsSessions(t *testing.T) {
	t.Parallel()
	w := newWorking(t)
	w.takes(1, "an earlier version")
	w.clears()
	w.quiet()
	w.Exec("set application_name = 'profilesync'")
	require.Empty(t, w.clears())
	w.Exec("set application_name = 'psql'")
	require.Equal(t, []int64{1}, w.clears())
}

// A look that was held up in an outage arrives after it, when nobody could announce
// itself yet: it ends nobody, its own process included.
func TestALookThatArrivesLateEndsNobody(t *testing.T) {
	t.Parallel()
	w := newWorking(t)
	w.takes(1, w.DB.Process())
	judge, err := w.another.Announce(t.Context(), true, nil)
	require.NoError(t, err)
	require.NoError(t, judge.Close(t.Context()))
	w.goes()
	w.quiet()
	require.Eventually(t, func() bool {
		return pgtest.One[bool](w.Database,
			"select pg_try_advisory_xact_lock(hashtextextended('profilesync.process.' || $1, 0))", w.another.Process())
	}, 10*time.Second, 10*time.Millisecond)
	require.Empty(t, w.clears())
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from process where ended_at is not null"))

	again, err := w.another.Announce(t.Context(), true, judge)
	require.NoError(t, err)
	defer func() { _ = again.Close(context.WithoutCancel(t.Context())) }()
	require.Equal(t, []int64{1}, w.clears(), "once it is back, it sees who is not")
}
