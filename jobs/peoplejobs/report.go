package peoplejobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/report"
)

// Report freezes the daily change reports that are due, and delivers them.
type Report struct{}

// Kind names the job.
func (Report) Kind() string { return "report" }

// InsertOpts allows one queued job at a time.
func (Report) InsertOpts() river.InsertOpts { return peopleOpts() }

// Reporter makes reports. Which are due is computed from the tables: each
// missed day gets its own report later.
type Reporter struct {
	Store     reportStore
	People    overdueStore
	Calendar  CalendarReader
	Reminders *Reminders // who is overdue
	Lists     []profile.ODSCode
	Channels  []ReportChannel
	Now       func() time.Time
	// Names refreshes the names of boards and regions before a report; one
	// without a name is shown by its code. It may be nil.
	Names func(ctx context.Context)
}

type reportStore interface {
	// LastReport is the day and the end of the newest report; if there is none,
	// a zero day and the start of the audit.
	LastReport(ctx context.Context) (day profile.Date, until time.Time, err error)
	FreezeReport(ctx context.Context, day profile.Date, window report.Window, extra []report.StandingRow) (made bool, err error)
	// ReportDays returns the days of the newest reports, oldest first.
	ReportDays(ctx context.Context, most int) ([]profile.Date, error)
	Delivered(ctx context.Context, day profile.Date, list profile.ODSCode, channel string) (bool, error)
	NoteDelivery(ctx context.Context, day profile.Date, list profile.ODSCode, channel string) error
}

type overdueStore interface {
	ICBs(ctx context.Context, types []profile.OrgType) ([]profile.ODSCode, error)
	Unreached(ctx context.Context, types []profile.OrgType, most int) ([]people.CheckedOrg, error)
}

// ReportChannel delivers a report to a list; an empty list means the national
// one. Delivering twice must make no difference.
type ReportChannel interface {
	Name() string
	Deliver(ctx context.Context, day profile.Date, list profile.ODSCode) error
}

// Make freezes every report that is due, and returns their days.
func (r *Reporter) Make(ctx context.Context) (made []profile.Date, err error) {
	calendar, err := calendarOf(ctx, r.Calendar)
	if err != nil {
		return nil, err
	}
	last, until, err := r.Store.LastReport(ctx)
	if err != nil {
		return nil, err
	}
	today := profile.DateIn(r.Now(), profile.London())
	if last.IsZero() {
		last = today.AddDays(-1)
	}
	days := report.Days(calendar, last, today)
	if len(days) > 0 && r.Names != nil {
		r.Names(ctx)
	}
	for _, day := range days {
		end := report.StartOf(day)
		if !until.Before(end) {
			until = end.AddDate(0, 0, -1) // the audit is empty before today
		}
		extra, err := r.standingRows(ctx)
		if err != nil {
			return made, err
		}
		window := report.Window{From: until, Until: end, Present: r.Now(), Calendar: calendar}
		frozen, err := r.Store.FreezeReport(ctx, day, window, extra)
		if err != nil {
			return made, err
		}
		if frozen {
			made = append(made, day)
		}
		until = end
	}
	return made, nil
}

// mostUnreached keeps a report readable while few people have accounts.
const mostUnreached = 20_000

// standingRows lists who is overdue from last quarter, and the organisations
// that no letter reaches.
func (r *Reporter) standingRows(ctx context.Context) (rows []report.StandingRow, err error) {
	world, err := r.Reminders.Reminding(ctx)
	if err != nil {
		return nil, err
	}
	types := world.Rules.Types()
	boards, err := r.People.ICBs(ctx, types)
	if err != nil {
		return nil, err
	}
	for _, icb := range boards {
		orgs, err := r.Reminders.People.OrgsOfICB(ctx, icb, types, world.Today)
		if err != nil {
			return nil, err
		}
		rows = append(rows, report.Overdue(world, orgs)...)
	}
	unreached, err := r.People.Unreached(ctx, types, mostUnreached)
	for _, org := range unreached {
		rows = append(rows, report.StandingRow{
			Section: report.SectionUnreached, ICB: org.ICB, Cells: []string{string(org.Code), org.Name, string(org.Type)},
		})
	}
	return rows, err
}

// Deliver delivers the report of a day to every list that does not have it yet,
// by every channel. A failure does not stop the other deliveries.
func (r *Reporter) Deliver(ctx context.Context, day profile.Date) (delivered int, err error) {
	for _, channel := range r.Channels {
		for _, list := range append([]profile.ODSCode{""}, r.Lists...) {
			done, bad := r.Store.Delivered(ctx, day, list, channel.Name())
			if bad == nil && done {
				continue
			}
			if bad == nil {
				bad = channel.Deliver(ctx, day, list)
			}
			if bad == nil {
				bad = r.Store.NoteDelivery(ctx, day, list, channel.Name())
			}
			if bad != nil {
				err = fmt.Errorf("delivering the report of %s by %s: %w", day, channel.Name(), bad)
				continue
			}
			delivered++
		}
	}
	return delivered, err
}

// Run makes and delivers what is due.
func (r *Reporter) Run(ctx context.Context) error {
	if _, err := r.Make(ctx); err != nil {
		return fmt.Errorf("making the report: %w", err)
	}
	days, err := r.Store.ReportDays(ctx, redeliverable)
	if err != nil {
		return err
	}
	for _, day := range days {
		_, bad := r.Deliver(ctx, day)
		err = errors.Join(err, bad)
	}
	return err
}

// redeliverable is how many of the newest reports are checked for missing
// deliveries.
const redeliverable = 10

type reportWorker struct {
	river.WorkerDefaults[Report]
	reporter *Reporter
}

func (*reportWorker) Timeout(*river.Job[Report]) time.Duration { return time.Hour }

func (w *reportWorker) Work(ctx context.Context, _ *river.Job[Report]) error {
	if err := w.reporter.Run(ctx); err != nil {
		return err
	}
	return sendSoon(ctx, Report{})
}
