package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres/dbsqlc"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// serviceChunk is how many profiles one transaction writes the services of.
const serviceChunk = 200

// Apply applies a sealed plan of services chunk by chunk, each with its
// audit rows in one transaction, from where the last process left it.
func (x *ServiceSession) Apply(ctx context.Context, run runs.Run, applied func(codes int)) error {
	for {
		codes := 0
		err := inTx(ctx, x.conn, func(q *dbsqlc.Queries, _ pgx.Tx) (err error) {
			codes, err = applyServices(ctx, q, run)
			return err
		})
		if err != nil {
			return fmt.Errorf("applying run %d: %w", run.ID, explain(err))
		}
		if codes == 0 {
			return nil
		}
		applied(codes)
	}
}

// applyServices applies the next chunk and returns how many profiles it held.
func applyServices(ctx context.Context, q *dbsqlc.Queries, run runs.Run) (int, error) {
	row, err := q.NextChunk(ctx, dbsqlc.NextChunkParams{RunID: int64(run.ID), Most: serviceChunk})
	if err != nil || row.Codes == 0 {
		return 0, err
	}
	id, after, upto := int64(run.ID), row.AppliedTo, row.ChunkEnd
	for _, step := range []func() error{
		func() error { return q.SetWriter(ctx, dbsqlc.SetWriterParams{Actor: run.Actor, Run: run.ID.String()}) },
		func() error {
			return q.LockServices(ctx, dbsqlc.LockServicesParams{RunID: id, After: after, Upto: upto})
		},
		func() error {
			return q.MarkMovedServices(ctx, dbsqlc.MarkMovedServicesParams{RunID: id, After: after, Upto: upto})
		},
		func() error {
			return q.ApplyServices(ctx, dbsqlc.ApplyServicesParams{RunID: id, After: after, Upto: upto})
		},
		func() error {
			return q.ApplyServicesLeft(ctx, dbsqlc.ApplyServicesLeftParams{RunID: id, After: after, Upto: upto})
		},
		func() error {
			return q.ApplyServicesMissing(ctx, dbsqlc.ApplyServicesMissingParams{RunID: id, After: after, Upto: upto})
		},
		func() error { return q.MoveCursor(ctx, dbsqlc.MoveCursorParams{ID: id, AppliedTo: upto}) },
	} {
		if err := step(); err != nil {
			return 0, err
		}
	}
	return int(row.Codes), nil
}

// Finish ends an applied run: what it found out is now what the register
// says, and what people decided is remembered.
func (x *ServiceSession) Finish(ctx context.Context, run runs.Run, _ []profile.OrgType, elapsedMS int64) (
	summary runs.Summary, err error,
) {
	parent := runs.Run{}
	if run.Parent != 0 {
		if parent, err = getRun(ctx, x.q, run.Parent); err != nil {
			return summary, err
		}
	}
	err = inTx(ctx, x.conn, func(q *dbsqlc.Queries, _ pgx.Tx) error {
		summary = run.Summary
		summary.ElapsedMS, summary.State = elapsedMS, runs.RunDone
		if len(summary.Withheld) > 0 {
			summary.State = runs.RunWithheld
		}
		if err := acceptServices(ctx, q, run, parent); err != nil {
			return err
		}
		population := summary.Population
		if err := leftOut(ctx, q, run, nil, &summary); err != nil {
			return err
		}
		summary.Population = population // what was left out moves no site
		return endRun(ctx, q, run, summary)
	})
	return summary, err
}

func acceptServices(ctx context.Context, q *dbsqlc.Queries, run, parent runs.Run) error {
	id := int64(run.ID)
	switch {
	case run.Kind == runs.RunApprove:
		decision := dbsqlc.DecideRowsParams{RunID: int64(run.Parent), ChildID: id, Decision: "approved"}
		if _, err := q.DecideRows(ctx, decision); err != nil {
			return wrap(err, "recording the approval")
		}
		if err := q.AcceptApproved(ctx, id); err != nil {
			return wrap(err, "recording the approval")
		}
		return wrap(q.ForgetServiceMarks(ctx, id), "forgetting decisions")
	case run.Kind == runs.RunUndo && parent.Kind == runs.RunUndo:
		return wrap(q.ForgetServiceMarks(ctx, id), "forgetting decisions")
	case run.Kind == runs.RunUndo:
		return markServicesUndone(ctx, q, run)
	}
	if err := q.AcceptServices(ctx, id); err != nil {
		return wrap(err, "accepting services")
	}
	return wrap(q.ForgetReturnedServices(ctx, id), "forgetting decisions")
}

// markServicesUndone remembers what an undo took back: it will be proposed
// again, and withheld.
func markServicesUndone(ctx context.Context, q *dbsqlc.Queries, run runs.Run) error {
	params := dbsqlc.MarkServicesUndoneParams{RunID: int64(run.ID)}
	for changes, err := range servicePages(func(after dbsqlc.AppliedRowsRow) ([]dbsqlc.AppliedRowsRow, error) {
		return q.AppliedRows(ctx, dbsqlc.AppliedRowsParams{
			RunID: int64(run.ID), AfterCode: after.Code, AfterField: after.Field, Most: servicePage,
		})
	}) {
		if err != nil {
			return wrap(err, "remembering the undo")
		}
		for _, c := range changes {
			code, value := c.Reproposed()
			params.Codes, params.Fields = append(params.Codes, string(code)), append(params.Fields, c.FieldName())
			params.Values = append(params.Values, value)
		}
	}
	return wrap(q.MarkServicesUndone(ctx, params), "remembering the undo")
}
