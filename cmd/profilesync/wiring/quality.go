package wiring

import (
	"context"
	"log/slog"

	"github.com/profilesync/profilesync/jobs/qualityjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Quality wires the quality checks; nil if nothing is pushed to DoS.
func (a *App) Quality(sinks Sinks, log *slog.Logger, progress func(checked int)) *qualityjobs.Checker {
	estate, ok := sinks[push.SinkDoS].(qualityjobs.Estate)
	if !ok {
		return nil
	}
	checker := &qualityjobs.Checker{
		Estate: estate, Pushes: a.Store.Pushes, Begin: a.beginQuality, Today: a.Today, Progress: progress, Log: log,
	}
	if site, ok := sinks[push.SinkWebsite]; ok {
		checker.Website = func(ctx context.Context, codes []profile.ODSCode) ([]push.Shown, error) {
			return site.ShowMany(ctx, codes, profile.Pharmacy)
		}
	}
	return checker
}

func (a *App) beginQuality(ctx context.Context, codes []profile.ODSCode, actor string) (qualityjobs.Check, error) {
	check, err := a.Store.Quality.Begin(ctx, codes, actor)
	if err != nil {
		return nil, err
	}
	return check, nil
}
