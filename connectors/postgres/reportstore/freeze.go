package reportstore

import (
	"context"
	_ "embed"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore/reportsql"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/report"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// reportTables creates the working table of a report being frozen.
//
//go:embed working_tables.sql
var reportTables string

// LastReport returns the day of the newest report and the end of its window. A
// zero day means that there is no report; the first window then begins with the
// audit.
func (s *Store) LastReport(ctx context.Context) (day profile.Date, until time.Time, err error) {
	last, err := s.q.LastReport(ctx)
	if err == nil {
		return last.Day, last.UntilAt, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return day, until, postgres.Wrap(err, "reading reports")
	}
	first, err := s.q.FirstChange(ctx)
	return day, first, postgres.Wrap(err, "reading reports")
}

// freezing is a report being frozen.
type freezing struct {
	q       *reportsql.Queries
	id      int64
	day     profile.Date
	rows    int
	figures map[figure]int
	orgs    map[profile.ODSCode]profile.ODSCode // from code to board, for organisations that changed
}

// figure identifies a number in a report, and the board it belongs to.
type figure struct {
	icb  profile.ODSCode
	name string
}

// reportPage is how many rows of the audit are processed at a time.
const reportPage = 5000

// FreezeReport writes the report of a day, once: from all rows of the audit that
// are in no report and not since the end of its window (nor dated after the
// present), and the current state of everything else. The rows of extra are added
// to those of its sections. It does nothing if the report already exists, and
// writes either the whole report or nothing.
func (s *Store) FreezeReport(ctx context.Context, day profile.Date, window report.Window, extra []report.StandingRow) (
	made bool, err error,
) {
	err = pgx.BeginTxFunc(ctx, s.db, pgx.TxOptions{}, func(tx pgx.Tx) error {
		q := reportsql.New(tx)
		if err := q.LockReports(ctx); err != nil {
			return err
		}
		floor, from, err := start(ctx, q, day, window.From)
		if err != nil || from.IsZero() {
			return err
		}
		window.From = from
		f := &freezing{q: q, day: day, figures: make(map[figure]int), orgs: make(map[profile.ODSCode]profile.ODSCode)}
		made = true
		return f.freeze(ctx, tx, window, floor, extra)
	})
	return made, postgres.Wrap(err, "freezing the report of "+day.String())
}

// start returns the start of a report: the end of the last one, or first if
// there is none. A zero time means that the report already exists.
func start(ctx context.Context, q *reportsql.Queries, day profile.Date, first time.Time) (floor string, from time.Time, err error) {
	last, err := q.LastReport(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return "0", first, nil
	}
	if err != nil || !last.Day.Before(day) {
		return "", from, err
	}
	return last.Floor, last.UntilAt, nil
}

func (f *freezing) freeze(ctx context.Context, tx pgx.Tx, w report.Window, floor string, extra []report.StandingRow) (err error) {
	from, until := w.From, w.Until
	if _, err := tx.Exec(ctx, reportTables); err != nil {
		return err
	}
	f.id, err = f.q.InsertReport(ctx, reportsql.InsertReportParams{Day: f.day, FromAt: from, UntilAt: until})
	if err != nil {
		return err
	}
	picked, err := f.q.PickChanges(ctx, reportsql.PickChangesParams{Floor: floor, Until: until, Present: w.Present})
	if err != nil {
		return err
	}
	f.rows = int(picked)
	for _, step := range []func() error{
		func() error { return f.cases(ctx, tx, cases.Moment{Now: w.Present, Calendar: w.Calendar}) },
		func() error { return f.updates(ctx) },
		func() error { return f.changes(ctx) },
		func() error { return f.q.ReportChanges(ctx, f.id) },
		func() error { return f.q.ReportWithheld(ctx, f.id) },
		func() error { return f.q.ReportPushFailures(ctx, f.id) },
		func() error { return f.q.ReportPushWaits(ctx, f.id) },
		func() error { return f.q.ReportLeftOut(ctx, f.id) },
		func() error {
			return f.q.ReportOverwritten(ctx, reportsql.ReportOverwrittenParams{ReportID: f.id, UntilAt: until})
		},
		func() error { return f.q.ReportClosures(ctx, f.id) },
		func() error { return f.q.ReportContradictions(ctx, f.id) },
		func() error {
			return f.q.ReportDrift(ctx, reportsql.ReportDriftParams{ReportID: f.id, Since: from})
		},
		func() error { return f.findings(ctx) },
		func() error {
			return f.q.ReportQuarantine(ctx, reportsql.ReportQuarantineParams{ReportID: f.id, FromAt: from})
		},
		func() error {
			return f.q.ReportAccounts(ctx, reportsql.ReportAccountsParams{ReportID: f.id, UntilAt: until, Present: w.Present})
		},
		func() error { return f.extra(ctx, extra) },
		func() error { return f.q.CountOutcomes(ctx, f.id) },
		func() error { return f.q.ReportRegionNames(ctx, f.id) },
		func() error { return f.checked(ctx, from, until) },
		func() error { return f.seal(ctx, floor) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// findings names the findings of quality checks that no report has named, and counts
// all that last.
func (f *freezing) findings(ctx context.Context) error {
	if err := f.q.LockFindings(ctx); err != nil {
		return err
	}
	if err := f.q.ReportFindings(ctx, f.id); err != nil {
		return err
	}
	return f.q.ReportLasting(ctx, f.id)
}

func (f *freezing) changes(ctx context.Context) error {
	for after := int64(0); after < int64(f.rows); after += reportPage {
		rows, err := f.q.CandidateChanges(ctx, reportsql.CandidateChangesParams{After: after, Most: reportPage})
		if err != nil {
			return err
		}
		if err := f.page(ctx, rows); err != nil {
			return err
		}
	}
	return nil
}

func (f *freezing) page(ctx context.Context, rows []reportsql.CandidateChangesRow) error {
	listed := make([]reportsql.ReportRowsParams, 0, len(rows))
	var pending []reportsql.ReportPendingParams
	for _, row := range rows {
		change := toAudited(row)
		if change.IsNoise() {
			f.figures[figure{row.Icb, report.FigureNoise}]++
			continue
		}
		cells := change.Cells(f.day)
		listed = append(listed, reportsql.ReportRowsParams{
			ReportID: f.id, Section: report.SectionChanges, Icb: row.Icb, Position: row.Position, Cells: cells,
		})
		f.count(row, change)
		for sink, push := range change.Pushes() {
			if status, _ := push.Status(change.At, change.Later); status == report.PushIsPending {
				pending = append(pending, reportsql.ReportPendingParams{
					ChangeID: change.ID, Sink: sink, Code: row.Code, Field: row.Field, Icb: row.Icb, ChangedAt: row.At,
				})
			}
		}
	}
	if _, err := f.q.ReportRows(ctx, listed); err != nil {
		return err
	}
	_, err := f.q.ReportPending(ctx, pending)
	return err
}

func (f *freezing) count(row reportsql.CandidateChangesRow, c report.AuditedChange) {
	f.orgs[row.Code] = row.Icb
	region := nameOr(nameOr(row.RegionName, row.Region), "no region")
	for _, name := range []string{
		"day:" + profile.DateIn(c.At, profile.London()).String(), "field:" + c.Label(), "region:" + region, "kind:" + c.ReportKind(),
	} {
		f.figures[figure{row.Icb, name}]++
	}
}

func toAudited(r reportsql.CandidateChangesRow) report.AuditedChange {
	return report.AuditedChange{
		ID: r.ID, Code: r.Code, Field: r.Field, Old: r.Old, New: r.New, Actor: r.Actor, At: r.At, Later: r.Later,
		Name: r.Name, Type: r.Type, ICB: r.Icb, ICBName: r.IcbName, RegionName: nameOr(r.RegionName, r.Region),
		Run: runs.ID(r.RunID), Source: profile.Source(r.Source), Kind: runs.Kind(r.Kind), Decided: r.RunActor,
		RunAt: r.RunAt, AheadBy: r.AheadBy, AheadAt: r.AheadAt, Account: people.AccountKind(r.AccountKind), Role: people.MemberRole(r.Role),
		DoS:     report.PushStanding{State: push.State(r.DosState), Accepted: r.DosAt, Sent: r.DosSent},
		Website: report.PushStanding{State: push.State(r.WebState), Accepted: r.WebAt, Sent: r.WebSent},
	}
}

func nameOr(name, code string) string {
	if name == "" {
		return code
	}
	return name
}

// updates reports the outcomes of pushes that earlier reports had to leave
// open.
func (f *freezing) updates(ctx context.Context) error {
	ended, err := f.q.EndedPending(ctx)
	if err != nil {
		return err
	}
	rows := make([]reportsql.ReportRowsParams, len(ended))
	for i, e := range ended {
		standing := report.PushStanding{State: push.State(e.State), Accepted: e.AcceptedAt}
		status, at := standing.Status(e.ChangedAt, false)
		arrived := ""
		if !at.IsZero() {
			arrived = at.UTC().Format(time.RFC3339)
		}
		rows[i] = reportsql.ReportRowsParams{
			ReportID: f.id, Section: report.SectionUpdates, Icb: e.Icb, Position: int64(i + 1),
			Cells: []string{
				strconv.FormatInt(e.ChangeID, 10), string(e.Code), e.Name, e.Field, string(e.Sink), string(status), arrived, e.Reason,
				e.ChangedAt.UTC().Format(time.RFC3339),
			},
		}
	}
	if _, err := f.q.ReportRows(ctx, rows); err != nil {
		return err
	}
	return f.q.ForgetPending(ctx)
}

func (f *freezing) extra(ctx context.Context, extra []report.StandingRow) error {
	rows := make([]reportsql.ReportRowsParams, len(extra))
	for i, e := range extra {
		rows[i] = reportsql.ReportRowsParams{
			ReportID: f.id, Section: e.Section, Icb: e.ICB, Position: int64(i + 1), Cells: e.Cells,
		}
	}
	_, err := f.q.ReportRows(ctx, rows)
	return err
}

func (f *freezing) checked(ctx context.Context, from, until time.Time) error {
	rows, err := f.q.CountChecked(ctx, reportsql.CountCheckedParams{FromAt: from, UntilAt: until})
	for _, row := range rows {
		f.figures[figure{row.Icb, report.FigureChecked}] += row.Checks
	}
	return err
}

// seal stores the figures, and a digest by which the report can be verified.
func (f *freezing) seal(ctx context.Context, floor string) error {
	for _, icb := range f.orgs {
		f.figures[figure{icb, report.FigureOrganisations}]++
	}
	params := reportsql.ReportFiguresParams{ReportID: f.id}
	for key, count := range f.figures {
		params.Icbs, params.Names = append(params.Icbs, string(key.icb)), append(params.Names, key.name)
		params.Counts = append(params.Counts, count)
	}
	if err := f.q.ReportFigures(ctx, params); err != nil {
		return err
	}
	digest, err := f.q.DigestReport(ctx, f.id)
	if err != nil {
		return err
	}
	return f.q.SealReport(ctx, reportsql.SealReportParams{ID: f.id, Rows: f.rows, Digest: digest, Floor: floor})
}

// FrozenReport is a report as lists show it.
type FrozenReport struct {
	Day        profile.Date `json:"day"`
	From       time.Time    `json:"from"`
	Until      time.Time    `json:"until"`
	Rows       int          `json:"audit_rows"`
	Digest     string       `json:"digest"`
	Frozen     time.Time    `json:"frozen_at"`
	Deliveries int          `json:"deliveries"`
}

// Reports lists reports, the newest first.
func (s *Store) Reports(ctx context.Context, most int) ([]FrozenReport, error) {
	return s.ReportsBefore(ctx, profile.Date{}, most)
}

// ReportsBefore lists the reports of the days before a day, the newest first; all for the zero day.
func (s *Store) ReportsBefore(ctx context.Context, day profile.Date, most int) ([]FrozenReport, error) {
	rows, err := s.q.ListReports(ctx, reportsql.ListReportsParams{Before: day, Most: most})
	list := make([]FrozenReport, len(rows))
	for i, r := range rows {
		list[i] = FrozenReport(r)
	}
	return list, postgres.Wrap(err, "listing reports")
}

// ReportDays returns the days of the newest reports, the oldest first.
func (s *Store) ReportDays(ctx context.Context, most int) ([]profile.Date, error) {
	reports, err := s.Reports(ctx, most)
	days := make([]profile.Date, len(reports))
	for i, r := range reports {
		days[len(reports)-1-i] = r.Day
	}
	return days, err
}

// NameRegions stores names of boards and regions.
func (s *Store) NameRegions(ctx context.Context, names map[profile.ODSCode]string) error {
	for code, name := range names {
		if strings.TrimSpace(name) == "" {
			continue
		}
		if _, err := s.q.SaveRegionName(ctx, reportsql.SaveRegionNameParams{Code: code, Name: name}); err != nil {
			return postgres.Wrap(err, "naming regions")
		}
	}
	return nil
}

// UnnamedRegions returns the boards and regions of profiles that have no stored
// name.
func (s *Store) UnnamedRegions(ctx context.Context) ([]profile.ODSCode, error) {
	codes, err := s.q.UnnamedRegions(ctx)
	return codes, postgres.Wrap(err, "listing regions")
}
