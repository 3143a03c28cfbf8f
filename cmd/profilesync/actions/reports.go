package actions

import (
	"context"
	"io"

	"github.com/profilesync/profilesync/cmd/internal/spool"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Reports lists reports, the newest first.
func (a *Actions) Reports(ctx context.Context, most int) ([]reportstore.FrozenReport, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Reports.Reports(ctx, most)
}

// MakeReports makes the reports that are due, and returns the newest report.
func (a *Actions) MakeReports(ctx context.Context) ([]reportstore.FrozenReport, error) {
	if _, err := a.Begin(ctx); err != nil {
		return nil, err
	}
	reporter, err := a.App.Reporter()
	if err != nil {
		return nil, err
	}
	if _, err := reporter.Make(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Reports.Reports(ctx, 1)
}

// ErrNoReport means that no report was ever made.
var ErrNoReport = missing("there is no report yet: `profilesync report make` makes the due ones")

// ReportDay returns the day of the newest report.
func (a *Actions) ReportDay(ctx context.Context) (profile.Date, error) {
	if err := a.Ready(ctx); err != nil {
		return profile.Date{}, err
	}
	day, _, err := a.App.Store.Reports.LastReport(ctx)
	if err == nil && day.IsZero() {
		err = ErrNoReport
	}
	return day, err
}

// Report opens a file of a report; the caller closes it.
func (a *Actions) Report(ctx context.Context, f wiring.ReportFile) (*spool.File, error) {
	if wiring.TypeOfReport(f.Form) == "" {
		return nil, invalid("form", " %q: want html, csv, xlsx or json", f.Form)
	}
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	if err := a.RequireBoard(ctx, f.Day, f.Region); err != nil {
		return nil, err
	}
	return a.App.OpenReport(ctx, f)
}

// CopyReport writes a file of a report.
func (a *Actions) CopyReport(ctx context.Context, to io.Writer, f wiring.ReportFile) error {
	file, err := a.Report(ctx, f)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	_, err = io.Copy(to, file)
	return err
}

// VerifyReport compares a report with what it was frozen as, and with the audit.
func (a *Actions) VerifyReport(ctx context.Context, day profile.Date) (reportstore.Verified, error) {
	if err := a.Ready(ctx); err != nil {
		return reportstore.Verified{}, err
	}
	return a.App.Store.Reports.VerifyReport(ctx, day)
}
