package upkeep

import (
	"context"
	"log/slog"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// Findings lists what the quality checks found.
func (u Upkeep) Findings(ctx context.Context, f qualitystore.Filter) ([]qualitystore.Found, error) {
	if err := u.Ready(ctx); err != nil {
		return nil, err
	}
	return u.App.Store.Quality.Findings(ctx, f)
}

// CountFindings counts the findings of quality checks that last.
func (u Upkeep) CountFindings(ctx context.Context) (int, error) {
	if err := u.Ready(ctx); err != nil {
		return 0, err
	}
	return u.App.Store.Quality.CountOpen(ctx)
}

// RunChecks makes the quality checks of these pharmacies, or of all. checked is called
// with how many are done; it may be nil.
func (u Upkeep) RunChecks(ctx context.Context, codes []profile.ODSCode, checked func(int)) (result quality.Result, err error) {
	actor, err := u.Begin(ctx)
	if err != nil {
		return result, err
	}
	sinks, err := u.App.Sinks()
	if err != nil {
		return result, err
	}
	if checked == nil {
		checked = func(int) {}
	}
	checker := u.App.Quality(sinks, u.App.Logger(slog.LevelWarn), checked)
	if checker == nil {
		return result, &actions.Error{Kind: actions.Unset, Text: "DoS is not configured: set PROFILESYNC_DOS_URL"}
	}
	return checker.Check(ctx, codes, actor)
}

// Quarantine lists upstream records that could not be read, the newest first. An empty
// report means all.
func (u Upkeep) Quarantine(ctx context.Context, report string, most int) ([]qualitystore.Quarantined, error) {
	return u.QuarantineBehind(ctx, report, qualitystore.QuarantinePlace{}, most)
}

// QuarantineBehind lists the records of Quarantine behind a place, at most so many.
func (u Upkeep) QuarantineBehind(ctx context.Context, report string, at qualitystore.QuarantinePlace, most int) (
	[]qualitystore.Quarantined, error,
) {
	if err := u.Ready(ctx); err != nil {
		return nil, err
	}
	return u.App.Store.Quality.Quarantined(ctx, report, at, most)
}

// Contradictions lists organisations that are active although their end date has passed.
func (u Upkeep) Contradictions(ctx context.Context, report string) ([]qualitystore.Contradiction, error) {
	if err := u.Ready(ctx); err != nil {
		return nil, err
	}
	return u.App.Store.Quality.Contradictions(ctx, report)
}

// Flags lists profiles whose upstream record a person should check.
func (u Upkeep) Flags(ctx context.Context, report string) ([]qualitystore.Flagged, error) {
	if err := u.Ready(ctx); err != nil {
		return nil, err
	}
	return u.App.Store.Quality.Flags(ctx, report)
}

// Owners lists sites whose owner changed within the last days, and those that have no
// open owner.
func (u Upkeep) Owners(ctx context.Context, days int) ([]servicestore.OwnedSite, error) {
	if err := u.Ready(ctx); err != nil {
		return nil, err
	}
	return u.App.Store.Services.Owners(ctx, u.App.Settings.Clock().AddDate(0, 0, -days))
}
