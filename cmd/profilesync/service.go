package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"golang.org/x/sync/errgroup"

	"github.com/profilesync/profilesync/cmd/internal/admin"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/reconcile/push"
)

// service is the working half of the daemon. It works under the name of the
// process; when that was taken for gone it stops all work, and begins anew under
// another.
type service struct {
	*app

	control *postgres.Store // for what must go on whatever jobs do with their connections
	pushing *postgres.Store // for pushes, which wait for no other job
	sinks   map[push.Sink]directory
	log     *slog.Logger
	outage  *outage
	metrics *admin.Metrics
	pools   *admin.Pools
	health  *health
}

const (
	// controlConnections are enough to listen, dispatch, recover jobs, answer
	// monitoring, and one to spare.
	controlConnections = 6
	// pushConnections are enough for two sinks: many pushes share a statement.
	pushConnections = 4
)

func (a *app) newService(ctx context.Context, log *slog.Logger, outage *outage, metrics *admin.Metrics) (*service, error) {
	sinks, err := a.sinks()
	if err != nil {
		return nil, exitError{exitUsage, err.Error()}
	}
	s := &service{app: a, sinks: sinks, log: log, outage: outage, metrics: metrics, health: newHealth(time.Now)}
	if s.control, err = a.openBeside(ctx, controlConnections); err != nil {
		return nil, err
	}
	s.pushing, err = a.openBeside(ctx, pushConnections)
	return s, err
}

// openBeside opens the database once more, with connections of its own.
func (a *app) openBeside(ctx context.Context, connections int32) (*postgres.Store, error) {
	store, err := postgres.Open(ctx, a.url, postgres.Options{
		PlayedNow: a.config.now, Process: a.process, MaxConnections: connections,
	})
	if err == nil {
		a.closers = append(a.closers, func() error { store.Close(); return nil })
	}
	return store, err
}

// watchPools serves how the pools stand that live as long as the process.
func (s *service) watchPools(pools *admin.Pools) {
	s.pools = pools
	for name, store := range map[string]*postgres.Store{
		"main": s.store, "control": s.control, "pushing": s.pushing, "reports": s.reportStore,
	} {
		pools.Watch(name, func() admin.PoolStat { return store.Pool() })
	}
}

// errUnstopped says that jobs went on although they were asked to stop.
var errUnstopped = errors.New("jobs did not stop in time; others go on with them")

// run works until the context ends, one life after the other.
func (s *service) run(ctx context.Context, address string) error {
	for {
		err := s.life(ctx, address)
		switch {
		case errors.Is(err, errUnstopped), ctx.Err() == nil && !s.health.hasBegun():
			return err
		case ctx.Err() != nil:
			return nil //nolint:nilerr // asked to stop
		case errors.Is(err, jobs.ErrReplaced):
			s.log.WarnContext(ctx, "this process was silent for so long that others took over its work: it begins anew",
				"process", s.process.Name())
		default:
			s.log.ErrorContext(ctx, "the work ended: it begins anew", "error", err)
		}
		s.process.Rename()
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// life works under one name of the process. It returns jobs.ErrReplaced when
// nothing is worked under that name any more.
func (s *service) life(ctx context.Context, address string) error {
	pool, err := postgres.RiverPool(ctx, s.url, s.process)
	if err != nil {
		return err
	}
	defer pool.Close()
	s.pools.Watch("queue", func() admin.PoolStat { return pool.Stat() })
	daemon, err := s.daemon(riverpgxv5.New(pool))
	if err != nil {
		return err
	}
	client, err := daemon.Client()
	if err != nil {
		return err
	}
	announcer := announcer(s.control, true)
	announcer.Answered = func() { s.health.answered(); s.outage.Answered() }
	announcer.Lost = func(err error) { s.health.lost(); s.outage.Lost(err) }
	if _, err := announcer.Begin(ctx); err != nil {
		announcer.Lost(err)
		return err
	}
	s.health.begin()
	defer s.health.rest()
	s.log.InfoContext(ctx, "serving", "address", address, "version", version, "process", daemon.Process)
	err = s.work(ctx, daemon, client, announcer)
	announcer.End(ctx, err == nil)
	return err
}

// work runs everything that the process does, until the context ends or the
// process was taken for gone, and waits for the jobs to come to an end.
func (s *service) work(ctx context.Context, daemon jobs.Daemon, client *jobs.QueueClient, announcer *jobs.Announcer) error {
	dispatcher := jobs.Dispatcher{
		Store: runStore{s.control}, Routes: routes(s.sinks), Today: s.today, Settle: s.config.PushSettle, Passed: s.health.dispatched,
		LeftBehind: s.metrics.PushesLeftBehind, Log: s.log,
	}
	recovery := jobs.Recovery{
		Store: s.control, Held: daemon.Held, Process: daemon.Process, Standing: announcer.Standing,
		Recovered: s.metrics.JobRecovered, Log: s.log,
	}
	announcing, silent := context.WithCancel(context.WithoutCancel(ctx))
	group, ctx := errgroup.WithContext(ctx)
	var unstopped error
	group.Go(func() error { return announcer.Run(announcing) }) // also while the jobs come to an end
	group.Go(func() error {
		defer silent()
		unstopped = s.workJobs(ctx, daemon, client)
		return unstopped
	})
	group.Go(func() error { return dispatcher.Run(ctx, client) })
	group.Go(func() error { return recovery.Run(ctx) })
	err := group.Wait()
	if errors.Is(unstopped, errUnstopped) { // what still works must not be taken for another life
		return unstopped
	}
	return err
}

// workJobs runs the workers until ctx ends, and waits for their jobs.
func (s *service) workJobs(ctx context.Context, daemon jobs.Daemon, client *jobs.QueueClient) error {
	switch err := client.Start(ctx); {
	case err != nil && ctx.Err() != nil:
		return nil //nolint:nilerr // asked to stop before it had begun
	case err != nil:
		return fmt.Errorf("starting the workers: %w", err)
	}
	s.health.working(client.Stopped())
	if err := daemon.TakeOver(ctx, client); err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "taking over unfinished runs", "error", err)
	}
	<-ctx.Done()
	s.log.InfoContext(ctx, "stopping")
	select {
	case <-client.Stopped():
		return nil
	case <-time.After(stopWithin):
		return errUnstopped
	}
}

// daemon wires the workers.
func (s *service) daemon(driver *riverpgxv5.Driver) (d jobs.Daemon, err error) {
	schedules, err := s.schedules(s.sinks)
	if err != nil {
		return d, err
	}
	queueLog, err := newLogger(s.stderr, "warn")
	if err != nil {
		return d, err
	}
	people, err := s.people(s.metrics.LetterWorked)
	if err != nil {
		return d, err
	}
	return jobs.Daemon{
		Driver: driver, Schema: postgres.RiverSchema, Store: runStore{s.store}, Runs: s.runs(s.pull, s.saveProgress(s.log)),
		ERS:     map[jobs.ERSPart]func(context.Context) error{jobs.ERSCodes: s.pullCodes, jobs.ERSRegister: s.pullRegister},
		Pushers: s.pushers(s.pushing, s.sinks, s.log, s.metrics.Pushed), Drift: s.checkers(s.sinks, func(int) {}),
		Workers: s.config.PushWorkers,
		People:  people, Schedules: schedules, Now: s.config.clock, Process: s.process.Name(), Log: s.log,
		QueueLog: s.outage.during(queueLog, queueRecords{}),
		Held:     jobs.NewHeldJobs(),
		Observe: func(kind, outcome string, ran, waited time.Duration) {
			s.metrics.JobWorked(kind, outcome, ran.Seconds(), waited.Seconds())
		},
		Ended: s.metrics.RunEnded,
	}, nil
}
