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
		Records: listing.Summary.Records, Etag: listing.Stamp.ETag, Boards: listing.Stamp.Boards, Layout: listing.Stamp.Layout,
		RulesVersion: runs.RulesVersion,
	}
	if listing.Summary.Rejected == 0 {
		accepted.Digest = listing.Stamp.Digest
	}
	return postgres.Wrap(q.AcceptListing(ctx, accepted), "accepting the listing")
}

// giveBack makes the listing that was accepted before the undone run the baseline
// again, and restores the looks as they were before it: closures are pending
// again. If a later listing was accepted since, that one stays. What the undo put
// on the list of what waits, or took off it, is compared at the next look.
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
	if err := q.LookAgainAtWaiting(ctx, &undo.ID); err != nil {
		return postgres.Wrap(err, "looking again at what waits")
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

// Listing is the last accepted listing of a report.
type Listing struct {
	Source  profile.Source `json:"source"`
	Report  string         `json:"report"`
	AsOf    profile.Date   `json:"as_of"`
	Records int            `json:"records"`
	Run     runs.ID        `json:"run,omitzero"` // that accepted it; 0 if a person set its day
	Actor   string         `json:"actor"`
	Reason  string         `json:"reason,omitempty"` // why a person set its day
}

// Listings returns the last accepted listing of each report.
func (s *Store) Listings(ctx context.Context) ([]Listing, error) {
	rows, err := s.q.ListListings(ctx)
	if err != nil {
		return nil, postgres.Wrap(err, "listing listings")
	}
	listings := make([]Listing, len(rows))
	for i, r := range rows {
		listings[i] = Listing{
			Source: r.Source, Report: r.Report, AsOf: r.AsOf, Records: r.Records, Run: runs.ID(r.Run), Actor: r.Actor, Reason: r.Reason,
		}
	}
	return listings, nil
}

// Reset says which day the last accepted listing of a report speaks of, and why.
type Reset struct {
	Source profile.Source
	Report string
	To     profile.Date
	Actor  string
	Reason string
}

// ResetDone is what a reset changed.
type ResetDone struct {
	Report     string       `json:"report"`
	Was        profile.Date `json:"was"`
	WasRecords int          `json:"was_records"`
	Is         profile.Date `json:"is"`
	Records    int          `json:"records"`
	Closures   int          `json:"closures"` // pending closures whose first look was later than To
	Absences   int          `json:"absences"` // missing marks of days later than To
}

// ErrNoListing means that no listing of the report was accepted.
var ErrNoListing = errors.New("no listing of this report has been accepted")

// ResetListing repairs the last accepted listing of a report, under the lock of
// its source, so that no run is in between. Looks at later days are taken back.
// One that is of that day already is left alone.
func (s *Store) ResetListing(ctx context.Context, r Reset) (done ResetDone, err error) {
	session, err := s.Lock(ctx, r.Source)
	if err != nil {
		return done, err
	}
	defer session.Close()
	err = inTx(ctx, session.Conn, func(q *runsql.Queries, _ pgx.Tx) error {
		was, err := q.LockListing(ctx, runsql.LockListingParams{Source: r.Source, Report: r.Report})
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNoListing
		}
		if err != nil {
			return err
		}
		done = ResetDone{Report: r.Report, Was: was.AsOf, WasRecords: was.Records, Is: was.AsOf, Records: was.Records}
		if was.AsOf == r.To {
			return nil
		}
		return done.write(ctx, q, r, was.Acceptance)
	})
	if err != nil {
		return done, postgres.Wrap(err, "resetting the listing of "+r.Report)
	}
	return done, nil
}

func (d *ResetDone) write(ctx context.Context, q *runsql.Queries, r Reset, acceptance int64) error {
	is, err := q.ResetListing(ctx, runsql.ResetListingParams{
		Source: r.Source, Report: r.Report, Day: r.To, Actor: r.Actor, Reason: r.Reason, Acceptance: acceptance,
	})
	if err != nil {
		return err
	}
	taken, err := q.TakeLooksBackAfter(ctx, runsql.TakeLooksBackAfterParams{Source: r.Source, Report: r.Report, Day: r.To})
	if err != nil {
		return err
	}
	d.Is, d.Records, d.Closures, d.Absences = is.AsOf, is.Records, taken.Closures, taken.Absences
	return unsettleAfter(ctx, q, r.Source, r.Report, r.To)
}

// WasReadAlike reports whether the last accepted listing of a report has the entity
// tag of the run, and was read with the present rules and with these boards. If not,
// an unchanged listing may still say something new.
func (s *Store) WasReadAlike(ctx context.Context, run runs.Run, boards profile.Hash) (bool, error) {
	alike, err := s.q.WasReadAlike(ctx, runsql.WasReadAlikeParams{
		Source: run.Source, Report: run.Report, Etag: run.Stamp.ETag, RulesVersion: runs.RulesVersion, Boards: boards,
	})
	return alike, postgres.Wrap(err, "reading the last listing")
}
