package actions

import (
	"context"
	"log/slog"
	"strings"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// Listing is the last accepted listing of a report.
type Listing struct {
	runstore.Listing

	AgeDays int `json:"age_days"` // negative for a day that has not come yet
}

// Listings returns the last accepted listing of each report.
func (a *Actions) Listings(ctx context.Context) ([]Listing, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	found, err := a.App.Store.Runs.Listings(ctx)
	listings := make([]Listing, len(found))
	for i, l := range found {
		listings[i] = Listing{l, l.AsOf.DaysUntil(a.App.Today())}
	}
	return listings, err
}

// ResetListing repairs the day of a report's last accepted listing.
func (a *Actions) ResetListing(ctx context.Context, report string, to profile.Date, reason string) (done runstore.ResetDone, err error) {
	actor, err := a.who(ctx)
	if err != nil {
		return done, err
	}
	if _, err := ods.Types(report); err != nil {
		return done, &Error{Kind: Invalid, Text: err.Error(), Err: err}
	}
	if err := pastOrToday("to", to, a.App.Today()); err != nil {
		return done, err
	}
	if strings.TrimSpace(reason) == "" {
		return done, invalid("reason", ": say why")
	}
	if err := a.Ready(ctx); err != nil {
		return done, err
	}
	return a.App.Store.Runs.ResetListing(ctx, runstore.Reset{
		Source: profile.SourceODS, Report: report, To: to, Actor: actor, Reason: reason,
	})
}

// Findings lists what the quality checks found.
func (a *Actions) Findings(ctx context.Context, f qualitystore.Filter) ([]qualitystore.Found, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Quality.Findings(ctx, f)
}

// CountFindings counts the findings of quality checks that last.
func (a *Actions) CountFindings(ctx context.Context) (int, error) {
	if err := a.Ready(ctx); err != nil {
		return 0, err
	}
	return a.App.Store.Quality.CountOpen(ctx)
}

// RunChecks makes the quality checks of these pharmacies, or of all. checked is called
// with how many are done; it may be nil.
func (a *Actions) RunChecks(ctx context.Context, codes []profile.ODSCode, checked func(int)) (result quality.Result, err error) {
	actor, err := a.Begin(ctx)
	if err != nil {
		return result, err
	}
	sinks, err := a.App.Sinks()
	if err != nil {
		return result, err
	}
	if checked == nil {
		checked = func(int) {}
	}
	checker := a.App.Quality(sinks, a.App.Logger(slog.LevelWarn), checked)
	if checker == nil {
		return result, unset("DoS is not configured: set PROFILESYNC_DOS_URL")
	}
	return checker.Check(ctx, codes, actor)
}

// Quarantine lists upstream records that could not be read, the newest first. An empty
// report means all.
func (a *Actions) Quarantine(ctx context.Context, report string, most int) ([]runstore.Quarantined, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Runs.Quarantined(ctx, report, most)
}

// Contradictions lists organisations that are active although their end date has passed.
func (a *Actions) Contradictions(ctx context.Context, report string) ([]runstore.Contradiction, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Runs.Contradictions(ctx, report)
}

// Flags lists profiles whose upstream record a person should check.
func (a *Actions) Flags(ctx context.Context, report string) ([]runstore.Flagged, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Runs.Flags(ctx, report)
}

// Owners lists sites whose owner changed within the last days, and those that have no
// open owner.
func (a *Actions) Owners(ctx context.Context, days int) ([]servicestore.OwnedSite, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Services.Owners(ctx, a.App.Settings.Clock().AddDate(0, 0, -days))
}
