package planstore

import (
	"context"
	"iter"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/planstore/plansql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// chunk is how many changes are read at a time.
const chunk = 4000

// Change is a change of a plan, as people see it.
type Change struct {
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

// Shown is a change among those of its kind: profiles in which the same fact
// changes in the same way.
type Shown struct {
	Change

	Fact     string
	Profiles int // of the kind
}

// ShownChanges returns the changes of a plan in the order in which people read
// them: what is withheld first, then kind by kind, and of addresses first those of
// another postcode. Of each kind it returns the first profiles, at most so many; 0
// means all. The values of creations are left out.
func (s *Store) ShownChanges(ctx context.Context, id runs.PlanID, most int) ([]Shown, error) {
	rows, err := s.q.ShowPlan(ctx, plansql.ShowPlanParams{PlanID: id, Most: int64(most)})
	shown := make([]Shown, len(rows))
	for i, r := range rows {
		shown[i] = Shown{
			Change: Change{
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
func (s *Store) Changes(ctx context.Context, id runs.PlanID) iter.Seq2[[]Change, error] {
	return func(yield func([]Change, error) bool) {
		page := plansql.ChangesPageParams{PlanID: id, Most: chunk}
		for more := true; more; {
			rows, err := s.q.ChangesPage(ctx, page)
			changes := make([]Change, len(rows))
			for i, r := range rows {
				changes[i] = Change(r)
				page.AfterCode, page.AfterField = string(r.Code), r.Field
			}
			more = yield(changes, postgres.Wrap(err, "changes of plan "+id.String())) && err == nil && len(rows) == chunk
		}
	}
}
