// Package referencestore keeps the last good copy of each report that others are read
// with, and that lists nothing that has a profile.
package referencestore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/referencestore/referencesql"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Store reads and writes the copies.
type Store struct{ q *referencesql.Queries }

// New returns the store of a database.
func New(db *postgres.DB) *Store { return &Store{referencesql.New(db)} }

// Reference is the last good copy of a report that is needed to read others, and
// that lists nothing that has a profile.
type Reference struct {
	Source  profile.Source
	Report  string
	Name    string       // the file or address that it was read from
	AsOf    profile.Date // the last day on which the register, or a file, said this
	Records int
	ETag    string // at the download service; may be empty
	Content []byte // as received
	Actor   string // who loaded it; of one that was read, empty
}

// Kept returns the copy of a report that is kept; one without content if none
// is.
func (s *Store) Kept(ctx context.Context, source profile.Source, report string) (Reference, error) {
	kept := Reference{Source: source, Report: report}
	row, err := s.q.GetReference(ctx, referencesql.GetReferenceParams{Source: source, Report: report})
	if errors.Is(err, pgx.ErrNoRows) {
		return kept, nil
	}
	kept.Name, kept.AsOf, kept.Records, kept.ETag, kept.Content = row.Name, row.AsOf, row.Records, row.Etag, row.Content
	return kept, postgres.Wrap(err, "reading the kept report "+report)
}

// Keep replaces the copy that is kept, unless that is of a later day. It
// reports whether it did.
func (s *Store) Keep(ctx context.Context, r Reference) (kept bool, err error) {
	rows, err := s.q.KeepReference(ctx, referencesql.KeepReferenceParams{
		Source: r.Source, Report: r.Report, Name: r.Name, AsOf: r.AsOf, Records: r.Records, Etag: r.ETag, Content: r.Content, Actor: r.Actor,
	})
	if err != nil {
		return false, fmt.Errorf("keeping report %s: %w", r.Report, err)
	}
	return rows > 0, nil
}

// See notes that the register said on a day what the kept copy with this
// entity tag says.
func (s *Store) See(ctx context.Context, r Reference, day profile.Date) error {
	err := s.q.SeeReference(ctx, referencesql.SeeReferenceParams{Source: r.Source, Report: r.Report, Etag: r.ETag, AsOf: day})
	return postgres.Wrap(err, "keeping report "+r.Report)
}
