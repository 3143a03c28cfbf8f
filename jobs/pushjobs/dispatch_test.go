package pushjobs

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

func (s pushStore) WithDispatch(ctx context.Context, routes push.Routes, work func(Dispatch) error) (bool, error) {
	return s.Store.WithDispatch(ctx, routes, func(d *pushstore.Dispatch) error { return work(d) })
}

func TestAnEditArrives(t *testing.T) {
	t.Parallel()
	x := newPushing(t)
	x.insert(t, 1) // before the daemon
	x.start(t)
	x.eventually(t, 2, accepted)
	for _, name := range []string{"A", "B", "A"} {
		x.exec(t, "update profile set name = $1", name)
		for _, sink := range x.sinks {
			require.Eventually(t, func() bool { names := sink.names(); return names[len(names)-1] == name }, 10*time.Second, 5*time.Millisecond)
		}
	}
	x.eventually(t, 2, accepted)
	var last int64
	_, pushed := x.sinks[push.SinkDoS].log()
	for _, d := range pushed {
		require.Greater(t, d.Sequence, last)
		last = d.Sequence
	}
	require.Equal(t, x.count(t, completed), x.count(t, "select count(*) from push_attempt"))
	x.exec(t, "update profile set description = 'no sink shows this'")
	x.eventually(t, 10, completed)
	require.Equal(t, 8, x.count(t, "select count(*) from push_attempt"), "nothing to send")
	require.Zero(t, x.failedAttempts.Load())
}

func TestManyEditsMakeOnePush(t *testing.T) {
	t.Parallel()
	x := newPushing(t)
	x.insert(t, 1)
	x.start(t)
	x.eventually(t, 2, accepted)
	pushed := len(x.sinks[push.SinkDoS].names())
	tx, err := x.conn.Begin(t.Context())
	require.NoError(t, err)
	for _, name := range []string{"A", "B", "C", "D"} {
		x.exec(t, "update profile set name = $1", name)
	}
	require.NoError(t, tx.Commit(t.Context()))
	x.eventually(t, 2, accepted+" and accepted_sequence > (select min(sequence) from push_attempt a where a.sink = push.sink)")
	require.Equal(t, []string{"D"}, x.sinks[push.SinkDoS].names()[pushed:])
}

func TestASinkThatHangsDoesNotSlowTheOther(t *testing.T) {
	t.Parallel()
	x := newPushing(t)
	release := make(chan struct{})
	x.sinks[push.SinkDoS].pushes = func(int, push.Delivery) (push.Receipt, error) {
		<-release
		return push.Receipt{Status: 200}, nil
	}
	x.insert(t, 50)
	x.start(t)
	t.Cleanup(sync.OnceFunc(func() { close(release) })) // before the workers stop
	x.eventually(t, 50, accepted+" and sink = 'website'")
	require.Zero(t, x.count(t, accepted+" and sink = 'dos'"))
}

func TestASinkThatIsDownComesBack(t *testing.T) {
	t.Parallel()
	x := newPushing(t)
	var up atomic.Bool
	x.sinks[push.SinkDoS].pushes = func(int, push.Delivery) (push.Receipt, error) {
		if !up.Load() {
			return push.Receipt{}, answers(push.AnswerDown)
		}
		return push.Receipt{Status: 200}, nil
	}
	x.insert(t, 50)
	x.start(t)
	x.eventually(t, 50, accepted+" and sink = 'website'")
	x.eventually(t, 1, "select count(*) from route where sink = 'dos' and paused = 'down'")
	x.eventually(t, 50, `select count(*) from push
		where sink = 'dos' and state = 'wanted' and job_id is null and failures = 0 and not unclear`)
	up.Store(true)
	x.exec(t, "update route set probe_at = now() where sink = 'dos'") // an hour has passed
	x.exec(t, "select pg_notify('profilesync_change', '')")
	x.eventually(t, 50, accepted+" and sink = 'dos'")
	require.Zero(t, x.failedAttempts.Load(), "an answer of a sink never fails the job")
}

// The outcome of a push and the completion of its job are one transaction.
func TestAnOutcomeIsCommittedWithItsJob(t *testing.T) {
	t.Parallel()
	x := newPushing(t)
	var tries atomic.Int64
	held, release := make(chan struct{}), make(chan struct{})
	x.store.commits = func() error {
		if tries.Add(1) == 1 {
			close(held)
			<-release
			return errors.New("the database went away")
		}
		return nil
	}
	delete(x.sinks, push.SinkWebsite)
	x.sinks[push.SinkDoS].shows = func(int) (push.Shown, error) {
		return push.Shown{Entries: entry(profile.Values{}), Sequence: x.sinks[push.SinkDoS].pushed[0].Sequence, Version: "v"}, nil
	}
	x.exec(t, "insert into profile (code, name, type) values ('FA001', 'Boots', 'pharmacy')")
	x.start(t)
	const unrecorded = `select count(*) from push p join river.river_job j on j.id = p.job_id
		where p.sink = 'dos' and p.state = 'wanted' and p.unclear and p.sequence > 0 and p.accepted_sequence = 0`
	<-held
	require.Equal(t, 1, x.count(t, unrecorded+" and j.state = 'running'"))
	close(release)
	x.eventually(t, 1, accepted+" and sink = 'dos'")
	require.Equal(t, int64(2), tries.Load())
	require.Len(t, x.sinks[push.SinkDoS].names(), 1, "it was read back, and not sent again")
	require.Equal(t, 1, x.count(t, "select count(*) from push_attempt where sink = 'dos' and answer = 'seen'"))
	require.Equal(t, 1, x.count(t, "select count(*) from river.river_job where kind = 'push_dos' and state = 'completed' and attempt = 2"))
}

// A worker was killed, before or after it had sent a push: the job is marked
// running, and no process works it.
func TestAKilledWorkersPushIsRetried(t *testing.T) {
	t.Parallel()
	x := newPushing(t)
	delete(x.sinks, push.SinkWebsite)
	x.exec(t, "insert into profile (code, name, type) values ('FA001', 'Boots', 'pharmacy')")
	_, err := x.dispatcher().round(t.Context(), x.client)
	require.NoError(t, err)
	pushes, err := x.store.LoadPushes(t.Context(), push.SinkDoS, []profile.ODSCode{"FA001"}, x.dispatcher().Today())
	require.NoError(t, err)
	own := pushes[0].Desired.Stated(tagged)
	staged, err := x.store.StagePushes(t.Context(), push.SinkDoS, []push.Staged{
		{Code: "FA001", Job: pushes[0].Job, Sent: own, Hash: pushes[0].Desired.Hash(tagged, own)},
	})
	require.NoError(t, err)
	x.exec(t, `update river.river_job set state = 'running', attempt = 1, attempted_at = now(), attempted_by = '{killed}'
		where kind = 'push_dos'`)
	x.start(t)
	x.eventually(t, 1, accepted)
	calls, pushed := x.sinks[push.SinkDoS].log()
	require.Equal(t, []string{"show", "push"}, calls)
	require.Equal(t, staged[0], pushed[0].Sequence)
	require.Equal(t, 1, x.count(t, "select count(*) from river.river_job where kind = 'push_dos'"), "no second job was needed")
	require.Equal(t, 1, x.count(t, "select count(*) from river.river_job where kind = 'push_dos' and state = 'completed' and attempt = 1"),
		"the attempt of a process that is gone does not count")
}

// When a person cancels a job, its push is left without one; a sweep finds it.
func TestALostPushIsFound(t *testing.T) {
	t.Parallel()
	x := newPushing(t)
	x.insert(t, 1)
	_, err := x.dispatcher().round(t.Context(), x.client)
	require.NoError(t, err)
	x.exec(t, "update river.river_job set state = 'cancelled', finalized_at = now()")
	x.start(t)
	x.eventually(t, 2, accepted)
}

// No push that a change asked for should ever be left behind; if one is, a
// sweep finds it and it is counted.
func TestAPushThatWasLeftBehindIsQueuedAndCounted(t *testing.T) {
	t.Parallel()
	x := newPushing(t)
	x.insert(t, 1)
	x.start(t)
	x.eventually(t, 2, accepted)
	require.Zero(t, x.left.Load())
	x.exec(t, "update push set asked = asked + 1 where sink = 'dos'")
	require.Eventually(t, func() bool { return x.left.Load() == 1 }, 2*sweepEvery, 10*time.Millisecond)
	x.eventually(t, 2, accepted)
	x.eventually(t, 0, "select count(*) from push where asked > answered")
}

func TestARoundQueuesDuePushesOnce(t *testing.T) {
	t.Parallel()
	x := newPushing(t)
	x.editDelay = time.Hour
	const queued = "select count(*) from river.river_job where kind in ('push_dos', 'push_website')"
	round := func(d *Dispatcher) time.Duration {
		wait, err := d.round(t.Context(), x.client)
		require.NoError(t, err)
		return wait
	}
	x.insert(t, 3)
	require.Equal(t, maxPause, round(x.dispatcher()), "the edit waits for the next edit; the next round comes no later than lookEvery")
	require.Equal(t, 6, x.count(t, queued), "profiles older than the sink are pushed at once")
	round(x.pastFirstRound())
	require.Equal(t, 6, x.count(t, queued))
	x.exec(t, "update profile set name = 'Later' where code = 'FA001'")
	round(x.pastFirstRound())
	began := time.Now()
	x.exec(t, "update push set due_at = now() + interval '3 seconds', job_id = null where code = 'FA001'")
	wait := round(x.pastFirstRound())
	require.LessOrEqual(t, wait, 3*time.Second)
	require.GreaterOrEqual(t, wait, 3*time.Second-time.Since(began), "it waits until the push is due")
	x.exec(t, "update profile set status = 'closed' where code = 'FA001'")
	round(x.pastFirstRound())
	require.Equal(t, 8, x.count(t, queued), "a closure does not wait")
}

func TestADispatcherContinuesAfterAFailure(t *testing.T) {
	t.Parallel()
	var log lines
	store := &failingStore{woken: make(chan struct{})}
	d := Dispatcher{Store: store, Today: func() profile.Date { return profile.Date{} }, Passed: func() {}, Log: slog.New(&log)}
	ctx, stop := context.WithCancel(t.Context())
	store.stop = stop
	require.NoError(t, d.Run(ctx, nil))
	require.Equal(t, int64(2), store.rounds.Load())
	require.Equal(t, []string{"dispatching pushes"}, log.at(slog.LevelError))
}

// failingStore is a store that fails, wakes the dispatcher, and stops it the second
// time.
type failingStore struct {
	rounds atomic.Int64
	woken  chan struct{}
	stop   func()
}

func (f *failingStore) WithDispatch(context.Context, push.Routes, func(Dispatch) error) (bool, error) {
	if f.rounds.Add(1) == 2 {
		f.stop()
	} else {
		close(f.woken)
	}
	return false, errors.New("the database went away")
}

func (f *failingStore) Wakeups(ctx context.Context, wake func()) error {
	<-f.woken
	wake()
	<-ctx.Done()
	return ctx.Err()
}

// Whoever wakes the dispatcher again and again must not make it look dead.
func TestProgressIsRecordedHoweverOftenItIsWoken(t *testing.T) {
	t.Parallel()
	x := newPushing(t)
	x.start(t)
	const recorded = "select count(*) from forward_progress where activity = 'dispatch'"
	x.eventually(t, 1, recorded)
	x.exec(t, "create table earlier as select at from forward_progress where activity = 'dispatch'")
	require.Eventually(t, func() bool {
		x.exec(t, "select pg_notify('profilesync_change', '')")
		return x.count(t, recorded+" and at > (select at + interval '1 second' from earlier)") == 1
	}, 10*time.Second, 5*time.Millisecond)
}
