package queue

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// Work configures a client that works jobs.
type Work struct {
	Driver   *riverpgxv5.Driver // the connections of the job queue
	Schema   string             // where the queue's tables live
	Process  string             // names this process among others
	Workers  *river.Workers
	Queues   map[string]river.QueueConfig
	Periodic []*river.PeriodicJob
	Held     *HeldJobs // tracks the jobs that this process is working
	Observe  Observe   // called after every attempt at a job
	Reindex  bool      // rebuild the queue's indexes every night, which only their owner may
	Log      *slog.Logger
	// Around is what else is done around every attempt at a job, from outside to inside.
	Around []rivertype.Middleware
}

// Client builds the client that works the queues. Every default of River that
// could do harm is set explicitly.
func (w Work) Client() (*Client, error) {
	indexes := []string{}
	if w.Reindex {
		indexes = nil // River's own choice
	}
	client, err := river.NewClient(w.Driver, &river.Config{
		Schema:               w.Schema,
		ReindexerIndexNames:  indexes,
		ID:                   w.Process,
		Logger:               w.Log,
		Workers:              w.Workers,
		Queues:               w.Queues,
		PeriodicJobs:         w.Periodic,
		Middleware:           append([]rivertype.Middleware{w.Held, NewObserver(w.Observe)}, w.Around...),
		FetchCooldown:        50 * time.Millisecond,
		JobTimeout:           time.Minute,
		RescueStuckJobsAfter: 24 * time.Hour, // Recovery finds abandoned jobs within seconds: River itself must not interfere
		SoftStopTimeout:      softStop,
	})
	if err != nil {
		return nil, fmt.Errorf("building the job queue: %w", err)
	}
	return client, nil
}

// softStop is how long running jobs may continue when the process stops; then
// their context ends. The next process continues an interrupted run.
const softStop = 10 * time.Second
