// Package pushjobs brings profiles to the sinks: what is due is dispatched, each
// push is a job of its sink's queue, and what a sink shows is looked at for drift.
//
//	dispatch.go                 changes become pushes, and pushes that are due become jobs
//	push.go, batcher.go         many jobs load, number and record their pushes together
//	push_work.go                one push, from what the sink shows to its receipt
//	check_drift.go              everything a sink shows, compared and repaired
//	push_dos.go, push_website.go, push_job.go    the kinds of jobs
package pushjobs

import (
	"errors"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/profilesync/profilesync/reconcile/push"
)

// Workers is what the jobs of pushes need.
type Workers struct {
	Pushers []*Pusher      // one a configured sink
	Drift   []DriftChecker // the same
	Most    int            // pushes to a sink at a time
	Log     *slog.Logger
}

// Add adds the workers to those of the queue, whose own connections complete
// what was pushed.
func (w Workers) Add(workers *river.Workers, driver *riverpgxv5.Driver, schema string) error {
	checkers := make(map[push.Sink]DriftChecker, len(w.Drift))
	for _, c := range w.Drift {
		checkers[c.Name] = c
	}
	err := river.AddWorkerSafely(workers, &checkDriftWorker{checkers: checkers, log: w.Log})
	for _, p := range w.Pushers {
		p.complete = completer(driver, schema, time.Now)
		switch p.Name {
		case push.SinkDoS:
			err = errors.Join(err, river.AddWorkerSafely(workers, &pushDoSWorker{pusher: p}))
		case push.SinkWebsite:
			err = errors.Join(err, river.AddWorkerSafely(workers, &pushWebsiteWorker{pusher: p}))
		}
	}
	return err
}

// Queues are those of the sinks: each has workers of its own, so that a dead sink
// never slows another.
func (w Workers) Queues() map[string]river.QueueConfig {
	queues := make(map[string]river.QueueConfig, len(w.Pushers))
	for _, p := range w.Pushers {
		queues[string(p.Name)] = river.QueueConfig{MaxWorkers: w.Most, FetchCooldown: 10 * time.Millisecond}
	}
	return queues
}
