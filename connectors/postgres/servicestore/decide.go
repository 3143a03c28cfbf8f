package servicestore

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/services"
)

// Approved returns, page by page, the withheld rows that an approval is to apply.
func (x *Session) Approved(ctx context.Context) iter.Seq2[[]services.Change, error] {
	return changes(runstore.ApprovedRows(ctx, x.Plan(), x.run.ID))
}

// Applied returns, page by page, the rows that the parent of an undo applied.
func (x *Session) Applied(ctx context.Context) iter.Seq2[[]services.Change, error] {
	return changes(runstore.AppliedRows(ctx, x.Plan(), x.run.Parent))
}

func changes(pages iter.Seq2[[]runstore.DecidedRow, error]) iter.Seq2[[]services.Change, error] {
	return func(yield func([]services.Change, error) bool) {
		for rows, err := range pages {
			page := make([]services.Change, len(rows))
			for i := 0; i < len(rows) && err == nil; i++ {
				page[i], err = toChange(rows[i])
			}
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

func toChange(row runstore.DecidedRow) (services.Change, error) {
	_, id, ok := strings.Cut(row.Field, "/")
	if !ok {
		return services.Change{}, fmt.Errorf("plan row %s of %s: it is of no service", row.Field, row.Code)
	}
	return services.Change{
		Code: row.Code, Type: row.Type, Service: services.ID(id), Verb: row.Verb, Old: row.Old, New: row.New, Reason: row.Reason,
		Undone: row.Undone, Leaves: row.Leaves,
	}, nil
}

// Rows returns services as profiles hold them, and their states in the
// register.
func (x *Session) Rows(ctx context.Context, ids []services.ID) (
	rows services.Rows, states map[services.ID]services.State, err error,
) {
	found, err := x.plan.ServiceRows(ctx, postgres.Texts(ids))
	if err != nil {
		return nil, nil, postgres.Wrap(err, "reading services")
	}
	rows = make(services.Rows)
	for _, row := range found {
		if rows[row.Code] == nil {
			rows[row.Code] = make(map[services.ID]services.Shown)
		}
		shown, _, err := services.ParseShown(string(row.Shown))
		if err != nil {
			return nil, nil, fmt.Errorf("service %s of %s: %w", row.ID, row.Code, err)
		}
		rows[row.Code][services.ID(row.ID)] = shown
	}
	stand, err := x.plan.ServiceStates(ctx, postgres.Texts(ids))
	states = make(map[services.ID]services.State, len(stand))
	for _, row := range stand {
		states[row.ID] = row.State
	}
	return rows, states, postgres.Wrap(err, "reading services")
}
