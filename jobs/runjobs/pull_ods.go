package runjobs

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// PullODS pulls one report of the organisation register and reconciles it: a
// complete listing, or the changes since the watermark.
type PullODS struct {
	Report string    `json:"report" river:"unique"`
	Pull   runs.Kind `json:"pull" river:"unique"` // listing or delta
}

// Kind names the job.
func (PullODS) Kind() string { return "pull_ods" }

// InsertOpts allows one queued pull per report at a time: another one would
// bring the same.
func (PullODS) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		Queue: queue.RunsODS, MaxAttempts: runAttempts, Priority: 2,
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: queue.Live()},
	}
}

// Store is what a pull needs to start its run.
type Store interface {
	RunOfJob(ctx context.Context, job int64) (runs.ID, error)
	CreateRun(ctx context.Context, run runs.Run,
		enqueue func(context.Context, pgx.Tx, runs.ID) (int64, error)) (runs.ID, error)
	LastETag(ctx context.Context, source profile.Source, report string) (string, error)
}

type pullODSWorker struct {
	river.WorkerDefaults[PullODS]
	store Store
	runs  *Runs
	now   func() time.Time
	ended func(context.Context, runs.Summary)
}

func (*pullODSWorker) Timeout(*river.Job[PullODS]) time.Duration { return runTimeout }

// Work starts a run, or continues the one that an earlier attempt started.
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
	return workRun(ctx, w.runs, w.ended, profile.SourceODS, id, job.Attempt == job.MaxAttempts)
}

func (w *pullODSWorker) begin(ctx context.Context, job *river.Job[PullODS]) (runs.ID, error) {
	etag, err := w.store.LastETag(ctx, profile.SourceODS, job.Args.Report)
	if err != nil {
		return 0, err
	}
	run := runs.Run{
		Kind: job.Args.Pull, Source: profile.SourceODS, Report: job.Args.Report, Actor: "schedule", Stamp: runs.Stamp{ETag: etag},
		AsOf: profile.DateIn(w.now(), profile.London()),
	}
	return w.store.CreateRun(ctx, run, func(context.Context, pgx.Tx, runs.ID) (int64, error) { return job.ID, nil })
}
