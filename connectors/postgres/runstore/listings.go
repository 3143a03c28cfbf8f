package runstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// accept makes a listing the baseline of its report, unless it is short.
// Approving a short listing accepts it after all, once nothing of it is
// undecided.
func accept(ctx context.Context, q *runsql.Queries, run runs.Run) error {
	listing := run
	if run.Kind == runs.RunApprove {
		parent, err := getRun(ctx, q, run.Parent)
		if err != nil {
			return err
		}
		undecided, err := q.AnyUndecided(ctx, run.Parent)
		if err != nil || undecided {
			return postgres.Wrap(err, "looking for what waits")
		}
		listing = parent
	}
	if listing.Kind != runs.RunListing || listing.Summary.Records == 0 ||
		listing.Summary.Short() != (run.Kind == runs.RunApprove) {
		return nil
	}
	accepted := runsql.AcceptListingParams{
		Source: listing.Source, Report: listing.Report, RunID: int64(run.ID), Actor: run.Actor, AsOf: listing.AsOf,
		Records: listing.Summary.Records, Etag: listing.Stamp.ETag, RulesVersion: runs.RulesVersion,
	}
	if listing.Summary.Rejected == 0 {
		accepted.Digest = listing.Stamp.Digest
	}
	return postgres.Wrap(q.AcceptListing(ctx, accepted), "accepting the listing")
}

// giveBack makes the listing that was accepted before the undone run the baseline
// again, and gives back the looks that the run counted. If a later listing was
// accepted since, that one stays.
func giveBack(ctx context.Context, q *runsql.Queries, undo runs.Run) error {
	if err := q.GiveLooksBack(ctx, runsql.GiveLooksBackParams{ParentID: undo.Parent, RunID: int64(undo.ID)}); err != nil {
		return postgres.Wrap(err, "giving looks back")
	}
	if err := q.EndListing(ctx, runsql.EndListingParams{Source: undo.Source, Report: undo.Report}); err != nil {
		return postgres.Wrap(err, "giving the listing back")
	}
	if err := q.GiveListingBack(ctx, runsql.GiveListingBackParams{Source: undo.Source, Report: undo.Report}); err != nil {
		return postgres.Wrap(err, "giving the listing back")
	}
	last, err := q.LastListing(ctx, runsql.LastListingParams{Source: undo.Source, Report: undo.Report})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return postgres.Wrap(err, "reading the last listing")
	}
	return unsettleAfter(ctx, q, undo.Source, undo.Report, last.AsOf)
}

// unsettleAfter has those records compared again that end after a day: a run for a
// later day may have seen them as ended.
func unsettleAfter(ctx context.Context, q *runsql.Queries, source profile.Source, report string, day profile.Date) error {
	err := q.UnsettleAfter(ctx, runsql.UnsettleAfterParams{Source: source, Report: report, Day: day.String()})
	return postgres.Wrap(err, "looking at records again")
}
