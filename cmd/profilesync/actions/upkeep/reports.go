package upkeep

import (
	"context"
	"fmt"
	"io"

	"github.com/profilesync/profilesync/cmd/internal/spool"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Reports lists reports, the newest first.
func (u Upkeep) Reports(ctx context.Context, most int) ([]reportstore.FrozenReport, error) {
	if err := u.Ready(ctx); err != nil {
		return nil, err
	}
	return u.App.Store.Reports.Reports(ctx, most)
}

// ReportsBefore lists the reports of the days before a day, the newest first; all for the zero day.
func (u Upkeep) ReportsBefore(ctx context.Context, day profile.Date, most int) ([]reportstore.FrozenReport, error) {
	if err := u.Ready(ctx); err != nil {
		return nil, err
	}
	return u.App.Store.Reports.ReportsBefore(ctx, day, most)
}

// MakeReports makes the reports that are due, and returns the newest report.
func (u Upkeep) MakeReports(ctx context.Context) ([]reportstore.FrozenReport, error) {
	if _, err := u.Begin(ctx); err != nil {
		return nil, err
	}
	reporter, err := u.App.Reporter()
	if err != nil {
		return nil, err
	}
	if _, err := reporter.Make(ctx); err != nil {
		return nil, err
	}
	return u.App.Store.Reports.Reports(ctx, 1)
}

// ErrNoReport means that no report was ever made.
var ErrNoReport = &actions.Error{Kind: actions.Missing, Text: "there is no report yet: `profilesync report make` makes the due ones"}

// ReportDay returns the day of the newest report.
func (u Upkeep) ReportDay(ctx context.Context) (profile.Date, error) {
	if err := u.Ready(ctx); err != nil {
		return profile.Date{}, err
	}
	day, _, err := u.App.Store.Reports.LastReport(ctx)
	if err == nil && day.IsZero() {
		err = ErrNoReport
	}
	return day, err
}

// Report opens a file of a report; the caller closes it.
func (u Upkeep) Report(ctx context.Context, f wiring.ReportFile) (*spool.File, error) {
	if wiring.TypeOfReport(f.Form) == "" {
		text := fmt.Sprintf(" %q: want html, csv, xlsx or json", f.Form)
		return nil, &actions.Error{Kind: actions.Invalid, Field: "form", Text: text}
	}
	if err := u.Ready(ctx); err != nil {
		return nil, err
	}
	if err := u.RequireBoard(ctx, f.Day, f.Region); err != nil {
		return nil, err
	}
	return u.App.OpenReport(ctx, f)
}

// CopyReport writes a file of a report.
func (u Upkeep) CopyReport(ctx context.Context, to io.Writer, f wiring.ReportFile) error {
	file, err := u.Report(ctx, f)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	_, err = io.Copy(to, file)
	return err
}

// VerifyReport compares a report with what it was frozen as, and with the audit.
func (u Upkeep) VerifyReport(ctx context.Context, day profile.Date) (reportstore.Verified, error) {
	if err := u.Ready(ctx); err != nil {
		return reportstore.Verified{}, err
	}
	return u.App.Store.Reports.VerifyReport(ctx, day)
}
