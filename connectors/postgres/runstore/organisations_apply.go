package runstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Apply applies a sealed plan chunk by chunk: pass 2 of a run.
func (x *OrganisationSession) Apply(ctx context.Context, run runs.Run, applied func(codes int)) error {
	undoesUndo, err := x.undoesUndo(ctx, run)
	if err != nil {
		return err
	}
	for first := true; ; first = false {
		codes, err := x.ApplyChunk(ctx, run, chunk, func(tx pgx.Tx, c Chunk) error {
			return c.apply(ctx, tx, run, undoesUndo)
		})
		if err != nil || codes == 0 {
			return err
		}
		applied(codes)
		if first && codes >= chunk {
			if err := x.q.AnalyzeAccepted(ctx); err != nil {
				return fmt.Errorf("applying run %d: %w", run.ID, err)
			}
		}
	}
}

// undoesUndo reports whether the run takes an undo back.
func (x *OrganisationSession) undoesUndo(ctx context.Context, run runs.Run) (bool, error) {
	if run.Kind != runs.RunUndo {
		return false, nil
	}
	parent, err := getRun(ctx, x.q, run.Parent)
	return parent.Kind == runs.RunUndo, err
}

func (c Chunk) apply(ctx context.Context, tx pgx.Tx, run runs.Run, undoesUndo bool) error {
	q := runsql.New(tx)
	steps := []func() error{
		func() error { return q.GoByKey(ctx) },
		func() error { return q.LockChunk(ctx, runsql.LockChunkParams(c)) },
		func() error { return q.MarkMoved(ctx, runsql.MarkMovedParams(c)) },
		func() error { return q.KeepRowsOfOpen(ctx, runsql.KeepRowsOfOpenParams(c)) },
		func() error { return q.ApplyCreations(ctx, runsql.ApplyCreationsParams(c)) },
		func() error { return q.ApplyUpdates(ctx, runsql.ApplyUpdatesParams(c)) },
		func() error { return q.ApplyMissing(ctx, runsql.ApplyMissingParams(c)) },
		func() error { return q.NoteLooks(ctx, runsql.NoteLooksParams(c)) },
		func() error { return c.accept(ctx, q) },
		func() error { return q.AcceptForms(ctx, runsql.AcceptFormsParams(c)) },
		func() error { return q.FlagAbsent(ctx, runsql.FlagAbsentParams(c)) },
		func() error { return c.lookAgainElsewhere(ctx, q) },
		func() error { return q.EndPending(ctx, runsql.EndPendingParams(c)) },
	}
	switch {
	case run.Kind == runs.RunUndo && !undoesUndo:
		steps = append(steps, func() error { return q.MarkUndone(ctx, runsql.MarkUndoneParams(c)) },
			func() error { return planstore.EndUndone(ctx, tx, c.RunID, c.After, c.Upto) })
	case run.Kind == runs.RunApprove, undoesUndo:
		steps = append(steps, func() error { return q.ForgetMarks(ctx, runsql.ForgetMarksParams(c)) })
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (c Chunk) accept(ctx context.Context, q *runsql.Queries) error {
	return q.AcceptRecords(ctx, runsql.AcceptRecordsParams{
		RunID: c.RunID, After: c.After, Upto: c.Upto, RulesVersion: runs.RulesVersion,
	})
}

func (c Chunk) lookAgainElsewhere(ctx context.Context, q *runsql.Queries) error {
	return q.LookAgainElsewhere(ctx, runsql.LookAgainElsewhereParams{RunID: &c.RunID, After: c.After, Upto: c.Upto})
}

// Finish ends an applied run and returns its summary, with the time it took.
func (x *OrganisationSession) Finish(ctx context.Context, run runs.Run, types []profile.OrgType, elapsedMS int64) (runs.Summary, error) {
	return x.Complete(ctx, run, types, elapsedMS, func(tx pgx.Tx) error {
		if run.Kind == runs.RunUndo {
			return giveBack(ctx, runsql.New(tx), run)
		}
		return accept(ctx, runsql.New(tx), run)
	})
}
