package jobs

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/reconcile"
)

// PullODS pulls one report of the organisation register and reconciles it: a
// complete listing, or the changes since the watermark.
type PullODS struct {
	Report string            `json:"report" river:"unique"`
	Pull   reconcile.RunKind `json:"pull" river:"unique"` // listing or delta
}

// Kind names the job.
func (PullODS) Kind() string { return "pull_ods" }

// InsertOpts lets one pull of a report be queued at a time: a newer one would
// bring the same.
func (PullODS) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		Queue: queueRuns, MaxAttempts: runAttempts, Priority: 2,
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: live()},
	}
}

// pullStore is what a pull needs to begin its run.
type pullStore interface {
	RunOfJob(ctx context.Context, job int64) (reconcile.RunID, error)
	CreateRun(ctx context.Context, run reconcile.Run,
		enqueue func(context.Context, pgx.Tx, reconcile.RunID) (int64, error)) (reconcile.RunID, error)
	LastETag(ctx context.Context, source reconcile.Source, report string) (string, error)
}

type pullODSWorker struct {
	river.WorkerDefaults[PullODS]
	store pullStore
	runs  *Runs
	now   func() time.Time
	ended func(context.Context, reconcile.Summary)
}

func (*pullODSWorker) Timeout(*river.Job[PullODS]) time.Duration { return runTimeout }

// Work begins a run, or goes on with the one an earlier attempt began.
func (w *pullODSWorker) Work(ctx context.Context, job *river.Job[PullODS]) error {
	id, err := w.store.RunOfJob(ctx, job.ID)
	if err != nil {
		return err
	}
	if id == 0 {
		if id, err = w.begin(ctx, job); err != nil {
			return err
		}
	}
	return workRun(ctx, w.runs, w.ended, reconcile.SourceODS, id, job.Attempt == job.MaxAttempts)
}

func (w *pullODSWorker) begin(ctx context.Context, job *river.Job[PullODS]) (reconcile.RunID, error) {
	etag, err := w.store.LastETag(ctx, reconcile.SourceODS, job.Args.Report)
	if err != nil {
		return 0, err
	}
	run := reconcile.Run{
		Kind: job.Args.Pull, Source: reconcile.SourceODS, Report: job.Args.Report, Actor: "schedule", Stamp: reconcile.Stamp{ETag: etag},
		AsOf: reconcile.DateIn(w.now(), reconcile.London()),
	}
	return w.store.CreateRun(ctx, run, func(context.Context, pgx.Tx, reconcile.RunID) (int64, error) { return job.ID, nil })
}
