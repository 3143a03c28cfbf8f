package runstore

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// staging creates the working tables of a run.
//
//go:embed working_tables.sql
var staging string

// OrganisationSession works runs of the organisation register.
type OrganisationSession struct {
	*Session
	open map[profile.OrgType]int // open profiles before the run, by type, for the types that its report covers
	last runsql.LastListingRow
}

// LockOrganisations waits for the lock of the organisation register.
func (s *Store) LockOrganisations(ctx context.Context) (*OrganisationSession, error) {
	session, err := s.Lock(ctx, profile.SourceODS)
	if err != nil {
		return nil, err
	}
	return &OrganisationSession{Session: session}, nil
}

// BeginPlan begins to plan a run whose report covers these types.
func (x *OrganisationSession) BeginPlan(ctx context.Context, run runs.Run, types []profile.OrgType) error {
	err := x.OpenPlan(ctx, run)
	if err == nil {
		err = x.prepare(ctx, types)
	}
	return err
}

func (x *OrganisationSession) prepare(ctx context.Context, types []profile.OrgType) (err error) {
	if _, err := x.tx.Exec(ctx, staging); err != nil {
		return fmt.Errorf("creating the working tables: %w", err)
	}
	if x.open, err = open(ctx, x.plan, types); err != nil {
		return err
	}
	x.last, err = x.plan.LastListing(ctx, runsql.LastListingParams{Source: x.run.Source, Report: x.run.Report})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("reading the last listing: %w", err)
	}
	return nil
}

// LastListing returns the day and the size of the last accepted listing of the
// report; zero if there was none.
func (x *OrganisationSession) LastListing() (asOf profile.Date, records int) {
	return x.last.AsOf, x.last.Records
}

// LastLayout returns the layout of the last accepted listing of the report; empty
// if there was none, or its layout was not kept.
func (x *OrganisationSession) LastLayout() string { return x.last.Layout }

// Unchanged reports whether a listing is byte for byte the one accepted last and
// none of its records has to be compared again; if so, it returns how many
// records it holds.
func (x *OrganisationSession) Unchanged(ctx context.Context, stamp runs.Stamp) (records int, unchanged bool, err error) {
	if stamp.Digest == (profile.Hash{}) {
		return 0, false, nil
	}
	known, err := x.plan.IsSettledListing(ctx, runsql.IsSettledListingParams{
		Source: x.run.Source, Report: x.run.Report, Digest: stamp.Digest, RulesVersion: runs.RulesVersion, AsOf: x.run.AsOf,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	return known, err == nil, postgres.Wrap(err, "looking for the same listing")
}

// Stage copies key and hash of every record to the database, and returns how
// many there are.
func (x *OrganisationSession) Stage(ctx context.Context, rows iter.Seq2[profile.Row, error]) (records int, err error) {
	source := &stagingRows{}
	next, stop := iter.Pull2(rows)
	defer stop()
	source.next = next
	columns := []string{"code", "raw_hash", "raw_offset", "raw_length", "line"}
	copied, err := x.tx.CopyFrom(ctx, pgx.Identifier{"listing_row"}, columns, source)
	if source.err != nil {
		return 0, source.err // CopyFrom keeps its text, not its type
	}
	if err != nil {
		return 0, fmt.Errorf("staging the records: %w", err)
	}
	return int(copied), nil
}

// stagingRows feeds COPY without a copy of the listing in memory.
type stagingRows struct {
	next func() (profile.Row, error, bool)
	row  profile.Row
	err  error
}

func (s *stagingRows) Next() bool {
	var more bool
	s.row, s.err, more = s.next()
	return more && s.err == nil
}

func (s *stagingRows) Values() ([]any, error) {
	return []any{string(s.row.Code), s.row.Hash[:], s.row.Offset, s.row.Length, s.row.Line}, nil
}

func (s *stagingRows) Err() error { return s.err }

// Compare finds the records that differ from those accepted last, in one
// statement. For a listing it also finds the absent ones. Codes that appear on
// several lines of a listing are removed and returned: none of those lines can
// be trusted.
func (x *OrganisationSession) Compare(ctx context.Context) (differing int, duplicates []profile.Row, err error) {
	if x.run.Kind == runs.RunDelta {
		found, err := x.plan.CompareDelta(ctx, runsql.CompareDeltaParams{
			RulesVersion: runs.RulesVersion, Source: x.run.Source, Report: x.run.Report, AsOf: x.run.AsOf,
		})
		return int(found), nil, postgres.Wrap(err, "comparing")
	}
	if err := x.forgetReturned(ctx); err != nil {
		return 0, nil, err
	}
	found, err := x.plan.CompareListing(ctx, runsql.CompareListingParams{
		RulesVersion: runs.RulesVersion, Source: x.run.Source, Report: x.run.Report, AsOf: x.run.AsOf,
	})
	if err != nil {
		return 0, nil, postgres.Wrap(err, "comparing")
	}
	if found == 0 {
		return 0, nil, nil
	}
	rows, err := x.plan.RemoveDuplicates(ctx)
	for _, row := range rows {
		duplicates = append(duplicates, toRow(row.Code, row.RawHash, row.RawOffset, row.RawLength, row.Line))
	}
	return int(found) - len(rows), duplicates, postgres.Wrap(err, "looking for duplicates")
}

// forgetReturned joins the whole listing, so it runs only if there is something
// it can find.
func (x *OrganisationSession) forgetReturned(ctx context.Context) error {
	marked, err := x.plan.AnyMissingMark(ctx)
	if err != nil || !marked {
		return postgres.Wrap(err, "looking for decisions")
	}
	returned := runsql.ForgetReturnedParams{RunID: &x.run.ID, Source: x.run.Source, Report: x.run.Report}
	return postgres.Wrap(x.plan.ForgetReturned(ctx, returned), "forgetting decisions")
}

func toRow(code profile.ODSCode, hash profile.Hash, offset *int64, length, line *int) profile.Row {
	return profile.Row{Code: code, Hash: hash, Offset: *offset, Length: *length, Line: *line}
}

// chunk is how many records are planned or applied at a time.
const chunk = 4000

// Differing returns, chunk by chunk and in the order of the listing, the
// records that have to be decoded.
func (x *OrganisationSession) Differing(ctx context.Context) iter.Seq2[[]runs.Candidate, error] {
	return func(yield func([]runs.Candidate, error) bool) {
		for after, more := 0, true; more; {
			rows, err := x.plan.DifferingChunk(ctx, runsql.DifferingChunkParams{After: after, Most: chunk})
			candidates := make([]runs.Candidate, len(rows))
			for i, row := range rows {
				candidates[i].Row = toRow(row.Code, row.RawHash, row.RawOffset, row.RawLength, row.Line)
				candidates[i].KnownDigest = row.KnownHash
				after = row.N
			}
			if more = len(rows) == chunk; len(rows) > 0 || err != nil {
				more = yield(candidates, postgres.Wrap(err, "reading what differs")) && more && err == nil
			}
		}
	}
}

// Absent returns, chunk by chunk, the open profiles that the listing does not
// hold.
func (x *OrganisationSession) Absent(ctx context.Context) iter.Seq2[[]runs.Missed, error] {
	return func(yield func([]runs.Missed, error) bool) {
		for after, more := 0, true; more; {
			rows, err := x.plan.AbsentChunk(ctx, runsql.AbsentChunkParams{After: after, Most: chunk})
			var missed []runs.Missed
			for _, row := range rows {
				after = row.N
				if row.Status != string(profile.StatusClosed) { // it is a profile
					missed = append(missed, runs.Missed{Code: row.Code, Type: profile.OrgType(row.Type), Since: row.MissingSince})
				}
			}
			if more = len(rows) == chunk; len(missed) > 0 || err != nil {
				more = yield(missed, postgres.Wrap(err, "reading what is absent")) && more && err == nil
			}
		}
	}
}

// Load adds to the records what a comparison needs: the records accepted last,
// the profiles, people's decisions, and what waits for one.
func (x *OrganisationSession) Load(ctx context.Context, records []profile.Record) ([]runs.Item, error) {
	codes := make([]profile.ODSCode, len(records))
	at := make(map[profile.ODSCode]*runs.Item, len(records))
	items := make([]runs.Item, len(records))
	for i, record := range records {
		codes[i], items[i].Upstream = record.Code, record
		at[record.Code] = &items[i]
	}
	for _, load := range []func(context.Context, []profile.ODSCode, map[profile.ODSCode]*runs.Item) error{
		x.loadProfiles, x.loadUpstream, x.loadMarks, x.loadWaiting, x.loadAhead,
	} {
		if err := load(ctx, codes, at); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (x *OrganisationSession) loadProfiles(ctx context.Context, codes []profile.ODSCode, at map[profile.ODSCode]*runs.Item) error {
	profiles, err := postgres.LoadProfiles(ctx, x.tx, codes)
	for i := range profiles {
		at[profiles[i].Code].Local = &profiles[i]
	}
	return err
}

func (x *OrganisationSession) loadUpstream(ctx context.Context, codes []profile.ODSCode, at map[profile.ODSCode]*runs.Item) error {
	known, err := x.upstream(ctx, codes)
	for _, of := range known {
		base := runs.BaseOf(x.run.AsOf, of.records, of.own)
		item := at[base.Code]
		item.Base, item.BaseLayout, item.PendingSince = &base, of.layout, of.pendingSince
	}
	return err
}

// upstream is what the reports of the register said of an organisation, the latest
// first.
type upstream struct {
	records      []profile.Record
	own          int          // the record of the run's own report; -1 for none
	layout       string       // the layout in which that was read; empty where it is not known
	pendingSince profile.Date // the first look at a closure, in any report; zero for none
}

// upstream returns the last accepted records of the given codes.
func (x *OrganisationSession) upstream(ctx context.Context, codes []profile.ODSCode) (known []upstream, err error) {
	rows, err := x.plan.LoadUpstream(ctx, runsql.LoadUpstreamParams{
		Source: x.run.Source, Report: x.run.Report, Codes: postgres.Texts(codes),
	})
	if err != nil {
		return nil, postgres.Wrap(err, "loading upstream records")
	}
	for n, row := range rows {
		record := profile.Record{Code: row.Code}
		if err := json.Unmarshal(row.Facts, &record); err != nil {
			return nil, fmt.Errorf("the stored record of %s: %w", row.Code, err)
		}
		if n == 0 || rows[n-1].Code != row.Code {
			known = append(known, upstream{own: -1})
		}
		of := &known[len(known)-1]
		if row.Report == x.run.Report {
			of.own, of.layout = len(of.records), row.Layout
		}
		if first := row.PendingSince; of.pendingSince.IsZero() || first.Before(of.pendingSince) && !first.IsZero() {
			of.pendingSince = first
		}
		of.records = append(of.records, record)
	}
	return known, nil
}

// loadAhead adds what people approved ahead; a decision is planned again without it.
func (x *OrganisationSession) loadAhead(ctx context.Context, codes []profile.ODSCode, at map[profile.ODSCode]*runs.Item) error {
	if !x.run.Kind.Pulls() {
		return nil
	}
	open, err := planstore.LoadOpen(ctx, x.tx, x.run, postgres.Texts(codes))
	for _, a := range open {
		at[a.Code].Ahead = append(at[a.Code].Ahead, a)
	}
	return err
}

func (x *OrganisationSession) loadMarks(ctx context.Context, codes []profile.ODSCode, at map[profile.ODSCode]*runs.Item) error {
	rows, err := x.plan.LoadMarks(ctx, postgres.Texts(codes))
	if err != nil {
		return postgres.Wrap(err, "loading decisions")
	}
	for _, row := range rows {
		item := at[row.Code]
		field, err := profile.ParseField(row.Field)
		if err != nil {
			return fmt.Errorf("decision on %s: %w", row.Code, err)
		}
		item.Marks = append(item.Marks, runs.Mark{
			Field: field, Verdict: row.Verdict, Value: row.Value, Until: row.Until,
		})
	}
	return nil
}
