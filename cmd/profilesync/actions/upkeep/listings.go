package upkeep

import (
	"context"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
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
func (u Upkeep) Listings(ctx context.Context) ([]Listing, error) {
	if err := u.Ready(ctx); err != nil {
		return nil, err
	}
	found, err := u.App.Store.Runs.Listings(ctx)
	listings := make([]Listing, len(found))
	for i, l := range found {
		listings[i] = Listing{l, l.AsOf.DaysUntil(u.App.Today())}
	}
	return listings, err
}

// ResetListing repairs the day of a report's last accepted listing.
func (u Upkeep) ResetListing(ctx context.Context, report string, to profile.Date, reason string) (done runstore.ResetDone, err error) {
	actor, err := u.Begin(ctx)
	if err != nil {
		return done, err
	}
	if _, err := ods.Types(report); err != nil {
		return done, &actions.Error{Kind: actions.Invalid, Text: err.Error(), Err: err}
	}
	if err := actions.PastOrToday("to", to, u.App.Today()); err != nil {
		return done, err
	}
	if strings.TrimSpace(reason) == "" {
		return done, &actions.Error{Kind: actions.Invalid, Field: "reason", Text: ": say why"}
	}
	return u.App.Store.Runs.ResetListing(ctx, runstore.Reset{
		Source: profile.SourceODS, Report: report, To: to, Actor: actor, Reason: reason,
	})
}
