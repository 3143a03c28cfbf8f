package pushjobs

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// pushStore is the real store; a test can intervene before an outcome and the
// completion of its job are committed, and can lose the replies to commits.
type pushStore struct {
	*pushstore.Store
	commits func() error
	answers func() error
}

func (s pushStore) RecordOutcomes(
	ctx context.Context, sink push.Sink, outcomes []push.Outcome, complete func(context.Context, pgx.Tx, []int64) error,
) ([]bool, error) {
	recorded, err := s.Store.RecordOutcomes(ctx, sink, outcomes, func(ctx context.Context, tx pgx.Tx, jobs []int64) error {
		return errors.Join(complete(ctx, tx, jobs), s.commits())
	})
	return recorded, errors.Join(err, s.answers())
}

func (s pushStore) StagePushes(ctx context.Context, sink push.Sink, staged []push.Staged) ([]int64, error) {
	numbers, err := s.Store.StagePushes(ctx, sink, staged)
	return numbers, errors.Join(err, s.answers())
}

// pushing is a database with a dispatcher and workers, and two sinks.
type pushing struct {
	database
	store          pushStore
	sinks          map[push.Sink]*scripted
	editDelay      time.Duration
	workers        int
	failedAttempts atomic.Int64 // failed attempts at jobs
	left           atomic.Int64 // pushes found left behind
}

func newPushing(t *testing.T) *pushing {
	t.Helper()
	x := &pushing{database: newDatabase(t), sinks: map[push.Sink]*scripted{}, workers: 4}
	x.store = pushStore{x.database.store, func() error { return nil }, func() error { return nil }}
	for _, name := range push.Sinks() {
		x.sinks[name] = &scripted{route: tagged, pushes: always(push.Receipt{Status: 200, Version: "v"}, nil)}
		x.sinks[name].shows = showing(push.Shown{}, nil)
	}
	return x
}

func (x *pushing) dispatcher() *Dispatcher {
	routes := push.Routes{}
	for name, sink := range x.sinks {
		routes[name] = map[profile.OrgType]push.Route{profile.Pharmacy: sink.route}
	}
	return &Dispatcher{
		Store: x.store, Routes: routes, Today: func() profile.Date { return profile.NewDate(2026, 11, 2) }, EditDelay: x.editDelay,
		Passed: func() {}, LeftBehind: func(n int) { x.left.Add(int64(n)) }, Log: slog.New(slog.DiscardHandler),
	}
}

// pastFirstRound is a dispatcher that has made its first round.
func (x *pushing) pastFirstRound() *Dispatcher {
	d := x.dispatcher()
	d.lastSweep = time.Now()
	return d
}

func (x *pushing) pusher(name push.Sink, sink Sink) *Pusher {
	return NewPusher(PusherOptions{
		Name: name, Sink: sink, Store: x.store, Today: x.dispatcher().Today, ProbeEvery: time.Hour, Log: slog.New(slog.DiscardHandler),
		Pushed: func(push.Sink, push.Outcome) {},
	})
}

// announcer announces the process for as long as the test takes.
func (x *pushing) announcer() *queue.Announcer {
	announce := func(ctx context.Context, earlier queue.Announcement) (queue.Announcement, error) {
		lost, _ := earlier.(*postgres.Announcement)
		made, err := x.db.Announce(ctx, true, lost)
		if err != nil {
			return nil, err
		}
		return made, nil
	}
	return &queue.Announcer{Announce: announce, Answered: func() {}, Lost: func(error) {}}
}

// start runs dispatcher and workers until the test ends.
func (x *pushing) start(t *testing.T) {
	t.Helper()
	pool, err := postgres.RiverPool(t.Context(), x.conn.Config().ConnString(), postgres.NewProcess())
	require.NoError(t, err)
	quiet := slog.New(slog.DiscardHandler)
	pushes := Workers{Most: x.workers, Log: quiet}
	for name, sink := range x.sinks {
		pushes.Pushers = append(pushes.Pushers, x.pusher(name, sink))
	}
	driver, workers, held := riverpgxv5.New(pool), river.NewWorkers(), queue.NewHeldJobs()
	require.NoError(t, pushes.Add(workers, driver, postgres.RiverSchema))
	client, err := queue.Work{
		Driver: driver, Schema: postgres.RiverSchema, Process: x.db.Process(), Workers: workers, Queues: pushes.Queues(), Held: held,
		Observe: func(_, outcome string, _, _ time.Duration) {
			if outcome != queue.OutcomeDone {
				x.failedAttempts.Add(1)
			}
		},
		Log: quiet,
	}.Client()
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	require.NoError(t, client.Start(ctx))
	announcer := x.announcer()
	_, err = announcer.Begin(t.Context())
	require.NoError(t, err)
	recovery := queue.Recovery{Store: x.db, Held: held, Process: x.db.Process(), Recovered: func(string) {}, Log: quiet}
	recovery.Standing = func() time.Duration { return time.Minute }
	var working sync.WaitGroup
	working.Go(func() { _ = x.dispatcher().Run(ctx, client) })
	working.Go(func() { _ = recovery.Run(ctx) })
	working.Go(func() { _ = announcer.Run(ctx) })
	t.Cleanup(func() {
		stop()
		working.Wait()
		announcer.End(ctx, false)
		<-client.Stopped()
		pool.Close()
	})
}

func (x *pushing) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := x.conn.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

func (x *pushing) insert(t *testing.T, n int) {
	t.Helper()
	x.exec(t, `insert into profile (code, name, type, phone)
		select 'FA' || lpad(i::text, 3, '0'), 'Boots ' || i, 'pharmacy', '0113' from generate_series(1, $1::integer) i`, n)
}

// eventually waits until a query counts the number wanted, which takes long under
// the race detector on a busy machine.
func (x *pushing) eventually(t *testing.T, want int, query string) {
	t.Helper()
	require.Eventually(t, func() bool { return x.count(t, query) == want }, 2*time.Minute, 10*time.Millisecond, "%d: %s", want, query)
}

// log returns the calls to the sink and the deliveries sent to it so far.
func (s *scripted) log() (calls []string, pushed []push.Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls), slices.Clone(s.pushed)
}

func (s *scripted) names() (names []string) {
	_, pushed := s.log()
	for _, d := range pushed {
		names = append(names, d.Values.Get(fName))
	}
	return names
}

const (
	accepted  = "select count(*) from push where state = 'accepted' and job_id is null and due_at is null and not unclear"
	completed = "select count(*) from river.river_job where kind like 'push%' and state = 'completed'"
)
