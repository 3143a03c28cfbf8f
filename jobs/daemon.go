package jobs

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/profilesync/profilesync/jobs/casejobs"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/jobs/pushjobs"
	"github.com/profilesync/profilesync/jobs/qualityjobs"
	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/jobs/runjobs"
)

// Daemon is what the workers need.
type Daemon struct {
	Driver    *riverpgxv5.Driver // the connections of the job queue
	Schema    string             // where the queue's tables live
	Store     Store
	Runs      runjobs.Workers
	Pushes    pushjobs.Workers
	Quality   qualityjobs.Workers
	People    peoplejobs.Workers
	Cases     casejobs.Workers
	Schedules []Schedule
	Now       func() time.Time
	Process   string          // names this process among others
	QueueLog  *slog.Logger    // for River itself, which logs a lot
	Observe   queue.Observe   // called after every attempt at a job
	Held      *queue.HeldJobs // tracks the jobs that this process is working
	Reindex   bool            // see queue.Work
	Around    []rivertype.Middleware
}

// Store is what the queue's own jobs need of the store.
type Store interface {
	tickStore
	pruner
}

// Client builds the client that works every kind of job.
func (d Daemon) Client() (*queue.Client, error) {
	workers, err := d.workers()
	if err != nil {
		return nil, err
	}
	return queue.Work{
		Driver: d.Driver, Schema: d.Schema, Process: d.Process, Workers: workers, Queues: d.queues(),
		Periodic: []*river.PeriodicJob{ticking(), casejobs.Periodic()}, Held: d.Held, Observe: d.Observe, Reindex: d.Reindex, Log: d.QueueLog,
		Around: d.Around,
	}.Client()
}

// queues gives every outside system a queue and workers of its own, so that a
// dead sink or a slow register never slows another. Control has a worker for each of its
// jobs (two checks of drift, of quality, housekeeping, tick, look at the cases): those
// that take hours hold up neither ticks nor urgent letters.
func (d Daemon) queues() map[string]river.QueueConfig {
	queues := map[string]river.QueueConfig{
		queue.Control: {MaxWorkers: 6}, queue.RunsODS: {MaxWorkers: 4}, queue.RunsERS: {MaxWorkers: 4},
		queue.People: {MaxWorkers: 4}, queue.Mail: {MaxWorkers: 1},
	}
	maps.Copy(queues, d.Pushes.Queues())
	return queues
}

func ticking() *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(tickEvery),
		func() (river.JobArgs, *river.InsertOpts) { return Tick{}, nil },
		&river.PeriodicJobOpts{RunOnStart: true})
}

func (d Daemon) workers() (*river.Workers, error) {
	workers := river.NewWorkers()
	return workers, errors.Join(
		river.AddWorkerSafely(workers, &tickWorker{store: d.Store, schedules: d.Schedules, now: d.Now}),
		river.AddWorkerSafely(workers, &housekeepingWorker{store: d.Store, now: d.Now}),
		d.Runs.Add(workers),
		d.Pushes.Add(workers, d.Driver, d.Schema),
		d.Quality.Add(workers),
		d.People.Add(workers),
		d.Cases.Add(workers),
	)
}

// TakeOver immediately queues jobs for the runs that a killed command left
// unfinished: it does not wait for River to elect a leader.
func (d Daemon) TakeOver(ctx context.Context, client *queue.Client) error {
	return takeOver(ctx, client, d.Store)
}
