package wiring

import (
	"context"
	"log/slog"

	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
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
		checker.Website = shownBy(site)
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

// shownBy returns a function that reads what a sink with one record for each profile
// shows of pharmacies.
func shownBy(sink Sink) func(context.Context, []profile.ODSCode) (map[profile.ODSCode]profile.Values, error) {
	return func(ctx context.Context, codes []profile.ODSCode) (map[profile.ODSCode]profile.Values, error) {
		all, err := sink.ShowMany(ctx, codes, profile.Pharmacy)
		values := make(map[profile.ODSCode]profile.Values, len(all))
		for _, shown := range all {
			values[shown.Code] = shown.Values
		}
		return values, err
	}
}

// FindingsOf lists the findings of quality checks about a profile, and their rows.
func (a *App) FindingsOf(ctx context.Context, code profile.ODSCode) (found []qualitystore.Found, rows [][]string, err error) {
	found, err = a.Store.Quality.Findings(ctx, qualitystore.Filter{Code: code, Most: 100})
	for _, f := range found {
		rows = append(rows, []string{string(f.Kind), f.Text(), "owner: " + string(f.Owner)})
	}
	return found, rows, err
}

// SayFindings says how many findings of quality checks last, if any.
func (a *App) SayFindings(ctx context.Context) error {
	open, err := a.Store.Quality.CountOpen(ctx)
	if err == nil && open > 0 {
		a.Sayf("next: `profilesync checks list` shows what no push can mend: %d findings", open)
	}
	return err
}
