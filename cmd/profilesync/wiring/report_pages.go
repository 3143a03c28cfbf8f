package wiring

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/links"
	"github.com/profilesync/profilesync/cmd/internal/spool"
	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// reportLimits allow a reader of the longest known report (126 MB) to be as
// slow as 40 KB per second.
var reportLimits = spool.Limits{
	Most: 32, Wait: time.Minute, Stall: 30 * time.Second, Within: time.Hour, Yield: 5 * time.Second, Missing: postgres.ErrNotFound,
}

// reportGuard decides who may read a report. The page of a link is the report's
// name without an extension: a link to one form opens the others.
func (a *App) reportGuard() links.Guard {
	return links.Guard{
		Keys: settings.Rotating("REPORT_KEYS"), Tokens: settings.Rotating("REPORT_TOKENS"), Now: a.Settings.Clock,
	}
}

// ReportLinks returns a function that makes addresses at which anybody may read a
// report, and the last day (in UTC) on which they may.
func (a *App) ReportLinks() (link func(day profile.Date, region profile.ODSCode) (string, error), last profile.Date, err error) {
	guard := a.reportGuard()
	keys, err := guard.Keys()
	if err != nil {
		return nil, last, err
	}
	guard.Keys = func() (string, error) { return keys, nil }
	last = profile.DateIn(a.Settings.Clock(), time.UTC).AddDays(a.Settings.ReportLinkDays)
	return func(day profile.Date, region profile.ODSCode) (string, error) {
		name := reportName(day, region)
		return guard.Sign(strings.TrimSuffix(a.Settings.ReportURL, "/")+"/reports/"+name+".html", name, last.AddDays(1).Time())
	}, last, nil
}

// ReportHandler serves /reports/report-2026-11-23[-BOARD].html and its other forms,
// to whoever has a link or a token. To others all names look alike.
func (a *App) ReportHandler(log *slog.Logger) http.Handler {
	readers, guard := spool.NewReaders(reportLimits), a.reportGuard()
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
		w.Header().Set("Cache-Control", "private, no-store")
		w.Header().Set("Referrer-Policy", "no-referrer") // the address may hold a signature
		if err := guard.Check(r, reportName(f.Day, f.Region)); err != nil {
			log.DebugContext(r.Context(), "a reader of a report was refused", "report", f.name(), "error", err)
			w.Header().Set("WWW-Authenticate", `Bearer realm="reports"`)
			http.Error(w, "this link is not valid or has expired; ask for a new one", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", reportForms[f.Form])
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		readers.Serve(w, r, func(ctx context.Context) (*spool.File, error) { return a.report(ctx, f) })
	})
}

// ReportReaders limits those who read reports.
func ReportReaders() *spool.Readers { return spool.NewReaders(reportLimits) }
