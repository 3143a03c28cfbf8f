package wiring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Submit stores a run. Without wait, its job is left to a daemon. With wait, a
// running daemon works it; if there is none, this process does, under the same
// lock.
func (a *App) Submit(ctx context.Context, run runs.Run, wait bool, shown Progress) (runs.Summary, error) {
	daemon, err := a.Store.DaemonRuns(ctx)
	if err != nil {
		return runs.Summary{}, err
	}
	if wait && !daemon {
		return a.workHere(ctx, run, shown)
	}
	if run.ID, err = a.queue(ctx, run); err != nil {
		return runs.Summary{}, err
	}
	if !wait && !daemon {
		a.Sayf("run %[1]d is queued, and no daemon is running: it starts when `profilesync serve` does. To run it now: "+
			"`profilesync runs cancel %[1]d`, then the same command again with --wait", run.ID)
	}
	if !wait {
		run.State = runs.RunQueued
		return runs.NewSummary(run), nil
	}
	return a.await(ctx, run.ID, shown)
}

// queue stores a run together with its job.
func (a *App) queue(ctx context.Context, run runs.Run) (runs.ID, error) {
	pool, err := a.QueuePool(ctx)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	client, err := queue.NewClient(riverpgxv5.New(pool), postgres.RiverSchema, a.Traces.Queued()...)
	if err != nil {
		return 0, err
	}
	return a.Store.Runs.CreateRun(ctx, run, runjobs.Queue(client, run.Source))
}

// Cancel cancels a queued run and its job (runstore.Store.Cancel).
func (a *App) Cancel(ctx context.Context, id runs.ID, actor string) (runs.Run, error) {
	pool, err := a.QueuePool(ctx)
	if err != nil {
		return runs.Run{}, err
	}
	defer pool.Close()
	client, err := queue.NewClient(riverpgxv5.New(pool), postgres.RiverSchema)
	if err != nil {
		return runs.Run{}, err
	}
	return a.Store.Runs.Cancel(ctx, id, actor, func(ctx context.Context, tx pgx.Tx, job int64) error {
		if _, err := client.JobCancelTx(ctx, tx, job); err != nil && !errors.Is(err, rivertype.ErrNotFound) {
			return fmt.Errorf("cancelling job %d: %w", job, err)
		}
		return nil
	})
}

// workHere first finishes runs of the same source that a killed process left,
// then works the run. Postgres may hold a killed process's lock a moment
// longer: working a run waits for it.
func (a *App) workHere(ctx context.Context, run runs.Run, shown Progress) (summary runs.Summary, err error) {
	err = a.whileAnnounced(ctx, func(ctx context.Context, _ int64) error {
		summary, err = a.finishAndWork(ctx, run, shown)
		return err
	})
	return summary, err
}

func (a *App) finishAndWork(ctx context.Context, run runs.Run, shown Progress) (runs.Summary, error) {
	runner := a.Runs(a.Pull, shown)
	unfinished, err := a.Store.Runs.UnfinishedOf(ctx, run.Source)
	if err != nil {
		return runs.Summary{}, err
	}
	id, err := a.Store.Runs.CreateRun(ctx, run, nil)
	if err != nil {
		return runs.Summary{}, err
	}
	for _, other := range unfinished {
		a.Sayf("finishing run %d, which was interrupted", other)
		if _, err := runner.Work(ctx, run.Source, other); err != nil {
			return runs.Summary{}, fmt.Errorf("run %d: %w", other, err)
		}
	}
	summary, err := runner.Work(ctx, run.Source, id)
	switch {
	case errors.Is(err, runjobs.ErrInterrupted):
		return summary, fmt.Errorf("run %d was interrupted; the next reconciliation or a daemon finishes it: %w", id, err)
	case err != nil:
		return runner.GiveUp(ctx, run.Source, id, err)
	default:
		return summary, nil
	}
}

// await shows the progress of a run that a daemon works, until it has ended.
func (a *App) await(ctx context.Context, id runs.ID, shown Progress) (runs.Summary, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		progress, err := a.Store.Runs.Progress(ctx, id)
		if err != nil {
			return runs.Summary{}, err
		}
		if progress.State.Ended() {
			run, err := a.Store.Runs.Run(ctx, id)
			return run.Summary, err
		}
		shown(ctx, id, progress.Stage, progress.Done, progress.Total)
		select {
		case <-ctx.Done():
			return runs.Summary{}, fmt.Errorf("no longer waiting; the daemon continues run %d", id)
		case <-tick.C:
		}
	}
}

// RequireAnother refuses an approval by whoever asked for a run that withheld any of
// the rows, now or first; PROFILESYNC_APPROVAL_BY_ANOTHER demands it.
func (a *App) RequireAnother(ctx context.Context, approval runs.Run, rows []runstore.WaitingRow, parents []runs.Run) error {
	asked := make([]runs.ID, 0, len(parents))
	for _, parent := range parents {
		asked = append(asked, parent.ID)
	}
	for _, row := range rows {
		asked = append(asked, row.SinceRun)
	}
	slices.Sort(asked)
	for _, id := range slices.Compact(asked) {
		run, err := a.Store.Runs.Run(ctx, id)
		if err != nil {
			return err
		}
		if err := a.ByAnother(ctx, run, approval); err != nil {
			return err
		}
	}
	return nil
}

// ByAnother is runs.ByAnother, with tokens seen as whoever made them: nobody approves with
// a token of their own what they asked for.
func (a *App) ByAnother(ctx context.Context, requested, approval runs.Run) error {
	asking, err := a.Store.Access.Behind(ctx, requested.Actor)
	if err != nil {
		return err
	}
	approving, err := a.Store.Access.Behind(ctx, approval.Actor)
	if err != nil {
		return err
	}
	for _, requested.Actor = range asking {
		for _, approval.Actor = range approving {
			if err := runs.ByAnother(requested, approval); err != nil {
				return err
			}
		}
	}
	return nil
}
