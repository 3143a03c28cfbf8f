package runstore

import (
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
	Decision string              `json:"decision,omitempty"`
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
	case p.Decision != "":
		return p.Decision
	case p.Withheld != "":
		return "withheld: " + string(p.Withheld)
	case p.Moved:
		return "left out"
	default:
		return "applied"
	}
}

// PlanRows returns what a run planned, withheld rows first.
func (s *Store) PlanRows(ctx context.Context, id runs.ID, withheldOnly bool, most int) ([]Planned, error) {
	rows, err := s.q.PlanRowsOf(ctx, runsql.PlanRowsOfParams{RunID: id, WithheldOnly: withheldOnly, Most: most})
	if err != nil {
		return nil, postgres.Wrap(err, fmt.Sprintf("plan of run %d", id))
	}
	planned := make([]Planned, len(rows))
	for i, r := range rows {
		planned[i] = Planned(r)
	}
	return planned, nil
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
}

// WithheldRows returns, page by page, the rows that a run withheld and nobody
// has decided on yet.
func WithheldRows(ctx context.Context, tx pgx.Tx, id runs.ID) iter.Seq2[[]DecidedRow, error] {
	return decidedPages(func(after DecidedRow) ([]DecidedRow, error) {
		rows, err := runsql.New(tx).WithheldRows(ctx, runsql.WithheldRowsParams{
			RunID: id, AfterCode: string(after.Code), AfterField: after.Field, Most: chunk,
		})
		page := make([]DecidedRow, len(rows))
		for i, row := range rows {
			page[i] = DecidedRow(row)
		}
		return page, postgres.Wrap(err, "reading what was withheld")
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
