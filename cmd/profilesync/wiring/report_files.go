package wiring

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/render"
	"github.com/profilesync/profilesync/cmd/internal/spool"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/report"
)

// reportForms are the content types of a report's files by their extension.
var reportForms = map[string]string{
	"html": "text/html; charset=utf-8", "csv": "text/csv; charset=utf-8",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "json": "application/json",
}

// ReportFile identifies a file of a report: its form, and whether it is
// national or of one board. Section is for csv only; empty means the changes.
type ReportFile struct {
	Day     profile.Date
	Region  profile.ODSCode
	Form    string
	Section string
}

// name is its name in folders and URLs.
func (f ReportFile) name() string { return reportName(f.Day, f.Region) + "." + f.Form }

// reportName is the name of a report in folders and URLs, without the
// extension.
func reportName(day profile.Date, region profile.ODSCode) string {
	name := "report-" + day.String()
	if region != "" {
		name += "-" + string(region)
	}
	return name
}

// parseReportFile reads a name like report-2026-11-23.html or
// report-2026-11-23-QOQ.csv.
func parseReportFile(name string) (f ReportFile, ok bool) {
	name, f.Form, _ = strings.Cut(name, ".")
	rest, ok := strings.CutPrefix(name, "report-")
	var err error
	if reportForms[f.Form] == "" || !ok || len(rest) < len(time.DateOnly) {
		return f, false
	}
	if f.Day, err = profile.ParseDate(rest[:len(time.DateOnly)]); err != nil {
		return f, false
	}
	if region, ok := strings.CutPrefix(rest[len(time.DateOnly):], "-"); ok {
		f.Region, err = profile.ParseODSCode(region)
		return f, err == nil
	}
	return f, len(rest) == len(time.DateOnly)
}

const (
	// reportTimeout bounds the time to make one file: the longest known takes
	// seconds.
	reportTimeout = 5 * time.Minute
	// reportKept is how long an unread file is kept, and reportSpace how many
	// bytes of them.
	reportKept  = 5 * time.Minute
	reportSpace = 2 << 30
)

// openReports prepares the reading of reports. A report is read from the
// database once for all readers of the same form, through separate connections,
// into a file; each reader is served from there at its own pace.
func (a *App) openReports(ctx context.Context) error {
	db, err := postgres.OpenReports(ctx, a.url, a.Process)
	if err != nil {
		return err
	}
	a.ReportStore = newStore(db)
	a.OnClose(func() error { db.Close(); return nil })
	a.reportFiles = spool.New(spool.Options{
		AtOnce: postgres.ReportsAtOnce, Within: reportTimeout, Keep: reportKept, MaxBytes: reportSpace,
	})
	a.OnClose(a.reportFiles.Close)
	return nil
}

// report opens a file of a report. A report is frozen, so its files never
// change.
func (a *App) report(ctx context.Context, f ReportFile) (*spool.File, error) {
	name := f.name()
	if f.Section != "" {
		name += "#" + f.Section
	}
	return a.reportFiles.Open(ctx, name, func(ctx context.Context, to io.Writer) error {
		r, err := a.ReportStore.Reports.Report(ctx, f.Day, f.Region)
		if err != nil {
			return err
		}
		return writeReport(to, r, f.Form, f.Section)
	})
}

// OpenReport opens a file of a report, for one reader, who must close it.
func (a *App) OpenReport(ctx context.Context, f ReportFile) (*spool.File, error) {
	return a.report(ctx, f)
}

// TypeOfReport is the content type of a form of a report; empty if there is no such form.
func TypeOfReport(form string) string { return reportForms[form] }

// CopyReport writes a file of a report.
func (a *App) CopyReport(ctx context.Context, to io.Writer, f ReportFile) error {
	file, err := a.report(ctx, f)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	_, err = io.Copy(to, file)
	return err
}

// reportText returns a file of a report in memory, for an attachment.
func (a *App) reportText(ctx context.Context, f ReportFile) ([]byte, error) {
	var text bytes.Buffer
	err := a.CopyReport(ctx, &text, f)
	return text.Bytes(), err
}

// writeReport writes a form of a report.
func writeReport(w io.Writer, r report.Report, form, section string) error {
	switch form {
	case "csv":
		return render.WriteCSV(w, r, section)
	case "xlsx":
		return render.WriteXLSX(w, r)
	case "json":
		return render.WriteJSON(w, r)
	default:
		return render.WriteHTML(w, r)
	}
}

// reportMode lets the group read a file of a report, and nobody else.
const reportMode = 0o640

// SaveReport writes a file of a report to path, atomically.
func (a *App) SaveReport(ctx context.Context, path string, f ReportFile) error {
	return SaveReport(path, func(to io.Writer) error { return a.CopyReport(ctx, to, f) })
}

// SaveReport has a file of a report written to path, atomically. It is written under a name
// that nobody can foresee, so that no link leads it elsewhere.
func SaveReport(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new")
	if err != nil {
		return err
	}
	err = errors.Join(write(file), file.Chmod(reportMode), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
