package runstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

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
	return runs.Run{
		Kind: row.Kind, Source: row.Source, Report: row.Report, AsOf: row.AsOf, Codes: row.Codes, Upload: row.Upload, Plan: id,
	}, nil
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

func getPlan(ctx context.Context, q *runsql.Queries, id runs.PlanID) (runsql.GetPlanRow, error) {
	row, err := q.GetPlan(ctx, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return row, fmt.Errorf("there is no plan %s", id)
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

// PlanChange is a change of a plan, as people see it.
type PlanChange struct {
	Code     profile.ODSCode     `json:"code"`
	Name     string              `json:"name"`
	Type     profile.OrgType     `json:"type"`
	Verb     runs.Verb           `json:"verb"`
	Field    string              `json:"field"`
	Old      string              `json:"old"`
	New      string              `json:"new"`
	Reason   runs.Reason         `json:"reason"`
	Withheld runs.WithheldReason `json:"withheld,omitempty"`
}

// ShownChange is a change among those of its kind: profiles in which the same fact
// changes in the same way.
type ShownChange struct {
	PlanChange

	Fact     string
	Profiles int // of the kind
}

// ShownChanges returns the changes of a plan in the order in which people read
// them: what is withheld first, then kind by kind, and of addresses first those of
// another postcode. Of each kind it returns the first profiles, at most so many; 0
// means all. The values of creations are left out.
func (s *Store) ShownChanges(ctx context.Context, id runs.PlanID, most int) ([]ShownChange, error) {
	rows, err := s.q.ShowPlan(ctx, runsql.ShowPlanParams{PlanID: id, Most: int64(most)})
	shown := make([]ShownChange, len(rows))
	for i, r := range rows {
		shown[i] = ShownChange{
			PlanChange: PlanChange{
				Code: r.Code, Name: r.Name, Type: r.Type, Verb: runs.Verb(r.Verb), Field: r.Field, Old: r.Old, New: r.New,
				Reason: runs.Reason(r.Reason), Withheld: runs.WithheldReason(r.Withheld),
			},
			Fact: r.Fact, Profiles: int(r.Profiles),
		}
	}
	return shown, postgres.Wrap(err, "changes of plan "+id.String())
}

// Changes returns every change of a plan, page by page, in the order of code and
// field.
func (s *Store) Changes(ctx context.Context, id runs.PlanID) iter.Seq2[[]PlanChange, error] {
	return func(yield func([]PlanChange, error) bool) {
		page := runsql.ChangesPageParams{PlanID: id, Most: chunk}
		for more := true; more; {
			rows, err := s.q.ChangesPage(ctx, page)
			changes := make([]PlanChange, len(rows))
			for i, r := range rows {
				changes[i] = PlanChange(r)
				page.AfterCode, page.AfterField = string(r.Code), r.Field
			}
			more = yield(changes, postgres.Wrap(err, "changes of plan "+id.String())) && err == nil && len(rows) == chunk
		}
	}
}
