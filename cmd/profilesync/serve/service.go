package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"golang.org/x/sync/errgroup"

	"github.com/profilesync/profilesync/cmd/internal/admin"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/jobs/casejobs"
	"github.com/profilesync/profilesync/jobs/pushjobs"
	"github.com/profilesync/profilesync/jobs/qualityjobs"
	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// service is the working half of the daemon. It works under the name of the
// process. If others presumed that name dead, it stops all work and begins
// again under a new name.
type service struct {
	*wiring.App

	control *wiring.Store // for work that must continue even if jobs use up their connections
	pushing *wiring.Store // for pushes, which must not wait for other jobs
	sinks   wiring.Sinks
	log     *slog.Logger
	outage  *outage
	metrics *admin.Metrics
	pools   *admin.Pools
	health  *health
}

const (
	// controlConnections are enough to listen, dispatch, recover jobs and
	// answer monitoring, with one to spare.
	controlConnections = 6
	// pushConnections are enough for two sinks: many pushes share a statement.
	pushConnections = 4
)

func newService(ctx context.Context, a *wiring.App, log *slog.Logger, outage *outage, metrics *admin.Metrics) (*service, error) {
	sinks, err := a.Sinks()
	if err != nil {
		return nil, err
	}
	s := &service{App: a, sinks: sinks, log: log, outage: outage, metrics: metrics, health: newHealth(time.Now)}
	if s.control, err = a.OpenBeside(ctx, controlConnections); err != nil {
		return nil, err
	}
	s.pushing, err = a.OpenBeside(ctx, pushConnections)
	return s, err
}

// watchPools exports the state of the connection pools that live as long as the
// process.
func (s *service) watchPools(pools *admin.Pools) {
	s.pools = pools
	for name, store := range map[string]*wiring.Store{
		"main": s.Store, "control": s.control, "pushing": s.pushing, "reports": s.ReportStore,
	} {
		pools.Watch(name, func() admin.PoolStat { return store.Stat() })
	}
}

// errUnstopped means that jobs did not stop when asked.
var errUnstopped = errors.New("jobs did not stop in time; other processes will continue them")

// run works until the context ends. When the work ends for another reason, it
// begins again under a new name of the process.
func (s *service) run(ctx context.Context, address string) error {
	for {
		err := s.workUnderOneName(ctx, address)
		switch {
		case errors.Is(err, errUnstopped), ctx.Err() == nil && !s.health.hasBegun():
			return err
		case ctx.Err() != nil:
			return nil //nolint:nilerr // asked to stop
		case errors.Is(err, queue.ErrReplaced):
			s.log.WarnContext(ctx, "this process was silent for so long that others took over its work: it begins again",
				"process", s.Process.Name())
		default:
			s.log.ErrorContext(ctx, "the work ended: it begins again", "error", err)
		}
		s.Process.Rename()
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// workUnderOneName works under the current name of the process. It returns
// queue.ErrReplaced if others presumed that name dead.
func (s *service) workUnderOneName(ctx context.Context, address string) error {
	pool, err := s.QueuePool(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	s.pools.Watch("queue", func() admin.PoolStat { return pool.Stat() })
	daemon, err := s.daemon(ctx, riverpgxv5.New(pool))
	if err != nil {
		return err
	}
	client, err := daemon.Client()
	if err != nil {
		return err
	}
	announcer := wiring.Announcer(s.control, true)
	announcer.Answered = func() { s.health.databaseAnswered(); s.outage.Answered() }
	announcer.Lost = func(err error) { s.health.databaseLost(); s.outage.Lost(err) }
	if _, err := announcer.Begin(ctx); err != nil {
		announcer.Lost(err)
		return err
	}
	s.health.beginLife()
	defer s.health.endLife()
	s.log.InfoContext(ctx, "serving", "address", address, "version", s.Version, "process", daemon.Process)
	err = s.work(ctx, daemon, client, announcer)
	announcer.End(ctx, err == nil)
	return err
}

// work runs everything that the process does, until the context ends or others
// presume the process dead, and waits for the jobs to end.
func (s *service) work(ctx context.Context, daemon jobs.Daemon, client *queue.Client, announcer *queue.Announcer) error {
	dispatcher := pushjobs.Dispatcher{
		Store: wiring.JobStore{Store: s.control}, Routes: s.sinks.Routes(), Today: s.Today, EditDelay: s.Settings.PushSettle,
		Passed: s.health.dispatched, LeftBehind: s.metrics.PushesLeftBehind, Log: s.log,
	}
	recovery := queue.Recovery{
		Store: s.control, Held: daemon.Held, Process: daemon.Process, Standing: announcer.Standing,
		Recovered: s.metrics.JobRecovered, Log: s.log,
	}
	announcing, silent := context.WithCancel(context.WithoutCancel(ctx))
	group, ctx := errgroup.WithContext(ctx)
	var unstopped error
	group.Go(func() error { return announcer.Run(announcing) }) // also while the jobs are ending
	group.Go(func() error {
		defer silent()
		unstopped = s.workJobs(ctx, daemon, client)
		return unstopped
	})
	group.Go(func() error { return dispatcher.Run(ctx, client) })
	group.Go(func() error { return recovery.Run(ctx) })
	err := group.Wait()
	if errors.Is(unstopped, errUnstopped) { // jobs that are still running must not overlap with new work
		return unstopped
	}
	return err
}

// workJobs runs the workers until ctx ends, and waits for their jobs.
func (s *service) workJobs(ctx context.Context, daemon jobs.Daemon, client *queue.Client) error {
	switch err := client.Start(ctx); {
	case err != nil && ctx.Err() != nil:
		return nil //nolint:nilerr // asked to stop before it started
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
	case <-time.After(stopTimeout):
		return errUnstopped
	}
}

// daemon wires the workers.
func (s *service) daemon(ctx context.Context, driver *riverpgxv5.Driver) (d jobs.Daemon, err error) {
	schedules, err := s.Schedules(s.sinks)
	if err != nil {
		return d, err
	}
	people, err := s.People(s.metrics.LetterWorked)
	if err != nil {
		return d, err
	}
	people.Log = s.log
	keeper, err := s.Cases(s.log)
	if err != nil {
		return d, err
	}
	owner, err := s.control.IsOwner(ctx)
	if err != nil {
		return d, err
	}
	return jobs.Daemon{
		Driver: driver, Schema: postgres.RiverSchema, Store: wiring.JobStore{Store: s.Store},
		Runs: runjobs.Workers{
			Store: s.Store.Runs, Runs: s.Runs(s.Pull, s.saveProgress), Now: s.Settings.Clock, Ended: s.metrics.RunEnded, Log: s.log,
			ERS: map[runjobs.ERSPart]func(context.Context) error{runjobs.ERSCodes: s.PullCodes, runjobs.ERSRegister: s.PullRegister},
		},
		Pushes: pushjobs.Workers{
			Pushers: s.Pushers(s.pushing.Pushes, s.sinks, s.log, s.metrics.Pushed), Drift: s.Checkers(s.sinks, func(int) {}),
			Most: s.Settings.PushWorkers, Log: s.log,
		},
		Quality: qualityjobs.Workers{Checker: s.Quality(s.sinks, s.log, func(int) {}), Log: s.log},
		Cases:   casejobs.Workers{Keeper: keeper},
		People:  people, Schedules: schedules, Now: s.Settings.Clock, Process: s.Process.Name(),
		QueueLog: s.outage.during(s.Logger(slog.LevelWarn), queueRecords{}),
		Held:     queue.NewHeldJobs(),
		Reindex:  owner,
		Observe: func(kind, outcome string, ran, waited time.Duration) {
			s.metrics.JobWorked(kind, outcome, ran.Seconds(), waited.Seconds())
		},
	}, nil
}

// saveProgress stores how far a run has come, for the people who wait for it.
func (s *service) saveProgress(ctx context.Context, run runs.ID, stage string, done, total int) {
	if err := s.Store.Runs.SaveProgress(ctx, run, stage, done, total); err != nil {
		s.log.WarnContext(ctx, "progress", "error", err)
	}
}
