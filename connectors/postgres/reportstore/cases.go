package reportstore

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore/reportsql"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/report"
)

// cases reports what waits for people when the report is frozen, what holds up most
// first.
func (f *freezing) cases(ctx context.Context, tx pgx.Tx, at cases.Moment) error {
	standing, err := casestore.Standing(ctx, tx)
	if err != nil {
		return err
	}
	slices.SortFunc(standing, func(a, b cases.Stored) int { return a.Order(b.Case) })
	rows := make([]reportsql.ReportRowsParams, len(standing))
	for i, s := range standing {
		rows[i] = reportsql.ReportRowsParams{
			ReportID: f.id, Section: report.SectionCases, Icb: s.Board, Position: int64(i + 1),
			Cells: []string{
				strconv.FormatInt(s.ID, 10), string(s.Kind), s.Title(), string(s.Owner(at)), s.Deadline.String(),
				string(s.State), s.Opened.UTC().Format(time.RFC3339),
			},
		}
	}
	_, err = f.q.ReportRows(ctx, rows)
	return err
}
