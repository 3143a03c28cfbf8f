package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres/dbsqlc"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// part is the stretch of a plan that one transaction applies: the codes behind
// after, up to upto.
type part struct {
	run         int64
	after, upto string
}

// Apply applies a sealed plan chunk by chunk, each with its audit rows in one
// transaction, from where the last process left it: pass 2 of a run.
func (x *OrganisationSession) Apply(ctx context.Context, run runs.Run, applied func(codes int)) error {
	undoesUndo, err := x.undoesUndo(ctx, run)
	if err != nil {
		return err
	}
	for first := true; ; first = false {
		var codes int
		err := inTx(ctx, x.conn, func(q *dbsqlc.Queries, _ pgx.Tx) (err error) {
			codes, err = applyPart(ctx, q, run, undoesUndo)
			return err
		})
		if err != nil {
			return fmt.Errorf("applying run %d: %w", run.ID, explain(err))
		}
		if codes == 0 {
			return nil
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

// applyPart applies the next chunk and returns how many codes it held.
func applyPart(ctx context.Context, q *dbsqlc.Queries, run runs.Run, undoesUndo bool) (codes int, err error) {
	p := part{run: int64(run.ID)}
	row, err := q.NextChunk(ctx, dbsqlc.NextChunkParams{RunID: p.run, Most: chunk})
	if err != nil || row.Codes == 0 {
		return 0, err
	}
	p.after, p.upto = row.AppliedTo, row.ChunkEnd
	steps := []func(context.Context, *dbsqlc.Queries) error{
		func(ctx context.Context, q *dbsqlc.Queries) error {
			return q.SetWriter(ctx, writer(run))
		},
		func(ctx context.Context, q *dbsqlc.Queries) error { return q.GoByKey(ctx) },
		p.lock, p.create, p.update, p.missing, p.accept, p.flag, p.endWaiting,
	}
	switch {
	case run.Kind == runs.RunUndo && !undoesUndo:
		steps = append(steps, p.markUndone)
	case run.Kind == runs.RunApprove, undoesUndo:
		steps = append(steps, p.forgetMarks)
	}
	for _, step := range append(steps, p.moveCursor) {
		if err := step(ctx, q); err != nil {
			return 0, err
		}
	}
	return int(row.Codes), nil
}

// writer names a run to the audit. A pull says itself how its own records stand
// to the profiles it writes; what else writes a profile unsettles them.
func writer(run runs.Run) dbsqlc.SetWriterParams {
	w := dbsqlc.SetWriterParams{Actor: run.Actor, Run: run.ID.String()}
	if run.Kind == runs.RunListing || run.Kind == runs.RunDelta {
		w.Report = run.Report
	}
	return w
}

// lock takes the profiles and leaves out what moved since the plan was made.
func (p part) lock(ctx context.Context, q *dbsqlc.Queries) error {
	if err := q.LockChunk(ctx, dbsqlc.LockChunkParams{RunID: p.run, After: p.after, Upto: p.upto}); err != nil {
		return err
	}
	return q.MarkMoved(ctx, dbsqlc.MarkMovedParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) create(ctx context.Context, q *dbsqlc.Queries) error {
	return q.ApplyCreations(ctx, dbsqlc.ApplyCreationsParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) update(ctx context.Context, q *dbsqlc.Queries) error {
	return q.ApplyUpdates(ctx, dbsqlc.ApplyUpdatesParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) missing(ctx context.Context, q *dbsqlc.Queries) error {
	return q.ApplyMissing(ctx, dbsqlc.ApplyMissingParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) accept(ctx context.Context, q *dbsqlc.Queries) error {
	err := q.AcceptRecords(ctx, dbsqlc.AcceptRecordsParams{
		RunID: p.run, After: p.after, Upto: p.upto, RulesVersion: runs.RulesVersion,
	})
	if err != nil {
		return err
	}
	return q.AcceptForms(ctx, dbsqlc.AcceptFormsParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) flag(ctx context.Context, q *dbsqlc.Queries) error {
	return q.FlagAbsent(ctx, dbsqlc.FlagAbsentParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) endWaiting(ctx context.Context, q *dbsqlc.Queries) error {
	return q.EndWaiting(ctx, dbsqlc.EndWaitingParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) markUndone(ctx context.Context, q *dbsqlc.Queries) error {
	return q.MarkUndone(ctx, dbsqlc.MarkUndoneParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) forgetMarks(ctx context.Context, q *dbsqlc.Queries) error {
	return q.ForgetMarks(ctx, dbsqlc.ForgetMarksParams{RunID: p.run, After: p.after, Upto: p.upto})
}

func (p part) moveCursor(ctx context.Context, q *dbsqlc.Queries) error {
	return q.MoveCursor(ctx, dbsqlc.MoveCursorParams{ID: p.run, AppliedTo: p.upto})
}

// Finish ends an applied run and returns its summary, with the time it took.
func (x *OrganisationSession) Finish(ctx context.Context, run runs.Run, types []profile.OrgType, elapsedMS int64) (
	summary runs.Summary, err error,
) {
	err = inTx(ctx, x.conn, func(q *dbsqlc.Queries, _ pgx.Tx) error {
		summary = run.Summary
		summary.ElapsedMS, summary.State = elapsedMS, runs.RunDone
		if len(summary.Withheld) > 0 {
			summary.State = runs.RunWithheld
		}
		if err := leftOut(ctx, q, run, types, &summary); err != nil {
			return err
		}
		if err := accept(ctx, q, run); err != nil {
			return err
		}
		return endRun(ctx, q, run, summary)
	})
	return summary, err
}

// accept makes a listing the yardstick of its report, unless it is short. To
// approve a short listing is to accept it after all.
func accept(ctx context.Context, q *dbsqlc.Queries, run runs.Run) error {
	listing := run
	if run.Kind == runs.RunApprove {
		decision := dbsqlc.DecideRowsParams{RunID: int64(run.Parent), ChildID: int64(run.ID), Decision: "approved"}
		if _, err := q.DecideRows(ctx, decision); err != nil {
			return wrap(err, "recording the approval")
		}
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
	accepted := dbsqlc.AcceptListingParams{
		Source: string(listing.Source), Report: listing.Report, AsOf: toDate(listing.AsOf),
		Records: int32(listing.Summary.Records), Etag: listing.Stamp.ETag, RulesVersion: runs.RulesVersion,
	}
	if listing.Summary.Rejected == 0 {
		accepted.Digest = listing.Stamp.Digest[:]
	}
	err := q.AcceptListing(ctx, accepted)
	return wrap(err, "accepting the listing")
}
