// Package queue is the job queue itself, independent of what its jobs do.
//
//	queue.go, work.go   the names of the queues; clients that queue or work jobs
//	announce.go         this process tells others that it is alive
//	recover.go          abandoned jobs are made available again
//	observe.go          every attempt at a job is reported
//	unavailable.go      what a job does if an outside system does not answer
package queue

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// The queues other than those of the sinks, which have the names of the sinks.
const (
	Control = "control" // ticks, housekeeping
	RunsODS = "runs"    // pulls of the organisation register, approvals and undos
	RunsERS = "ers"     // the same for the e-Referral Service
	People  = "people"  // reminders, inactivity, calendar
	Mail    = "mail"    // letters: one process sends at a time
)

// OfRuns returns the queue for the runs of a source.
func OfRuns(source profile.Source) string {
	if source == profile.SourceERS {
		return RunsERS
	}
	return RunsODS
}

// Client works jobs or only queues them.
type Client = river.Client[pgx.Tx]

// NewClient returns a client that only queues jobs, for commands and requests.
func NewClient(driver *riverpgxv5.Driver, schema string, around ...rivertype.Middleware) (*Client, error) {
	client, err := river.NewClient(driver, &river.Config{Schema: schema, Middleware: around})
	if err != nil {
		return nil, fmt.Errorf("building the job queue: %w", err)
	}
	return client, nil
}

// Live returns the states in which a job prevents another one with the same
// arguments from being queued. Completed is not among them: what was done may
// be requested again.
func Live() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning,
		rivertype.JobStateScheduled,
	}
}
