package runstore

import (
	"context"
	"iter"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Approved returns, page by page, the withheld rows that an approval is to apply.
func (x *OrganisationSession) Approved(ctx context.Context) iter.Seq2[[]runs.Change, error] {
	return changes(ApprovedRows(ctx, x.tx, x.run.ID))
}

// Applied returns, page by page, the rows that the parent of an undo applied.
func (x *OrganisationSession) Applied(ctx context.Context) iter.Seq2[[]runs.Change, error] {
	return changes(AppliedRows(ctx, x.tx, x.run.Parent))
}

func changes(pages iter.Seq2[[]DecidedRow, error]) iter.Seq2[[]runs.Change, error] {
	return func(yield func([]runs.Change, error) bool) {
		for rows, err := range pages {
			page := make([]runs.Change, len(rows))
			for i, row := range rows {
				page[i] = toChange(row)
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

func toChange(row DecidedRow) runs.Change {
	field, _ := profile.ParseField(row.Field) // no field: a creation or a mark
	return runs.Change{
		Code: row.Code, Type: row.Type, Verb: row.Verb, Field: field, Old: row.Old, New: row.New, Reason: row.Reason,
		Undone: row.Undone,
	}
}

// Stored returns what the register says of the given codes, by the last accepted
// records of all its reports: an approval never reads the file again.
func (x *OrganisationSession) Stored(ctx context.Context, codes []profile.ODSCode) ([]profile.Record, error) {
	known, err := x.upstream(ctx, codes)
	latest := make([]profile.Record, len(known))
	for i, of := range known {
		latest[i] = runs.Latest(x.run.AsOf, of.records)
	}
	return latest, err
}

// Missed returns the given codes whose profiles exist and are not closed.
func (x *OrganisationSession) Missed(ctx context.Context, codes []profile.ODSCode) ([]runs.Missed, error) {
	rows, err := x.plan.LoadMissed(ctx, runsql.LoadMissedParams{
		Source: x.run.Source, Report: x.run.Report, Codes: postgres.Texts(codes),
	})
	missed := make([]runs.Missed, len(rows))
	for i, row := range rows {
		missed[i] = runs.Missed{Code: row.Code, Type: row.Type, Since: row.MissingSince}
	}
	return missed, postgres.Wrap(err, "loading missing profiles")
}

// Profiles returns the current profiles of the given codes.
func (x *OrganisationSession) Profiles(ctx context.Context, codes []profile.ODSCode) (map[profile.ODSCode]profile.Profile, error) {
	loaded, err := postgres.LoadProfiles(ctx, x.tx, codes)
	profiles := make(map[profile.ODSCode]profile.Profile, len(loaded))
	for _, p := range loaded {
		profiles[p.Code] = p
	}
	return profiles, err
}
