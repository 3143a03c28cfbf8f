package servicestore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore/servicesql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// serviceChunk is the number of profiles whose services one transaction writes.
const serviceChunk = 200

// Apply applies a sealed plan of services chunk by chunk.
func (x *Session) Apply(ctx context.Context, run runs.Run, applied func(codes int)) error {
	for {
		codes, err := x.ApplyChunk(ctx, run, serviceChunk, func(tx pgx.Tx, c runstore.Chunk) error {
			return applyChunk(ctx, servicesql.New(tx), c)
		})
		if err != nil || codes == 0 {
			return err
		}
		applied(codes)
	}
}

func applyChunk(ctx context.Context, q *servicesql.Queries, c runstore.Chunk) error {
	for _, step := range []func() error{
		func() error { return q.LockServices(ctx, servicesql.LockServicesParams(c)) },
		func() error { return q.MarkMovedServices(ctx, servicesql.MarkMovedServicesParams(c)) },
		func() error { return q.ApplyServices(ctx, servicesql.ApplyServicesParams(c)) },
		func() error { return q.ApplyServicesLeft(ctx, servicesql.ApplyServicesLeftParams(c)) },
		func() error { return q.ApplyServicesMissing(ctx, servicesql.ApplyServicesMissingParams(c)) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// Finish ends an applied run: its findings go into the register, and people's
// decisions are stored. A change that was left out moves no service to another
// site.
func (x *Session) Finish(ctx context.Context, run runs.Run, _ []profile.OrgType, elapsedMS int64) (summary runs.Summary, err error) {
	parent := runs.Run{}
	if run.Parent != 0 {
		if parent, err = x.Run(ctx, run.Parent); err != nil {
			return summary, err
		}
	}
	return x.Complete(ctx, run, nil, elapsedMS, func(tx pgx.Tx) error { return acceptServices(ctx, tx, run, parent) })
}

func acceptServices(ctx context.Context, tx pgx.Tx, run, parent runs.Run) error {
	q, id := servicesql.New(tx), run.ID
	switch run.Kind {
	case runs.RunApprove:
		if err := q.AcceptApproved(ctx, id); err != nil {
			return postgres.Wrap(err, "recording the approval")
		}
		return postgres.Wrap(q.ForgetServiceMarks(ctx, id), "forgetting decisions")
	case runs.RunUndo:
		return acceptUndo(ctx, tx, run, parent)
	default:
		if err := q.AcceptServices(ctx, id); err != nil {
			return postgres.Wrap(err, "accepting services")
		}
		return postgres.Wrap(q.ForgetReturnedServices(ctx, &id), "forgetting decisions")
	}
}

// acceptUndo stores what an undo decided: the changes that it took back are marked,
// or those that the undo before it had taken back are marked no longer.
func acceptUndo(ctx context.Context, tx pgx.Tx, run, parent runs.Run) error {
	q := servicesql.New(tx)
	if err := q.LookAgainAtServices(ctx, &run.ID); err != nil {
		return postgres.Wrap(err, "looking again at what waits")
	}
	if parent.Kind == runs.RunUndo {
		return postgres.Wrap(q.ForgetServiceMarks(ctx, run.ID), "forgetting decisions")
	}
	return markServicesUndone(ctx, tx, run)
}

// markServicesUndone stores which changes an undo took back: they will be
// proposed again, and withheld.
func markServicesUndone(ctx context.Context, tx pgx.Tx, run runs.Run) error {
	params := servicesql.MarkServicesUndoneParams{RunID: run.ID}
	for changes, err := range changes(runstore.AppliedRows(ctx, tx, run.ID)) {
		if err != nil {
			return postgres.Wrap(err, "remembering the undo")
		}
		for _, c := range changes {
			code, value := c.Reproposed()
			params.Codes, params.Fields = append(params.Codes, string(code)), append(params.Fields, c.FieldName())
			params.Values = append(params.Values, value)
		}
	}
	return postgres.Wrap(servicesql.New(tx).MarkServicesUndone(ctx, params), "remembering the undo")
}
