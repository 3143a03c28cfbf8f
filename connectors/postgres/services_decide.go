package postgres

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/profilesync/profilesync/connectors/postgres/dbsqlc"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// Withheld returns what the parent of an approval withheld and nobody decided on
// yet, page by page.
func (x *ServiceSession) Withheld(ctx context.Context) iter.Seq2[[]services.Change, error] {
	return servicePages(func(after dbsqlc.AppliedRowsRow) ([]dbsqlc.AppliedRowsRow, error) {
		rows, err := x.plan.WithheldRows(ctx, dbsqlc.WithheldRowsParams{
			RunID: int64(x.run.Parent), AfterCode: after.Code, AfterField: after.Field, Most: servicePage,
		})
		plain := make([]dbsqlc.AppliedRowsRow, len(rows))
		for i, row := range rows {
			plain[i] = dbsqlc.AppliedRowsRow(row)
		}
		return plain, wrap(err, "reading what was withheld")
	})
}

// Applied returns what the parent of an undo applied, page by page.
func (x *ServiceSession) Applied(ctx context.Context) iter.Seq2[[]services.Change, error] {
	return servicePages(func(after dbsqlc.AppliedRowsRow) ([]dbsqlc.AppliedRowsRow, error) {
		rows, err := x.plan.AppliedRows(ctx, dbsqlc.AppliedRowsParams{
			RunID: int64(x.run.Parent), AfterCode: after.Code, AfterField: after.Field, Most: servicePage,
		})
		return rows, wrap(err, "reading what was applied")
	})
}

// servicePages returns the changes of a query that pages on (code, field).
func servicePages(query func(after dbsqlc.AppliedRowsRow) ([]dbsqlc.AppliedRowsRow, error)) iter.Seq2[[]services.Change, error] {
	return func(yield func([]services.Change, error) bool) {
		var after dbsqlc.AppliedRowsRow
		for {
			rows, err := query(after)
			if err == nil && len(rows) == 0 {
				return
			}
			changes := make([]services.Change, len(rows))
			for i := 0; i < len(rows) && err == nil; i++ {
				changes[i], err = toServiceChange(rows[i])
			}
			if !yield(changes, err) || err != nil {
				return
			}
			after = rows[len(rows)-1]
		}
	}
}

func toServiceChange(row dbsqlc.AppliedRowsRow) (services.Change, error) {
	_, id, ok := strings.Cut(row.Field, "/")
	if !ok {
		return services.Change{}, fmt.Errorf("plan row %s of %s: it is of no service", row.Field, row.Code)
	}
	return services.Change{
		Code: profile.ODSCode(row.Code), Type: profile.OrgType(row.Type), Service: services.ID(id),
		Verb: runs.Verb(row.Verb), Old: row.Old, New: row.New, Reason: runs.Reason(row.Reason), Undone: row.Undone,
	}, nil
}

// Rows returns services as they stand on profiles, and how they stand in the
// register.
func (x *ServiceSession) Rows(ctx context.Context, ids []services.ID) (
	rows services.Rows, states map[services.ID]services.State, err error,
) {
	found, err := x.plan.ServiceRows(ctx, texts(ids))
	if err != nil {
		return nil, nil, wrap(err, "reading services")
	}
	rows = make(services.Rows)
	for _, row := range found {
		code := profile.ODSCode(row.Code)
		if rows[code] == nil {
			rows[code] = make(map[services.ID]services.Shown)
		}
		shown, _, err := services.ParseShown(string(row.Shown))
		if err != nil {
			return nil, nil, fmt.Errorf("service %s of %s: %w", row.ID, row.Code, err)
		}
		rows[code][services.ID(row.ID)] = shown
	}
	stand, err := x.plan.ServiceStates(ctx, texts(ids))
	states = make(map[services.ID]services.State, len(stand))
	for _, row := range stand {
		states[services.ID(row.ID)] = services.State(row.State)
	}
	return rows, states, wrap(err, "reading services")
}
