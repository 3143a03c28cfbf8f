package actions

import (
	"context"
	"strings"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
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
