package runstore

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Record stores a part of the plan: its changes, and what to keep of the
// records they derive from.
func (x *OrganisationSession) Record(ctx context.Context, compared []runs.Compared, plan runs.Plan) error {
	if err := x.recordChanges(ctx, plan.Changes, false); err != nil {
		return err
	}
	x.rows += len(compared)
	outcomes := make(map[profile.ODSCode]runs.Outcome, len(plan.Outcomes))
	for _, o := range plan.Outcomes {
		outcomes[o.Code] = o
	}
	// Encoded while Postgres receives the previous rows: each has a processor to
	// itself.
	_, err := x.tx.CopyFrom(ctx, pgx.Identifier{"run_record"}, runRecordColumns,
		pgx.CopyFromSlice(len(compared), func(i int) ([]any, error) {
			row, err := x.runRecord(compared[i], outcomes[compared[i].Record.Code])
			return []any{
				row.RunID, row.Code, row.RawHash, row.Facts, row.FactsHash, row.Settled, row.Contradiction, row.Flag, row.Revisit,
				row.PendingSince,
			}, err
		}))
	return postgres.Wrap(err, "storing compared records")
}

var runRecordColumns = []string{
	"run_id", "code", "raw_hash", "facts", "facts_hash", "settled", "contradiction", "flag", "revisit", "pending_since",
}

func (x *OrganisationSession) runRecord(c runs.Compared, o runs.Outcome) (runsql.RunRecordsParams, error) {
	row := runsql.RunRecordsParams{
		RunID: x.run.ID, Code: c.Row.Code, RawHash: c.Row.Hash, Settled: c.OnlyFormDiffers || o.Settled, Contradiction: o.Contradiction,
		Flag: string(o.Flag), Revisit: o.Revisit, PendingSince: o.PendingSince,
	}
	if c.OnlyFormDiffers {
		return row, nil
	}
	facts, err := json.Marshal(c.Record)
	if err != nil {
		return row, fmt.Errorf("record %s: %w", c.Row.Code, err)
	}
	row.Facts, row.FactsHash = facts, c.Digest
	return row, nil
}

// RecordMissing stores marks for profiles that are absent from the listing.
func (x *OrganisationSession) RecordMissing(ctx context.Context, plan runs.Plan) error {
	if err := x.recordChanges(ctx, plan.Changes, false); err != nil {
		return err
	}
	if err := x.plan.MarkMissingUndone(ctx, x.run.ID); err != nil {
		return postgres.Wrap(err, "storing missing marks")
	}
	rows := make([]runsql.RunRecordsParams, 0, len(plan.Outcomes))
	for _, o := range plan.Outcomes {
		rows = append(rows, runsql.RunRecordsParams{RunID: x.run.ID, Code: o.Code, Flag: string(o.Flag)})
	}
	_, err := x.plan.RunRecords(ctx, rows)
	return postgres.Wrap(err, "storing missing marks")
}

// RecordDecision stores the changes that an approval or an undo will apply, and
// lists those it leaves out.
func (x *OrganisationSession) RecordDecision(ctx context.Context, apply, left []runs.Change) error {
	if err := x.recordChanges(ctx, apply, false); err != nil {
		return err
	}
	return x.recordChanges(ctx, left, true)
}

func (x *OrganisationSession) recordChanges(ctx context.Context, changes []runs.Change, moved bool) error {
	rows := make([]runsql.PlanRowsParams, 0, len(changes))
	for _, c := range changes {
		rows = append(rows, runsql.PlanRowsParams{
			RunID: x.run.ID, Code: c.Code, Field: c.Field.String(), Type: c.Type, Verb: c.Verb, Old: c.Old, New: c.New, Reason: c.Reason,
			Undone: c.Undone, Moved: moved, Digest: c.Digest(),
		})
	}
	x.rows += len(rows)
	_, err := x.plan.PlanRows(ctx, rows)
	return postgres.Wrap(err, "storing the plan")
}

// Quarantine keeps a record that could not be understood.
func (x *OrganisationSession) Quarantine(ctx context.Context, hash profile.Hash, r profile.Rejected) error {
	return Quarantine(ctx, x.tx, x.run.Source, x.run.Report, hash, r)
}

// Groups counts the plan as the guard measures it.
func (x *OrganisationSession) Groups(ctx context.Context) (map[runs.Group]int, runs.Situation, error) {
	rows, err := x.plan.PlanGroups(ctx, x.run.ID)
	if err != nil {
		return nil, runs.Situation{}, postgres.Wrap(err, "counting the plan")
	}
	groups := make(map[runs.Group]int, len(rows))
	for _, row := range rows {
		field, _ := profile.ParseField(row.Field) // no field: a creation or a mark
		groups[runs.Group{Type: row.Type, Verb: row.Verb, Field: field, Undone: row.Undone}] = row.Count
	}
	return groups, runs.Situation{Open: x.open}, nil
}

// Withhold holds groups of changes back.
func (x *OrganisationSession) Withhold(ctx context.Context, verdicts map[runs.Group]runs.WithheldReason) error {
	for group, reason := range verdicts {
		err := x.plan.WithholdGroup(ctx, runsql.WithholdGroupParams{
			RunID: x.run.ID, Type: group.Type, Verb: group.Verb, Field: group.Field.String(), Undone: group.Undone, Reason: reason,
		})
		if err != nil {
			return postgres.Wrap(err, "withholding")
		}
	}
	if len(verdicts) == 0 {
		return nil
	}
	return postgres.Wrap(x.plan.UnsettleWithheld(ctx, x.run.ID), "withholding")
}

// Summarise counts and digests what the plan would do now.
func (x *OrganisationSession) Summarise(ctx context.Context) (runs.Summary, error) {
	summary, err := x.Session.Summarise(ctx)
	if err != nil {
		return summary, err
	}
	opening, err := x.plan.CountOpening(ctx, x.run.ID)
	summary.Population = total(x.open) + opening.Opens - opening.Closes
	return summary, postgres.Wrap(err, "counting what is open")
}

// MoveWatermark records how far a delta has come, in the transaction of its
// plan.
func (x *OrganisationSession) MoveWatermark(ctx context.Context, stream string, until profile.Date) error {
	err := x.plan.MoveWatermark(ctx, runsql.MoveWatermarkParams{Source: x.run.Source, Stream: stream, Until: until})
	return postgres.Wrap(err, "moving the watermark")
}

// FlagDeleted flags profiles whose records were deleted from the register.
func (x *OrganisationSession) FlagDeleted(ctx context.Context, codes []profile.ODSCode) error {
	err := x.plan.FlagDeleted(ctx, runsql.FlagDeletedParams{Source: x.run.Source, Codes: postgres.Texts(codes)})
	return postgres.Wrap(err, "flagging deleted records")
}

var _ pgx.CopyFromSource = (*stagingRows)(nil)
