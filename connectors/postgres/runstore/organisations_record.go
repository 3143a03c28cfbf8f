package runstore

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

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
	ended := make([]EndedRow, len(plan.Ended))
	for i, w := range plan.Ended {
		ended[i] = EndedRow{Run: w.Run, Code: w.Code, Field: w.Field.String(), Replaced: w.Replaced}
	}
	if err := x.EndWaiting(ctx, ended); err != nil {
		return err
	}
	lifted := make([]LiftedRow, len(plan.Lifted))
	for i, r := range plan.Lifted {
		lifted[i] = LiftedRow{r.Code, r.Field.String()}
	}
	if err := x.Lift(ctx, lifted); err != nil {
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
	for _, f := range o.NotCompared {
		c.Record.NotCompared = append(c.Record.NotCompared, f.String())
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
		row := runsql.PlanRowsParams{
			RunID: x.run.ID, Code: c.Code, Field: c.Field.String(), Fact: c.Field.Fact().String(), Type: c.Type, Verb: c.Verb,
			Old: c.Old, New: c.New, Reason: c.Reason, Undone: c.Undone, Moved: moved, LeftOut: WhyLeft(moved, c.Left), Digest: c.Digest(),
		}
		if c.Waits != runs.NotWithheld {
			row.Withheld, row.Waits, row.SinceRun = c.Waits, true, &c.Since
		}
		if c.Ahead != 0 {
			row.AheadID = &c.Ahead
			x.ahead++
		}
		rows = append(rows, row)
	}
	x.rows += len(rows)
	_, err := x.plan.PlanRows(ctx, rows)
	return postgres.Wrap(err, "storing the plan")
}

// Quarantine keeps a record that could not be understood.
func (x *OrganisationSession) Quarantine(ctx context.Context, hash profile.Hash, r profile.Rejected) error {
	return Quarantine(ctx, x.tx, x.run.Source, x.run.Report, hash, r)
}

// Groups counts the plan as the guard measures it, and what already waits.
func (x *OrganisationSession) Groups(ctx context.Context) (map[runs.Group]int, runs.Situation, error) {
	situation := runs.Situation{Open: x.open}
	rows, err := x.plan.PlanGroups(ctx, x.run.ID)
	if err != nil || len(rows) == 0 {
		return nil, situation, postgres.Wrap(err, "counting the plan")
	}
	groups := make(map[runs.Group]int, len(rows))
	for _, row := range rows {
		group := runs.Group{
			Type: row.Type, Verb: row.Verb, Fact: fact(row.Fact), Undone: row.Undone, Waits: row.Withheld, Ahead: row.Ahead,
		}
		groups[group] = row.Count
	}
	waiting, err := x.plan.WaitingGroups(ctx, runsql.WaitingGroupsParams{
		RunID: x.run.ID, Source: x.run.Source, Report: x.run.Report, Types: postgres.Texts(slices.Collect(maps.Keys(x.open))),
	})
	situation.Waiting = make(map[runs.Group]int, len(waiting))
	for _, row := range waiting {
		situation.Waiting[runs.Group{Type: row.Type, Verb: row.Verb, Fact: fact(row.Fact), Undone: row.Undone}] = row.Count
	}
	if err != nil {
		return nil, situation, postgres.Wrap(err, "counting what waits")
	}
	return groups, situation, x.countUnexplained(ctx, groups, &situation)
}

// countUnexplained counts boards that change without a reason, if any board changes.
func (x *OrganisationSession) countUnexplained(ctx context.Context, groups map[runs.Group]int, at *runs.Situation) error {
	if !slices.ContainsFunc(slices.Collect(maps.Keys(groups)), func(g runs.Group) bool { return g.Fact == profile.FieldICB }) {
		return nil
	}
	rows, err := x.plan.UnexplainedBoards(ctx, x.run.ID)
	at.Unexplained = make(map[profile.OrgType]int, len(rows))
	for _, row := range rows {
		at.Unexplained[row.Type] = row.Count
	}
	return postgres.Wrap(err, "counting boards")
}

// fact is the field of a stored fact; none for a creation or a mark.
func fact(name string) profile.Field {
	field, _ := profile.ParseField(name)
	return field
}

// Withhold holds groups of changes back.
func (x *OrganisationSession) Withhold(ctx context.Context, verdicts map[runs.Group]runs.WithheldReason) error {
	for group, reason := range verdicts {
		if group.Waits != runs.NotWithheld {
			continue // since it was planned
		}
		err := x.plan.WithholdGroup(ctx, runsql.WithholdGroupParams{
			RunID: x.run.ID, Type: group.Type, Verb: group.Verb, Fact: group.Fact.String(), Undone: group.Undone, Reason: reason,
		})
		if err != nil {
			return postgres.Wrap(err, "withholding")
		}
	}
	return nil
}

// LeaveClosed drops the other changes of profiles that stay closed, since their
// openings will be withheld.
func (x *OrganisationSession) LeaveClosed(ctx context.Context, openings []runs.Group) error {
	for _, group := range openings {
		err := x.plan.LeaveClosed(ctx, runsql.LeaveClosedParams{RunID: x.run.ID, Type: group.Type, Verb: group.Verb, Undone: group.Undone})
		if err != nil {
			return postgres.Wrap(err, "leaving closed profiles as they are")
		}
	}
	return nil
}

// Summarise counts and digests what the plan would do now. Whatever else waits of
// the profiles that it closes waits no longer.
func (x *OrganisationSession) Summarise(ctx context.Context) (runs.Summary, error) {
	opening, err := x.plan.CountOpening(ctx, x.run.ID)
	if err != nil {
		return runs.Summary{}, postgres.Wrap(err, "counting what is open")
	}
	if opening.Closes > 0 {
		if err := x.plan.EndRowsOfClosing(ctx, &x.run.ID); err != nil {
			return runs.Summary{}, postgres.Wrap(err, "withdrawing what waited")
		}
	}
	summary, err := x.Session.Summarise(ctx)
	summary.Population = total(x.open) + opening.Opens - opening.Closes
	return summary, err
}

// MoveWatermark records how far a delta has come, in the transaction of its
// plan.
func (x *OrganisationSession) MoveWatermark(ctx context.Context, stream string, until profile.Date) error {
	err := x.plan.MoveWatermark(ctx, runsql.MoveWatermarkParams{
		Source: x.run.Source, Stream: stream, Until: until, Today: x.run.AsOf,
	})
	return postgres.Wrap(err, "moving the watermark")
}

// FlagDeleted flags profiles whose records were deleted from the register.
func (x *OrganisationSession) FlagDeleted(ctx context.Context, codes []profile.ODSCode) error {
	err := x.plan.FlagDeleted(ctx, runsql.FlagDeletedParams{Source: x.run.Source, Codes: postgres.Texts(codes)})
	return postgres.Wrap(err, "flagging deleted records")
}

var _ pgx.CopyFromSource = (*stagingRows)(nil)
