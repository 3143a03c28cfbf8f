package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Daemon is what the workers need.
type Daemon struct {
	Driver    *riverpgxv5.Driver // the queue's own connections
	Schema    string             // where the queue's tables live
	Store     Store
	Runs      *Runs
	ERS       map[ERSPart]func(context.Context) error // pulls of e-RS that are no runs; nil: none
	Pushers   []*Pusher                               // one a configured sink
	Drift     []DriftChecker                          // the same
	People    People
	Workers   int // pushes to a sink at a time
	Schedules []Schedule
	Now       func() time.Time
	Process   string // names this process among others
	Log       *slog.Logger
	QueueLog  *slog.Logger       // the queue's own, which has much to say
	Observe   Observe            // told of every attempt at a job
	Held      *HeldJobs          // knows which jobs this process works
	Ended     func(runs.Summary) // told of every run that ended
}

// Store is everything the workers need of the store.
type Store interface {
	tickStore
	pullStore
	pruner
}

// The queues that are not a sink's.
const (
	queueControl = "control" // ticks, housekeeping
	queueRuns    = "runs"    // pulls of the organisation register, and what is decided about them
	queueERS     = "ers"     // the same of the e-Referral Service
	queuePeople  = "people"  // reminders, inactivity, calendar
	queueMail    = "mail"    // letters: one process sends at a time
)

// Client builds the job queue's client with every worker, queue and schedule.
// Every default of River that bites is set on purpose.
func (d Daemon) Client() (*QueueClient, error) {
	workers, err := d.workers()
	if err != nil {
		return nil, err
	}
	client, err := river.NewClient(d.Driver, &river.Config{
		Schema:               d.Schema,
		ID:                   d.Process,
		Logger:               d.QueueLog,
		Workers:              workers,
		Queues:               d.queues(),
		PeriodicJobs:         []*river.PeriodicJob{ticking()},
		WorkerMiddleware:     []rivertype.WorkerMiddleware{d.Held, NewObserver(d.Observe)},
		FetchCooldown:        50 * time.Millisecond,
		JobTimeout:           time.Minute,
		RescueStuckJobsAfter: 24 * time.Hour, // what nobody works is recovered within seconds: the queue itself must not meddle
		SoftStopTimeout:      softStop,
	})
	if err != nil {
		return nil, fmt.Errorf("building the job queue: %w", err)
	}
	return client, nil
}

// queues is one an outside party, each with workers of its own, so that a dead
// sink or a slow register never slows another.
func (d Daemon) queues() map[string]river.QueueConfig {
	queues := map[string]river.QueueConfig{
		queueControl: {MaxWorkers: 4}, queueRuns: {MaxWorkers: 4}, queueERS: {MaxWorkers: 4},
		queuePeople: {MaxWorkers: 4}, queueMail: {MaxWorkers: 1},
	}
	for _, p := range d.Pushers {
		queues[string(p.Name)] = river.QueueConfig{MaxWorkers: d.Workers, FetchCooldown: 10 * time.Millisecond}
	}
	return queues
}

// softStop is how long working jobs may go on when the daemon stops; then their
// context ends. A run goes on in the next process.
const softStop = 10 * time.Second

// queueOf is where runs of a source are worked.
func queueOf(source profile.Source) string {
	if source == profile.SourceERS {
		return queueERS
	}
	return queueRuns
}

func ticking() *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(tickEvery),
		func() (river.JobArgs, *river.InsertOpts) { return Tick{}, nil },
		&river.PeriodicJobOpts{RunOnStart: true})
}

func (d Daemon) workers() (*river.Workers, error) {
	workers := river.NewWorkers()
	checkers := make(map[push.Sink]DriftChecker, len(d.Drift))
	for _, c := range d.Drift {
		checkers[c.Name] = c
	}
	err := errors.Join(
		river.AddWorkerSafely(workers, &tickWorker{store: d.Store, schedules: d.Schedules, now: d.Now}),
		river.AddWorkerSafely(workers, &pullODSWorker{store: d.Store, runs: d.Runs, now: d.Now, ended: d.ended}),
		river.AddWorkerSafely(workers, &pullERSWorker{store: d.Store, runs: d.Runs, parts: d.ERS, now: d.Now, ended: d.ended}),
		river.AddWorkerSafely(workers, &reconcileWorker{runs: d.Runs, ended: d.ended}),
		river.AddWorkerSafely(workers, &housekeepingWorker{store: d.Store, now: d.Now}),
		river.AddWorkerSafely(workers, &checkDriftWorker{checkers: checkers, log: d.Log}),
	)
	err = errors.Join(err, d.People.add(workers, d.Log))
	for _, p := range d.Pushers {
		p.complete = completing(d.Driver, d.Schema, time.Now)
		switch p.Name {
		case push.SinkDoS:
			err = errors.Join(err, river.AddWorkerSafely(workers, &pushDoSWorker{pusher: p}))
		case push.SinkWebsite:
			err = errors.Join(err, river.AddWorkerSafely(workers, &pushWebsiteWorker{pusher: p}))
		}
	}
	return workers, err
}

// People is the work for people; parts that are not configured are nil.
type People struct {
	Reminders  *Reminders
	Inactivity *Inactivity
	Postman    *Postman
	Watch      *MailWatch
	Calendar   *CalendarKeeper
	Reporter   *Reporter
}

func (p People) add(workers *river.Workers, log *slog.Logger) error {
	return errors.Join(
		river.AddWorkerSafely(workers, &remindWorker{reminders: p.Reminders}),
		river.AddWorkerSafely(workers, &deactivateWorker{inactivity: p.Inactivity}),
		river.AddWorkerSafely(workers, &sendMailWorker{postman: p.Postman}),
		river.AddWorkerSafely(workers, &watchMailWorker{watch: p.Watch}),
		river.AddWorkerSafely(workers, &reportWorker{reporter: p.Reporter}),
		river.AddWorkerSafely(workers, &refreshCalendarWorker{keeper: p.Calendar, log: log}),
	)
}

// ended logs the one line that a run writes.
func (d Daemon) ended(ctx context.Context, s runs.Summary) {
	d.Ended(s)
	d.Log.LogAttrs(ctx, slog.LevelInfo, "run ended", summaryAttrs(s)...)
}

// TakeOver queues jobs for runs that a killed command left, at once: it does not
// wait for a leader.
func (d Daemon) TakeOver(ctx context.Context, client *QueueClient) error {
	return takeOver(ctx, client, d.Store)
}

// QueueClient works jobs, or only queues them.
type QueueClient = river.Client[pgx.Tx]

// NewQueueClient is a client that only queues jobs, for commands.
func NewQueueClient(driver *riverpgxv5.Driver, schema string) (*QueueClient, error) {
	client, err := river.NewClient(driver, &river.Config{Schema: schema})
	if err != nil {
		return nil, fmt.Errorf("building the job queue: %w", err)
	}
	return client, nil
}

// live are the states in which a job stands in the way of its twin. Completed is
// not among them: what was done may be asked for again.
func live() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning,
		rivertype.JobStateScheduled,
	}
}
