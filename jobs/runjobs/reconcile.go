package runjobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Reconcile works a run that is stored already: one that a person requested, or
// one whose process was killed.
type Reconcile struct {
	Run    runs.ID        `json:"run" river:"unique"`
	Source profile.Source `json:"source"`
}

// Kind names the job.
func (Reconcile) Kind() string { return "reconcile" }

// InsertOpts allows one queued job per run at a time.
func (r Reconcile) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		Queue: queue.OfRuns(r.Source), MaxAttempts: runAttempts, Priority: 1,
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: queue.Live()},
	}
}

const (
	runAttempts = 8
	runTimeout  = 30 * time.Minute
)

// reconcileWorker works Reconcile jobs.
type reconcileWorker struct {
	river.WorkerDefaults[Reconcile]
	runs  *Runs
	ended func(context.Context, runs.Summary)
}

func (*reconcileWorker) Timeout(*river.Job[Reconcile]) time.Duration { return runTimeout }

func (w *reconcileWorker) Work(ctx context.Context, job *river.Job[Reconcile]) error {
	return workRun(ctx, w.runs, w.ended, job.Args.Source, job.Args.Run, job.Attempt == job.MaxAttempts)
}

// workRun works a run within a job. The last attempt ends the run, even if it
// fails.
func workRun(ctx context.Context, runs *Runs, ended func(context.Context, runs.Summary),
	source profile.Source, id runs.ID, last bool,
) error {
	summary, err := runs.Work(ctx, source, id)
	if err != nil && last && ctx.Err() == nil {
		summary, err = runs.GiveUp(ctx, source, id, err)
	}
	if err != nil {
		runs.Progress(ctx, id, "waiting to try again: "+err.Error(), 0, 0)
		return queue.AfterError(err)
	}
	ended(ctx, summary)
	return nil
}

// summaryAttrs returns the attributes of the one line that is logged per run.
func summaryAttrs(s runs.Summary) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("run", s.Run), slog.String("source", string(s.Source)), slog.String("report", s.Report),
		slog.String("as_of", s.AsOf.String()), slog.String("state", string(s.State)), slog.Int("records", s.Records),
		slog.Int("rejected", s.Rejected), slog.Int("create", s.Changes.Create), slog.Int("update", s.Changes.Update),
		slog.Int("close", s.Changes.Close), slog.Int("reopen", s.Changes.Reopen), slog.Int("dormant", s.Changes.Dormant),
		slog.Int("withheld", len(s.Withheld)), slog.Int64("elapsed_ms", s.ElapsedMS),
	}
	if s.Error != "" {
		attrs = append(attrs, slog.String("error", s.Error))
	}
	return attrs
}

// Queue queues the job of a stored run, in the transaction that stores it.
func Queue(client *queue.Client, source profile.Source) func(context.Context, pgx.Tx, runs.ID) (int64, error) {
	return func(ctx context.Context, tx pgx.Tx, id runs.ID) (int64, error) {
		inserted, err := client.InsertTx(ctx, tx, Reconcile{Run: id, Source: source}, nil)
		if err != nil {
			return 0, err
		}
		return inserted.Job.ID, nil
	}
}
