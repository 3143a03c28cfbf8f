package qualitystore

import (
	"context"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore/qualitysql"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Quarantined is a raw record that could not be understood.
type Quarantined struct {
	Source    profile.Source  `json:"source"`
	Report    string          `json:"report"`
	Code      profile.ODSCode `json:"code"`
	Line      int             `json:"line"`
	Field     string          `json:"field"`
	Value     string          `json:"value"`
	Reason    string          `json:"reason"`
	FirstSeen time.Time       `json:"first_seen"`
	LastSeen  time.Time       `json:"last_seen"`

	ID int64 `json:"-"`
}

// QuarantinePlace is where a record stands in the quarantine; zero is before the first.
// One that is seen again moves to the beginning: whoever reads on from a place meets no
// record twice, and that one no more.
type QuarantinePlace struct {
	LastSeen time.Time `json:"l"`
	Report   string    `json:"r"`
	Line     int32     `json:"n"`
	ID       int64     `json:"i"`
}

// Place is where the record stands.
func (q Quarantined) Place() QuarantinePlace {
	return QuarantinePlace{q.LastSeen, q.Report, int32(q.Line), q.ID} //nolint:gosec // the column is an integer of Postgres
}

// Quarantined lists quarantined records behind a place, the newest first. An empty
// report means all.
func (s *Store) Quarantined(ctx context.Context, report string, behind QuarantinePlace, most int) ([]Quarantined, error) {
	rows, err := s.q.ListQuarantine(ctx, qualitysql.ListQuarantineParams{
		Report: report, Seen: postgres.Before(behind.LastSeen), AfterReport: behind.Report, AfterLine: int(behind.Line), AfterID: behind.ID,
		Most: min(most, postgres.All),
	})
	if err != nil {
		return nil, postgres.Wrap(err, "listing the quarantine")
	}
	records := make([]Quarantined, len(rows))
	for i, r := range rows {
		records[i] = Quarantined(r)
	}
	return records, nil
}

// Contradiction is an organisation that is active although its end date has
// passed.
type Contradiction struct {
	Source profile.Source  `json:"source"`
	Report string          `json:"report"`
	Code   profile.ODSCode `json:"code"`
	Name   string          `json:"name"`
	Status profile.Status  `json:"status"`
	Closed string          `json:"closed"`
}

// Contradictions lists contradictions. An empty report means all.
func (s *Store) Contradictions(ctx context.Context, report string) ([]Contradiction, error) {
	rows, err := s.q.ListContradictions(ctx, report)
	if err != nil {
		return nil, postgres.Wrap(err, "listing contradictions")
	}
	found := make([]Contradiction, len(rows))
	for i, r := range rows {
		found[i] = Contradiction(r)
	}
	return found, nil
}

// Flagged is a profile whose upstream record a person should look at.
type Flagged struct {
	Source       profile.Source  `json:"source"`
	Report       string          `json:"report"`
	Code         profile.ODSCode `json:"code"`
	Flag         string          `json:"flag"`
	Name         string          `json:"name"`
	Status       profile.Status  `json:"status"`
	MissingSince string          `json:"missing_since"`
}

// Flags lists flagged profiles. An empty report means all.
func (s *Store) Flags(ctx context.Context, report string) ([]Flagged, error) {
	rows, err := s.q.ListFlags(ctx, report)
	if err != nil {
		return nil, postgres.Wrap(err, "listing flags")
	}
	flagged := make([]Flagged, len(rows))
	for i, r := range rows {
		flagged[i] = Flagged(r)
	}
	return flagged, nil
}
