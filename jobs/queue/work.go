package queue

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// Work is what a process works, and how.
type Work struct {
	Driver   *riverpgxv5.Driver // the queue's own connections
	Schema   string             // where the queue's tables live
	Process  string             // names this process among others
	Workers  *river.Workers
	Queues   map[string]river.QueueConfig
	Periodic []*river.PeriodicJob
	Held     *HeldJobs // knows which jobs this process works
	Observe  Observe   // told of every attempt at a job
	Log      *slog.Logger
}

// Client builds the client that works the queues. Every default of River that
// bites is set on purpose.
func (w Work) Client() (*Client, error) {
	client, err := river.NewClient(w.Driver, &river.Config{
		Schema:               w.Schema,
		ID:                   w.Process,
		Logger:               w.Log,
		Workers:              w.Workers,
		Queues:               w.Queues,
		PeriodicJobs:         w.Periodic,
		WorkerMiddleware:     []rivertype.WorkerMiddleware{w.Held, NewObserver(w.Observe)},
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

// softStop is how long working jobs may go on when the process stops; then their
// context ends. A run goes on in the next process.
const softStop = 10 * time.Second
