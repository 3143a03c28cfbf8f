package reportstore

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres/reportstore/reportsql"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/report"
)

// cases reports what waits for people when the report is frozen, what holds up most
// first.
func (f *freezing) cases(ctx context.Context, now time.Time) error {
	stored, err := f.q.StandingCases(ctx)
	if err != nil {
		return err
	}
	standing := make([]cases.Stored, len(stored))
	for i, s := range stored {
		standing[i] = cases.Stored{
			Case: cases.Case{Kind: s.Kind, Signal: cases.Signal{
				Subject: s.Subject, About: s.About, Code: s.Code, Board: s.Board, Since: s.Since,
			}},
			ID: s.ID, State: s.State, Opened: s.OpenedAt, Deadline: s.Deadline,
		}
		err = errors.Join(err, json.Unmarshal(s.Facts, &standing[i].Facts))
	}
	slices.SortFunc(standing, func(a, b cases.Stored) int { return a.Order(b.Case) })
	rows := make([]reportsql.ReportRowsParams, len(standing))
	for i, s := range standing {
		rows[i] = reportsql.ReportRowsParams{
			ReportID: f.id, Section: report.SectionCases, Icb: s.Board, Position: int64(i + 1),
			Cells: []string{
				strconv.FormatInt(s.ID, 10), string(s.Kind), s.Title(), string(s.Owner(cases.Moment{Now: now})), s.Deadline.String(),
				string(s.State), s.Opened.UTC().Format(time.RFC3339),
			},
		}
	}
	_, copied := f.q.ReportRows(ctx, rows)
	return errors.Join(err, copied)
}
