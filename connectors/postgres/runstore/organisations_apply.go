package runstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
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
			return applyPart(ctx, runsql.New(tx), run, part{int64(c.Run), c.After, c.Upto}, undoesUndo)
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

// part is the stretch of a plan that one transaction applies, as the statements
// take it.
type part struct {
	run         int64
	after, upto string
}

func applyPart(ctx context.Context, q *runsql.Queries, run runs.Run, p part, undoesUndo bool) error {
	steps := []func(context.Context, *runsql.Queries) error{
		func(ctx context.Context, q *runsql.Queries) error { return q.GoByKey(ctx) },
		p.lock, p.create, p.update, p.missing, p.accept, p.flag, p.endWaiting,
	}
	switch {
	case run.Kind == runs.RunUndo && !undoesUndo:
		steps = append(steps, p.markUndone)
	case run.Kind == runs.RunApprove, undoesUndo:
		steps = append(steps, p.forgetMarks)
	}
	for _, step := range steps {
		if err := step(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// lock takes the profiles and leaves out what moved since the plan was made.
func (p part) lock(ctx context.Context, q *runsql.Queries) error {
	if err := q.LockChunk(ctx, runsql.LockChunkParams{RunID: p.run, After: p.after, Upto: p.upto}); err != nil {
		return err
	}
	return q.MarkMoved(ctx, runsql.MarkMovedParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) create(ctx context.Context, q *runsql.Queries) error {
	return q.ApplyCreations(ctx, runsql.ApplyCreationsParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) update(ctx context.Context, q *runsql.Queries) error {
	return q.ApplyUpdates(ctx, runsql.ApplyUpdatesParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) missing(ctx context.Context, q *runsql.Queries) error {
	return q.ApplyMissing(ctx, runsql.ApplyMissingParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) accept(ctx context.Context, q *runsql.Queries) error {
	err := q.AcceptRecords(ctx, runsql.AcceptRecordsParams{
		RunID: p.run, After: p.after, Upto: p.upto, RulesVersion: runs.RulesVersion,
	})
	if err != nil {
		return err
	}
	return q.AcceptForms(ctx, runsql.AcceptFormsParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) flag(ctx context.Context, q *runsql.Queries) error {
	return q.FlagAbsent(ctx, runsql.FlagAbsentParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) endWaiting(ctx context.Context, q *runsql.Queries) error {
	return q.EndWaiting(ctx, runsql.EndWaitingParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) markUndone(ctx context.Context, q *runsql.Queries) error {
	return q.MarkUndone(ctx, runsql.MarkUndoneParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) forgetMarks(ctx context.Context, q *runsql.Queries) error {
	return q.ForgetMarks(ctx, runsql.ForgetMarksParams{RunID: p.run, After: p.after, Upto: p.upto})
}

// Finish ends an applied run and returns its summary, with the time it took.
func (x *OrganisationSession) Finish(ctx context.Context, run runs.Run, types []profile.OrgType, elapsedMS int64) (runs.Summary, error) {
	return x.Complete(ctx, run, types, elapsedMS, func(tx pgx.Tx) error { return accept(ctx, runsql.New(tx), run) })
}

// accept makes a listing the yardstick of its report, unless it is short. To
// approve a short listing is to accept it after all.
func accept(ctx context.Context, q *runsql.Queries, run runs.Run) error {
	listing := run
	if run.Kind == runs.RunApprove {
		parent, err := getRun(ctx, q, run.Parent)
		if err != nil {
			return err
		}
		listing = parent
	}
	if listing.Kind != runs.RunListing || listing.Summary.Records == 0 ||
		listing.Summary.Short() != (run.Kind == runs.RunApprove) {
		return nil
	}
	accepted := runsql.AcceptListingParams{
		Source: string(listing.Source), Report: listing.Report, AsOf: toDate(listing.AsOf),
		Records: int32(listing.Summary.Records), Etag: listing.Stamp.ETag, RulesVersion: runs.RulesVersion,
	}
	if listing.Summary.Rejected == 0 {
		accepted.Digest = listing.Stamp.Digest[:]
	}
	err := q.AcceptListing(ctx, accepted)
	return postgres.Wrap(err, "accepting the listing")
}
