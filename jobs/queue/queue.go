// Package queue is the job queue itself, without what its jobs do.
//
//	queue.go, work.go   the names of the queues; clients that queue jobs, or work them
//	announce.go         this process tells others that it lives
//	recover.go          jobs that nobody works are made available again
//	observe.go          every attempt at a job is told of
//	unavailable.go      how a job goes on when an outside system does not answer
package queue

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// The queues that are not a sink's; a sink's has the name of the sink.
const (
	Control = "control" // ticks, housekeeping
	RunsODS = "runs"    // pulls of the organisation register, and what is decided about them
	RunsERS = "ers"     // the same of the e-Referral Service
	People  = "people"  // reminders, inactivity, calendar
	Mail    = "mail"    // letters: one process sends at a time
)

// OfRuns is the queue in which runs of a source are worked.
func OfRuns(source profile.Source) string {
	if source == profile.SourceERS {
		return RunsERS
	}
	return RunsODS
}

// Client works jobs, or only queues them.
type Client = river.Client[pgx.Tx]

// NewClient is a client that only queues jobs, for commands.
func NewClient(driver *riverpgxv5.Driver, schema string) (*Client, error) {
	client, err := river.NewClient(driver, &river.Config{Schema: schema})
	if err != nil {
		return nil, fmt.Errorf("building the job queue: %w", err)
	}
	return client, nil
}

// Live are the states in which a job stands in the way of its twin. Completed is
// not among them: what was done may be asked for again.
func Live() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning,
		rivertype.JobStateScheduled,
	}
}
