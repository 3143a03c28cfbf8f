package runstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// KeepPlan keeps the plan for a week, with its summary, and returns its number. It
// reads in the transaction of the plan and writes in another one, page by page.
func (x *Session) KeepPlan(ctx context.Context, summary runs.Summary) (id runs.PlanID, err error) {
	stored, err := json.Marshal(summary)
	if err != nil {
		return 0, fmt.Errorf("summary: %w", err)
	}
	err = inTx(ctx, x.db, func(q *runsql.Queries, _ pgx.Tx) error {
		id, err = q.InsertPlan(ctx, runsql.InsertPlanParams{
			Kind: x.run.Kind, Source: x.run.Source, Report: x.run.Report, AsOf: x.run.AsOf, Codes: append([]profile.ODSCode{}, x.run.Codes...),
			Upload: x.run.Upload, Digest: summary.Digest, Summary: stored, Actor: x.run.Actor, OsUser: x.run.OSUser,
		})
		if err != nil {
			return err
		}
		return x.keepChanges(ctx, q, id)
	})
	return id, postgres.Wrap(err, "keeping the plan")
}

func (x *Session) keepChanges(ctx context.Context, q *runsql.Queries, id runs.PlanID) error {
	page := runsql.PlanPageParams{RunID: x.run.ID, Most: chunk}
	for {
		rows, err := x.plan.PlanPage(ctx, page)
		if err != nil {
			return err
		}
		changes := make([]runsql.KeepChangesParams, len(rows))
		for i, r := range rows {
			changes[i] = runsql.KeepChangesParams{
				PlanID: id, Code: r.Code, Field: r.Field, Fact: r.Fact, Type: r.Type, Verb: r.Verb, Old: r.Old, New: r.New, Reason: r.Reason,
				Withheld: r.Withheld, Digest: r.Digest,
			}
		}
		if _, err := q.KeepChanges(ctx, changes); err != nil || len(rows) < chunk {
			return err
		}
		page.AfterCode, page.AfterField = string(rows[len(rows)-1].Code), rows[len(rows)-1].Field
	}
}

// Plan returns the run that applies a plan exactly, without who asks for it. A plan
// that is applied already or not kept any more is an error.
func (s *Store) Plan(ctx context.Context, id runs.PlanID) (runs.Run, error) {
	row, err := getPlan(ctx, s.q, id)
	if err != nil {
		return runs.Run{}, err
	}
	if !row.Kept {
		return runs.Run{}, runs.NotKept(id)
	}
	return applying(id, row), nil
}

// applying is the run that applies a plan exactly.
func applying(id runs.PlanID, row runsql.GetPlanRow) runs.Run {
	return runs.Run{Kind: row.Kind, Source: row.Source, Report: row.Report, AsOf: row.AsOf, Codes: row.Codes, Upload: row.Upload, Plan: id}
}

// PlanReadWith returns what a plan was read with if that was not kept, else nil.
func (s *Store) PlanReadWith(ctx context.Context, id runs.PlanID) (*runs.ReadWith, error) {
	row, err := getPlan(ctx, s.q, id)
	if err != nil {
		return nil, err
	}
	var summary runs.Summary
	err = json.Unmarshal(row.Summary, &summary)
	return summary.ReadWith, postgres.Wrap(err, "summary of plan "+id.String())
}

// KeptPlan is a plan as it was shown.
type KeptPlan struct {
	runs.Run // as it would be applied

	Summary   runs.Summary
	AppliedIn runs.ID // 0 while no run has applied it
	Kept      bool    // it can still be applied
}

// KeptPlan returns a plan as it was shown, whatever has become of it.
func (s *Store) KeptPlan(ctx context.Context, id runs.PlanID) (KeptPlan, error) {
	row, err := s.q.GetPlan(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return KeptPlan{}, postgres.NotFoundError("there is no plan " + id.String())
	}
	if err != nil {
		return KeptPlan{}, postgres.Wrap(err, "plan "+id.String())
	}
	k := KeptPlan{Run: applying(id, row), AppliedIn: runs.ID(row.AppliedIn), Kept: row.Kept}
	err = json.Unmarshal(row.Summary, &k.Summary)
	k.Summary.Plan = id
	return k, postgres.Wrap(err, "summary of plan "+id.String())
}

func getPlan(ctx context.Context, q *runsql.Queries, id runs.PlanID) (runsql.GetPlanRow, error) {
	row, err := q.GetPlan(ctx, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return row, postgres.NotFoundError("there is no plan " + id.String())
	case err == nil && row.Kind == runs.RunRehearsal:
		return row, runs.Rehearsed(id, row.AsOf)
	case err == nil && row.AppliedIn != 0:
		return row, runs.AlreadyApplied(id, runs.ID(row.AppliedIn))
	default:
		return row, postgres.Wrap(err, "plan "+id.String())
	}
}

// differencesShown is how many differences a refusal names.
const differencesShown = 20

// MatchPlan returns nil if the run that is planned does exactly what a kept plan
// shows, and no run has applied that plan; else why it is refused.
func (x *Session) MatchPlan(ctx context.Context, id runs.PlanID) error {
	if _, err := getPlan(ctx, x.plan, id); err != nil {
		return err
	}
	rows, err := x.plan.CompareWithPlan(ctx, runsql.CompareWithPlanParams{PlanID: id, RunID: x.run.ID, Most: differencesShown})
	if err != nil || len(rows) == 0 {
		return postgres.Wrap(err, "comparing with plan "+id.String())
	}
	differs := runs.Differs{New: int(rows[0].Fresh), Gone: int(rows[0].Gone), Other: int(rows[0].Other)}
	for _, r := range rows {
		differs.Rows = append(differs.Rows, runs.Difference{
			Code: profile.ODSCode(r.Code), Field: r.Field,
			Planned: intent(r.PlannedVerb, r.PlannedOld, r.PlannedNew, r.PlannedWithheld),
			Now:     intent(r.NowVerb, r.NowOld, r.NowNew, r.NowWithheld),
		})
	}
	return &runs.DiffersError{Plan: id, Differs: differs}
}

// intent is one side of a difference; nil where that side has no change.
func intent(verb, before, after, withheld string) *runs.Intent {
	if verb == "" {
		return nil
	}
	return &runs.Intent{Verb: runs.Verb(verb), Old: before, New: after, Withheld: runs.WithheldReason(withheld)}
}
