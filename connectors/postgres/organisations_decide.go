package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/profilesync/profilesync/connectors/postgres/dbsqlc"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Withheld returns what the parent of an approval withheld and nobody decided
// on yet, page by page.
func (x *OrganisationSession) Withheld(ctx context.Context) iter.Seq2[[]runs.Change, error] {
	return func(yield func([]runs.Change, error) bool) {
		pages(func(after runs.Change) ([]runs.Change, error) {
			rows, err := x.plan.WithheldRows(ctx, dbsqlc.WithheldRowsParams{
				RunID: int64(x.run.Parent), AfterCode: string(after.Code), AfterField: after.Field.String(), Most: chunk,
			})
			changes := make([]runs.Change, len(rows))
			for i, row := range rows {
				changes[i] = toChange(dbsqlc.AppliedRowsRow(row))
			}
			return changes, wrap(err, "reading what was withheld")
		}, yield)
	}
}

// Applied returns what the parent of an undo applied, page by page.
func (x *OrganisationSession) Applied(ctx context.Context) iter.Seq2[[]runs.Change, error] {
	return func(yield func([]runs.Change, error) bool) {
		pages(func(after runs.Change) ([]runs.Change, error) {
			rows, err := x.plan.AppliedRows(ctx, dbsqlc.AppliedRowsParams{
				RunID: int64(x.run.Parent), AfterCode: string(after.Code), AfterField: after.Field.String(), Most: chunk,
			})
			changes := make([]runs.Change, len(rows))
			for i, row := range rows {
				changes[i] = toChange(row)
			}
			return changes, wrap(err, "reading what was applied")
		}, yield)
	}
}

func toChange(row dbsqlc.AppliedRowsRow) runs.Change {
	field, _ := profile.ParseField(row.Field) // no field: a creation or a mark
	return runs.Change{
		Code: profile.ODSCode(row.Code), Type: profile.OrgType(row.Type), Verb: runs.Verb(row.Verb), Field: field,
		Old: row.Old, New: row.New, Reason: runs.Reason(row.Reason), Undone: row.Undone,
	}
}

// Stored returns the records that were accepted last of the given codes: an
// approval never reads the file again.
func (x *OrganisationSession) Stored(ctx context.Context, codes []profile.ODSCode) ([]profile.Record, error) {
	rows, err := x.plan.LoadUpstream(ctx, dbsqlc.LoadUpstreamParams{Source: string(x.run.Source), Codes: texts(codes)})
	if err != nil {
		return nil, wrap(err, "loading upstream records")
	}
	var records []profile.Record
	for _, row := range rows {
		if row.Report != x.run.Report {
			continue
		}
		record := profile.Record{Code: profile.ODSCode(row.Code)}
		if err := json.Unmarshal(row.Facts, &record); err != nil {
			return nil, fmt.Errorf("the stored record of %s: %w", row.Code, err)
		}
		records = append(records, record)
	}
	return records, nil
}

// Missed returns those of the given codes that are profiles and not closed.
func (x *OrganisationSession) Missed(ctx context.Context, codes []profile.ODSCode) ([]runs.Missed, error) {
	rows, err := x.plan.LoadMissed(ctx, dbsqlc.LoadMissedParams{
		Source: string(x.run.Source), Report: x.run.Report, Codes: texts(codes),
	})
	missed := make([]runs.Missed, len(rows))
	for i, row := range rows {
		missed[i] = runs.Missed{
			Code: profile.ODSCode(row.Code), Type: profile.OrgType(row.Type), Since: fromDate(row.MissingSince),
		}
	}
	return missed, wrap(err, "loading missing profiles")
}

// Profiles returns the profiles of the given codes as they stand.
func (x *OrganisationSession) Profiles(ctx context.Context, codes []profile.ODSCode) (map[profile.ODSCode]profile.Profile, error) {
	rows, err := x.plan.LoadProfiles(ctx, texts(codes))
	profiles := make(map[profile.ODSCode]profile.Profile, len(rows))
	for _, row := range rows {
		profiles[profile.ODSCode(row.Code)] = toProfile(row)
	}
	return profiles, wrap(err, "loading profiles")
}
