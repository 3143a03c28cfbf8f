package runstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Chunk is the part of a plan that one transaction applies: the codes after
// After, up to and including Upto.
type Chunk struct {
	RunID       runs.ID
	After, Upto string
}

// ApplyChunk applies the next chunk of a sealed plan, from where the last process
// stopped: at most the given number of codes, with their audit rows, in one
// transaction. It returns how many codes the chunk held, 0 at the end of the
// plan.
func (x *Session) ApplyChunk(ctx context.Context, run runs.Run, most int, write func(pgx.Tx, Chunk) error) (codes int, err error) {
	err = inTx(ctx, x.Conn, func(q *runsql.Queries, tx pgx.Tx) error {
		next, err := q.NextChunk(ctx, runsql.NextChunkParams{RunID: run.ID, Most: most})
		if codes = next.Codes; err != nil || codes == 0 {
			return err
		}
		if err := q.SetWriter(ctx, writer(run)); err != nil {
			return err
		}
		if err := write(tx, Chunk{run.ID, next.AppliedTo, next.ChunkEnd}); err != nil {
			return err
		}
		return q.MoveCursor(ctx, runsql.MoveCursorParams{ID: run.ID, AppliedTo: next.ChunkEnd})
	})
	return codes, postgres.Wrap(err, fmt.Sprintf("applying run %d", run.ID))
}

// writer names a run to the audit. A pull of organisations itself records whether
// its records match the profiles it writes; any other write to a profile marks its
// record as unsettled.
func writer(run runs.Run) runsql.SetWriterParams {
	w := runsql.SetWriterParams{Actor: run.Actor, Run: run.ID.String()}
	if run.Source == profile.SourceODS && run.Kind.Pulls() {
		w.Report = run.Report
	}
	return w
}

// Complete ends an applied run and returns its summary, with the time it took. In
// the same transaction, the rows it approved are marked as decided, and accept
// puts its findings into force. If rows were left out, the open profiles of the
// types are counted again; without types, the population is kept.
func (x *Session) Complete(ctx context.Context, run runs.Run, types []profile.OrgType, elapsedMS int64, accept func(pgx.Tx) error) (
	summary runs.Summary, err error,
) {
	err = inTx(ctx, x.Conn, func(q *runsql.Queries, tx pgx.Tx) error {
		summary = run.Summary
		summary.ElapsedMS, summary.State = elapsedMS, runs.RunDone
		if len(summary.Withheld) > 0 {
			summary.State = runs.RunWithheld
		}
		if err := noteDecision(ctx, q, run, &summary); err != nil {
			return err
		}
		if err := accept(tx); err != nil {
			return err
		}
		if err := leftOut(ctx, q, run, types, &summary); err != nil {
			return err
		}
		if summary.ApprovedAhead, err = planstore.Count(ctx, tx, run.ID); err != nil {
			return err
		}
		if run.Kind == runs.RunUndo { // looks were given back
			if err := countStanding(ctx, q, run, &summary); err != nil {
				return err
			}
		}
		return endRun(ctx, q, run, summary)
	})
	return summary, err
}

// noteDecision records on the parent that it was approved or undone.
func noteDecision(ctx context.Context, q *runsql.Queries, run runs.Run, summary *runs.Summary) error {
	switch run.Kind {
	case runs.RunApprove:
		if err := q.FinishApproval(ctx, run.ID); err != nil {
			return postgres.Wrap(err, "recording the approval")
		}
		if err := q.EndLeftOut(ctx, &run.ID); err != nil {
			return postgres.Wrap(err, "recording the approval")
		}
		return countWaiting(ctx, q, run, summary)
	case runs.RunUndo:
		if err := q.GiveRejectionsBack(ctx, &run.Parent); err != nil {
			return postgres.Wrap(err, "giving rejections back")
		}
		return noteUndone(ctx, q, run)
	default:
		return nil
	}
}

// noteUndone records on the parent that it was undone, and on what waited of it.
func noteUndone(ctx context.Context, q *runsql.Queries, undo runs.Run) error {
	if err := q.NoteUndone(ctx, undo.ID); err != nil {
		return postgres.Wrap(err, "recording the undo")
	}
	if err := q.MarkEnded(ctx, runsql.MarkEndedParams{RunID: int64(undo.ID), Actor: undo.Actor}); err != nil {
		return postgres.Wrap(err, "remembering the undo")
	}
	err := q.ForgetEnded(ctx, runsql.ForgetEndedParams{RunID: &undo.ID, ParentID: undo.Parent})
	return postgres.Wrap(err, "forgetting an undo")
}
