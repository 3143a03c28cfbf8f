package pushjobs

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/profilesync/profilesync/reconcile/push"
)

// pushDefaults is what the workers of all sinks share.
type pushDefaults[T river.JobArgs] struct{ river.WorkerDefaults[T] }

// Timeout is enough for every attempt at a push, including reading the sink.
func (pushDefaults[T]) Timeout(*river.Job[T]) time.Duration { return pushTimeout }

const (
	pushTimeout  = 2 * time.Minute
	pushAttempts = 5 // database failures only: an answer of the sink never fails the job
)

// pushOpts are the options of a sink's jobs. They need no uniqueness: a push
// records the one job that carries it.
func pushOpts(sink push.Sink) river.InsertOpts {
	return river.InsertOpts{Queue: string(sink), MaxAttempts: pushAttempts, Priority: 2}
}

// pushArgs returns the job of a push.
func pushArgs(due push.Due) river.JobArgs {
	if due.Sink == push.SinkDoS {
		return PushDoS{Code: due.Code, Probe: due.Probe}
	}
	return PushWebsite{Code: due.Code, Probe: due.Probe}
}

// completer completes many jobs the way river.JobCompleteTx completes one
// (river v0.51.2): one statement per job would be the most expensive part of a
// push. A job that was not running is an error, so that its outcome is not
// recorded either. That includes a job that is completed already: an outcome
// that was recorded when its job was completed is recognised by the store and
// does not get here again.
func completer(driver *riverpgxv5.Driver, schema string, now func() time.Time) func(context.Context, pgx.Tx, []int64) error {
	return func(ctx context.Context, tx pgx.Tx, jobs []int64) error {
		if len(jobs) == 0 {
			return nil
		}
		at := now().Truncate(time.Microsecond) // as Postgres keeps it
		completed, err := driver.UnwrapExecutor(tx).JobSetStateIfRunningMany(ctx, completions(schema, at, jobs))
		if err != nil {
			return fmt.Errorf("completing %d jobs: %w", len(jobs), err)
		}
		for _, job := range completed {
			if job.State != rivertype.JobStateCompleted || job.FinalizedAt == nil || !job.FinalizedAt.Equal(at) {
				return fmt.Errorf("completing job %d: it was %s already", job.ID, job.State)
			}
		}
		if gone := len(jobs) - len(completed); gone > 0 {
			return fmt.Errorf("completing %d jobs: %d no longer exist", len(jobs), gone)
		}
		return nil
	}
}

func completions(schema string, at time.Time, jobs []int64) *riverdriver.JobSetStateIfRunningManyParams {
	n := len(jobs)
	params := riverdriver.JobSetStateIfRunningManyParams{
		ID: jobs, Schema: schema, Attempt: make([]*int, n), ErrData: make([][]byte, n), FinalizedAt: make([]*time.Time, n),
		MetadataDoMerge: make([]bool, n), MetadataUpdates: make([][]byte, n), ScheduledAt: make([]*time.Time, n),
		State: make([]rivertype.JobState, n),
	}
	for i := range jobs {
		params.FinalizedAt[i], params.State[i] = &at, rivertype.JobStateCompleted
	}
	return &params
}
