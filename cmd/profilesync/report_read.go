package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/spool"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// reportForms are the files of a report, by how they end.
var reportForms = map[string]string{
	"html": "text/html; charset=utf-8", "csv": "text/csv; charset=utf-8",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "json": "application/json",
}

// reportFile names a file of a report: a form of it, national or of one board. A
// section is named with csv only; empty for the changes.
type reportFile struct {
	day     profile.Date
	region  profile.ODSCode
	form    string
	section string
}

// name is how files and addresses name it.
func (f reportFile) name() string { return reportName(f.day, f.region) + "." + f.form }

// reportName is how files and addresses name a report, whatever its form.
func reportName(day profile.Date, region profile.ODSCode) string {
	name := "report-" + day.String()
	if region != "" {
		name += "-" + string(region)
	}
	return name
}

// parseReportFile reads a name like report-2026-11-23.html or
// report-2026-11-23-QOQ.csv.
func parseReportFile(name string) (f reportFile, ok bool) {
	name, f.form, _ = strings.Cut(name, ".")
	rest, ok := strings.CutPrefix(name, "report-")
	var err error
	if reportForms[f.form] == "" || !ok || len(rest) < len(time.DateOnly) {
		return f, false
	}
	if f.day, err = profile.ParseDate(rest[:len(time.DateOnly)]); err != nil {
		return f, false
	}
	if region, ok := strings.CutPrefix(rest[len(time.DateOnly):], "-"); ok {
		f.region, err = profile.ParseODSCode(region)
		return f, err == nil
	}
	return f, len(rest) == len(time.DateOnly)
}

const (
	// reportWithin bounds the making of one file: the longest known takes seconds.
	reportWithin = 5 * time.Minute
	// reportKept is how long a file lies ready that nobody reads, and reportSpace how
	// much of them.
	reportKept  = 5 * time.Minute
	reportSpace = 2 << 30
)

// openReports prepares the reading of reports. A report is read from the
// database once for all who want it in the same form, through connections of its
// own, into a file; from there it goes to whoever wants it, at his pace.
func (a *app) openReports(ctx context.Context) (err error) {
	if a.reportStore, err = postgres.OpenReports(ctx, a.url, a.process); err != nil {
		return err
	}
	a.closers = append(a.closers, func() error { a.reportStore.Close(); return nil })
	a.reportFiles = spool.New(spool.Options{
		AtOnce: postgres.ReportsAtOnce, Within: reportWithin, Keep: reportKept, MaxBytes: reportSpace,
	})
	a.closers = append(a.closers, a.reportFiles.Close)
	return nil
}

// report opens a file of a report, which is frozen and so always the same.
func (a *app) report(ctx context.Context, f reportFile) (*spool.File, error) {
	name := f.name()
	if f.section != "" {
		name += "#" + f.section
	}
	return a.reportFiles.Open(ctx, name, func(ctx context.Context, to io.Writer) error {
		r, err := a.reportStore.Report(ctx, f.day, f.region)
		if err != nil {
			return err
		}
		return writeReport(to, r, f.form, f.section)
	})
}

// copyReport writes a file of a report.
func (a *app) copyReport(ctx context.Context, to io.Writer, f reportFile) error {
	file, err := a.report(ctx, f)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	_, err = io.Copy(to, file)
	return err
}

// reportText is a file of a report in memory, for an attachment.
func (a *app) reportText(ctx context.Context, f reportFile) ([]byte, error) {
	var text bytes.Buffer
	err := a.copyReport(ctx, &text, f)
	return text.Bytes(), err
}

// reportLimits let a reader of the longest known report (126 MB) be as slow as
// 40 KB a second.
var reportLimits = spool.Limits{
	Most: 32, Wait: time.Minute, Stall: 30 * time.Second, Within: time.Hour, Missing: postgres.ErrNotFound,
}

// reports serves /reports/report-2026-11-23[-BOARD].html and its other forms.
func (a *app) reports(log *slog.Logger) http.Handler {
	readers := spool.NewReaders(reportLimits)
	a.reportFiles.Failed = func(ctx context.Context, name string, err error) {
		if !errors.Is(err, postgres.ErrNotFound) {
			log.WarnContext(ctx, "a report cannot be read", "report", name, "error", err)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := parseReportFile(path.Base(r.URL.Path))
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", reportForms[f.form])
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		readers.Serve(w, r, func(ctx context.Context) (*spool.File, error) { return a.report(ctx, f) })
	})
}
