package jobs

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/profilesync/profilesync/reconcile"
)

// pushDefaults is what the workers of all sinks share.
type pushDefaults[T river.JobArgs] struct{ river.WorkerDefaults[T] }

// Timeout is enough for every round of a push with its readings.
func (pushDefaults[T]) Timeout(*river.Job[T]) time.Duration { return pushTimeout }

const (
	pushTimeout  = 2 * time.Minute
	pushAttempts = 5 // at the database: what a sink says is no failure of the job
)

// pushOpts are those of a sink's jobs. They need no uniqueness: a push knows the
// one job that works it.
func pushOpts(sink reconcile.Sink) river.InsertOpts {
	return river.InsertOpts{Queue: string(sink), MaxAttempts: pushAttempts, Priority: 2}
}

// pushArgs is the job of a push.
func pushArgs(due reconcile.DuePush) river.JobArgs {
	if due.Sink == reconcile.SinkDoS {
		return PushDoS{Code: due.Code, Probe: due.Probe}
	}
	return PushWebsite{Code: due.Code, Probe: due.Probe}
}

// completes ends a job in the transaction that records its outcome. It outlives
// the job's own context: what was sent must be recorded.
func completes[T river.JobArgs](ctx context.Context, job *river.Job[T]) func(pgx.Tx) error {
	ctx = context.WithoutCancel(ctx)
	return func(tx pgx.Tx) error {
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	}
}
