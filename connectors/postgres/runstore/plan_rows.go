package runstore

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Planned is one row of a run's plan and its outcome.
type Planned struct {
	Code     profile.ODSCode     `json:"code"`
	Verb     runs.Verb           `json:"verb"`
	Field    string              `json:"field"`
	Old      string              `json:"old"`
	New      string              `json:"new"`
	Reason   runs.Reason         `json:"reason"`
	Withheld runs.WithheldReason `json:"withheld,omitempty"`
	Moved    bool                `json:"left_out,omitempty"`
	Waits    bool                `json:"waits,omitempty"`
	Decision runs.Decision       `json:"decision,omitempty"`
	In       runs.ID             `json:"decided_in,omitempty"` // the run that approves, withdrew or replaced it
	By       string              `json:"decided_by,omitempty"`
	UndoneBy runs.ID             `json:"decision_undone_by,omitempty"` // the run that took In back
	LeftOut  runs.LeftReason     `json:"because,omitempty"`            // of a row that was left out
	AheadIn  runs.PlanID         `json:"approved_ahead_in,omitempty"`  // the rehearsal of which it was approved ahead
	AheadBy  string              `json:"approved_ahead_by,omitempty"`
}

// Shown is the value after the change in readable form: a creation holds all
// values as JSON, which a table cannot show.
func (p Planned) Shown() string {
	if p.Verb == runs.Create {
		return "(a new profile)"
	}
	return p.New
}

// Fate names the outcome of the row.
func (p Planned) Fate() string {
	switch {
	case p.Decision != runs.Undecided:
		return runs.DecisionCount{Decision: p.Decision, By: p.By, Run: p.In, UndoneBy: p.UndoneBy}.String()
	case p.Withheld != "":
		return "waits: " + string(p.Withheld)
	case p.LeftOut != "":
		return "left out: " + string(p.LeftOut)
	case p.Moved:
		return "left out"
	case p.AheadIn != 0:
		return fmt.Sprintf("approved ahead by %s in %s", p.AheadBy, p.AheadIn)
	default:
		return "applied"
	}
}

// PlanRows returns what a run planned, withheld rows first, and how many more rows
// there are than were wanted.
func (s *Store) PlanRows(ctx context.Context, id runs.ID, withheldOnly bool, most int) (planned []Planned, more int, err error) {
	rows, err := s.q.PlanRowsOf(ctx, runsql.PlanRowsOfParams{RunID: id, WithheldOnly: withheldOnly, Most: most})
	if err != nil {
		return nil, 0, postgres.Wrap(err, fmt.Sprintf("plan of run %d", id))
	}
	all, err := s.q.CountPlanRows(ctx, runsql.CountPlanRowsParams{RunID: id, WithheldOnly: withheldOnly})
	if err != nil {
		return nil, 0, postgres.Wrap(err, fmt.Sprintf("plan of run %d", id))
	}
	planned = make([]Planned, len(rows))
	for i, r := range rows {
		planned[i] = Planned{
			Code: r.Code, Verb: r.Verb, Field: r.Field, Old: r.Old, New: r.New, Reason: r.Reason, Withheld: r.Withheld, Moved: r.Moved,
			Waits: r.Waits, Decision: r.Decision, In: runs.ID(r.DecidedIn), By: r.DecidedBy, UndoneBy: runs.ID(r.UndoneBy),
			LeftOut: r.LeftOut, AheadIn: runs.PlanID(r.AheadIn), AheadBy: r.AheadBy,
		}
	}
	return planned, all - len(rows), nil
}

// TakenBack returns what the undo that is being planned would do to fields, and how many
// more there are than were wanted.
func (x *Session) TakenBack(ctx context.Context, most int) (rows []runs.TakenBack, more int, err error) {
	planned, more, err := (&Store{q: x.plan}).PlanRows(ctx, x.run.ID, false, most)
	for _, p := range planned {
		rows = append(rows, runs.TakenBack{Code: p.Code, Verb: p.Verb, Field: p.Field, Old: p.Old, New: p.New, LeftOut: p.LeftOut})
	}
	return rows, more, err
}

// WhyLeft is the reason for which a row is left out: by default, that the profile
// was edited since. Others have none.
func WhyLeft(left bool, why runs.LeftReason) runs.LeftReason {
	if left {
		return cmp.Or(why, runs.LeftEdited)
	}
	return ""
}

// DecidedRow is a row of a plan that a person decides on, as it is stored.
type DecidedRow struct {
	Code   profile.ODSCode
	Field  string // for a service, with its id: ers-services/4711
	Type   profile.OrgType
	Verb   runs.Verb
	Old    string
	New    string
	Reason runs.Reason
	Undone bool
	Leaves profile.ODSCode // the site that a service leaves
}

// ApprovedRows returns, page by page, the withheld rows that an approval is to
// apply.
func ApprovedRows(ctx context.Context, tx pgx.Tx, id runs.ID) iter.Seq2[[]DecidedRow, error] {
	return decidedPages(func(after DecidedRow) ([]DecidedRow, error) {
		rows, err := runsql.New(tx).ApprovedRows(ctx, runsql.ApprovedRowsParams{
			RunID: &id, AfterCode: string(after.Code), AfterField: after.Field, Most: chunk,
		})
		page := make([]DecidedRow, len(rows))
		for i, row := range rows {
			page[i] = DecidedRow(row)
		}
		return page, postgres.Wrap(err, "reading what was approved")
	})
}

// AppliedRows returns, page by page, the rows that a run applied.
func AppliedRows(ctx context.Context, tx pgx.Tx, id runs.ID) iter.Seq2[[]DecidedRow, error] {
	return decidedPages(func(after DecidedRow) ([]DecidedRow, error) {
		rows, err := runsql.New(tx).AppliedRows(ctx, runsql.AppliedRowsParams{
			RunID: id, AfterCode: string(after.Code), AfterField: after.Field, Most: chunk,
		})
		page := make([]DecidedRow, len(rows))
		for i, row := range rows {
			page[i] = DecidedRow(row)
		}
		return page, postgres.Wrap(err, "reading what was applied")
	})
}

// decidedPages returns the pages of a query that pages on (code, field).
func decidedPages(query func(after DecidedRow) ([]DecidedRow, error)) iter.Seq2[[]DecidedRow, error] {
	return func(yield func([]DecidedRow, error) bool) {
		var after DecidedRow
		for more := true; more; {
			page, err := query(after)
			if err != nil || len(page) == 0 {
				if err != nil {
					yield(nil, err)
				}
				return
			}
			after = page[len(page)-1]
			more = yield(page, nil) && len(page) == chunk
		}
	}
}
