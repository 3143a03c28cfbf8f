// Package pushjobs pushes profiles to the sinks: due pushes are dispatched as
// jobs, one queue per sink, and what each sink shows is checked for drift.
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
	Pushers []*Pusher      // one per configured sink
	Drift   []DriftChecker // one per configured sink
	Most    int            // concurrent pushes per sink
	Log     *slog.Logger
}

// Add adds the workers to those of the queue. The driver completes the jobs of
// recorded pushes.
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

// Queues returns one queue per sink, each with workers of its own, so that a
// dead sink never slows another.
func (w Workers) Queues() map[string]river.QueueConfig {
	queues := make(map[string]river.QueueConfig, len(w.Pushers))
	for _, p := range w.Pushers {
		queues[string(p.Name)] = river.QueueConfig{MaxWorkers: w.Most, FetchCooldown: 10 * time.Millisecond}
	}
	return queues
}
