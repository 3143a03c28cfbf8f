package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres/dbsqlc"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Record stores a part of the plan: its changes, and what will be remembered
// of the records they follow from.
func (d *Draft) Record(ctx context.Context, compared []runs.Compared, plan runs.Plan) error {
	if err := d.recordChanges(ctx, plan.Changes, false); err != nil {
		return err
	}
	d.planned += len(compared)
	outcomes := make(map[profile.ODSCode]runs.Outcome, len(plan.Outcomes))
	for _, o := range plan.Outcomes {
		outcomes[o.Code] = o
	}
	// Encoded while Postgres takes the rows before: both have a processor to themselves.
	_, err := d.tx.CopyFrom(ctx, pgx.Identifier{"run_record"}, runRecordColumns,
		pgx.CopyFromSlice(len(compared), func(i int) ([]any, error) {
			row, err := d.runRecord(compared[i], outcomes[compared[i].Record.Code])
			return []any{
				row.RunID, row.Code, row.RawHash, row.Facts, row.FactsHash, row.Settled, row.Contradiction, row.Flag, row.Revisit,
				row.PendingSince,
			}, err
		}))
	return wrap(err, "storing compared records")
}

var runRecordColumns = []string{
	"run_id", "code", "raw_hash", "facts", "facts_hash", "settled", "contradiction", "flag", "revisit", "pending_since",
}

func (d *Draft) runRecord(c runs.Compared, o runs.Outcome) (dbsqlc.RunRecordsParams, error) {
	row := dbsqlc.RunRecordsParams{
		RunID: int64(d.run.ID), Code: string(c.Row.Code), RawHash: c.Row.Hash[:], Settled: c.Same || o.Settled,
		Contradiction: o.Contradiction, Flag: string(o.Flag), Revisit: toDate(o.Revisit), PendingSince: toDate(o.PendingSince),
	}
	if c.Same {
		return row, nil
	}
	facts, err := json.Marshal(c.Record)
	if err != nil {
		return row, fmt.Errorf("record %s: %w", c.Row.Code, err)
	}
	row.Facts, row.FactsHash = facts, c.Digest[:]
	return row, nil
}

// RecordMissing stores marks for profiles that are absent from the listing.
func (d *Draft) RecordMissing(ctx context.Context, plan runs.Plan) error {
	if err := d.recordChanges(ctx, plan.Changes, false); err != nil {
		return err
	}
	if err := d.q.MarkMissingUndone(ctx, int64(d.run.ID)); err != nil {
		return wrap(err, "storing missing marks")
	}
	rows := make([]dbsqlc.RunRecordsParams, 0, len(plan.Outcomes))
	for _, o := range plan.Outcomes {
		rows = append(rows, dbsqlc.RunRecordsParams{RunID: int64(d.run.ID), Code: string(o.Code), Flag: string(o.Flag)})
	}
	_, err := d.q.RunRecords(ctx, rows)
	return wrap(err, "storing missing marks")
}

// RecordDecision stores what an approval or an undo will apply, and names what
// it leaves out.
func (d *Draft) RecordDecision(ctx context.Context, apply, left []runs.Change) error {
	if err := d.recordChanges(ctx, apply, false); err != nil {
		return err
	}
	return d.recordChanges(ctx, left, true)
}

func (d *Draft) recordChanges(ctx context.Context, changes []runs.Change, moved bool) error {
	rows := make([]dbsqlc.PlanRowsParams, 0, len(changes))
	for _, c := range changes {
		digest := c.Digest()
		rows = append(rows, dbsqlc.PlanRowsParams{
			RunID: int64(d.run.ID), Code: string(c.Code), Field: c.Field.String(), Type: string(c.Type), Verb: string(c.Verb),
			Old: c.Old, New: c.New, Reason: string(c.Reason), Undone: c.Undone, Moved: moved, Digest: digest[:],
		})
	}
	d.planned += len(rows)
	_, err := d.q.PlanRows(ctx, rows)
	return wrap(err, "storing the plan")
}

// Quarantine keeps a record that could not be understood.
func (d *Draft) Quarantine(ctx context.Context, hash profile.Hash, r profile.Rejected) error {
	err := d.q.Quarantine(ctx, dbsqlc.QuarantineParams{
		Source: string(d.run.Source), Report: d.run.Report, Code: string(r.Code), Line: int32(r.Line), Field: r.Field,
		Value: r.Value, Reason: r.Reason, Raw: r.Raw, RawHash: hash[:],
	})
	return wrap(err, "storing a quarantined record")
}

// Judge lets the guard screen the plan and returns the summary of what would
// be applied. A nil guard withholds nothing: what a person approved is applied.
func (d *Draft) Judge(ctx context.Context, guard *runs.Guard, short bool) (runs.Summary, error) {
	summary := runs.NewSummary(d.run)
	if guard != nil {
		d.at.Short = short
		withheld, err := d.withhold(ctx, *guard)
		if err != nil {
			return summary, err
		}
		summary.Withheld = withheld
	}
	var err error
	if summary.Digest, err = d.q.PlanDigest(ctx, dbsqlc.PlanDigestParams{RunID: int64(d.run.ID)}); err != nil {
		return summary, wrap(err, "digesting the plan")
	}
	opening, err := d.q.CountOpening(ctx, int64(d.run.ID))
	if err != nil {
		return summary, wrap(err, "counting what is open")
	}
	summary.Population = total(d.at.Open) + int(opening.Opens-opening.Closes)
	return summary, count(ctx, d.q, d.run, &summary)
}

func (d *Draft) withhold(ctx context.Context, guard runs.Guard) ([]runs.Withheld, error) {
	groups, err := d.groups(ctx)
	if err != nil {
		return nil, err
	}
	verdicts := guard.Judge(groups, d.at)
	for group, reason := range verdicts {
		err := d.q.WithholdGroup(ctx, dbsqlc.WithholdGroupParams{
			RunID: int64(d.run.ID), Type: string(group.Type), Verb: string(group.Verb), Field: group.Field.String(),
			Undone: group.Undone, Reason: string(reason),
		})
		if err != nil {
			return nil, wrap(err, "withholding")
		}
	}
	if len(verdicts) > 0 {
		if err := d.q.UnsettleWithheld(ctx, int64(d.run.ID)); err != nil {
			return nil, wrap(err, "withholding")
		}
	}
	return runs.Summarise(groups, verdicts, d.at), nil
}

func (d *Draft) groups(ctx context.Context) (map[runs.Group]int, error) {
	rows, err := d.q.PlanGroups(ctx, int64(d.run.ID))
	if err != nil {
		return nil, wrap(err, "counting the plan")
	}
	groups := make(map[runs.Group]int, len(rows))
	for _, row := range rows {
		field, _ := profile.ParseField(row.Field) // no field: a creation or a mark
		group := runs.Group{
			Type: profile.OrgType(row.Type), Verb: runs.Verb(row.Verb), Field: field, Undone: row.Undone,
		}
		groups[group] = int(row.Count)
	}
	return groups, nil
}

// big plans make tables grow by so much that old statistics mislead.
const big = 5 * chunk

// Seal stores the plan: from here on the run is applied, also by another
// process when this one dies.
func (d *Draft) Seal(ctx context.Context, summary runs.Summary, stamp runs.Stamp) error {
	stored, err := json.Marshal(summary)
	if err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	if d.planned >= big {
		if err := d.q.AnalyzePlan(ctx); err != nil {
			return wrap(err, "sealing the plan")
		}
	}
	err = d.q.SealPlan(ctx, dbsqlc.SealPlanParams{
		ID: int64(d.run.ID), Digest: summary.Digest, Etag: stamp.ETag, ListingDigest: stamp.Digest[:], Summary: stored,
	})
	if err != nil {
		return wrap(err, "sealing the plan")
	}
	return wrap(d.tx.Commit(ctx), "sealing the plan")
}

// MoveWatermark says how far a delta has come, together with its plan.
func (d *Draft) MoveWatermark(ctx context.Context, stream string, until profile.Date) error {
	err := d.q.MoveWatermark(ctx, dbsqlc.MoveWatermarkParams{Source: string(d.run.Source), Stream: stream, Until: toDate(until)})
	return wrap(err, "moving the watermark")
}

// FlagDeleted flags profiles whose records were deleted from the register.
func (d *Draft) FlagDeleted(ctx context.Context, codes []profile.ODSCode) error {
	err := d.q.FlagDeleted(ctx, dbsqlc.FlagDeletedParams{Source: string(d.run.Source), Codes: texts(codes)})
	return wrap(err, "flagging deleted records")
}

// Discard leaves nothing of the draft. It does nothing after Seal.
func (d *Draft) Discard() { _ = d.tx.Rollback(context.Background()) }

// pages returns the rows of a query that pages on (code, field), one page after
// the other.
func pages(query func(after runs.Change) ([]runs.Change, error), yield func([]runs.Change, error) bool) {
	var after runs.Change
	for more := true; more; {
		changes, err := query(after)
		if err != nil || len(changes) == 0 {
			if err != nil {
				yield(nil, err)
			}
			return
		}
		after = changes[len(changes)-1]
		more = yield(changes, nil) && len(changes) == chunk
	}
}

var _ pgx.CopyFromSource = (*stagingRows)(nil)
