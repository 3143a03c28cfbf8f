package runstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Cancel ends a run that nobody has begun to work: it fails with the error
// "cancelled by" and the actor. cancelJob cancels its job in the same transaction.
// A run that this actor cancelled before is left as it is; any other is an error.
func (s *Store) Cancel(ctx context.Context, id runs.ID, actor string, cancelJob func(ctx context.Context, tx pgx.Tx, job int64) error) (
	run runs.Run, err error,
) {
	why := "cancelled by " + actor
	err = inTx(ctx, s.db, func(q *runsql.Queries, tx pgx.Tx) error {
		if run, err = getRun(ctx, q, id); err != nil {
			return err
		}
		if run.State == runs.RunFailed && run.Summary.Error == why {
			return nil
		}
		run.State = runs.RunFailed
		run.Summary.State, run.Summary.Error = runs.RunFailed, why
		return cancelQueued(ctx, q, tx, run, cancelJob)
	})
	return run, err
}

func cancelQueued(ctx context.Context, q *runsql.Queries, tx pgx.Tx, run runs.Run,
	cancelJob func(ctx context.Context, tx pgx.Tx, job int64) error,
) error {
	summary, err := json.Marshal(run.Summary)
	if err != nil {
		return fmt.Errorf("summary of run %d: %w", run.ID, err)
	}
	job, err := q.CancelRun(ctx, runsql.CancelRunParams{ID: run.ID, Error: run.Summary.Error, Summary: summary})
	if errors.Is(err, pgx.ErrNoRows) {
		now, err := getRun(ctx, q, run.ID)
		if err != nil {
			return err
		}
		return runs.Conflictf("run %d can no longer be cancelled: its state is %s, not queued", run.ID, now.State)
	}
	if err != nil {
		return postgres.Wrap(err, fmt.Sprintf("cancelling run %d", run.ID))
	}
	if err := release(ctx, q, run); err != nil {
		return err
	}
	if job == 0 {
		return nil
	}
	return cancelJob(ctx, tx, job)
}

// Marks returns how many profiles a run marked missing.
func (s *Store) Marks(ctx context.Context, id runs.ID) (int, error) {
	n, err := s.q.CountMarks(ctx, id)
	return n, postgres.Wrap(err, fmt.Sprintf("plan of run %d", id))
}
