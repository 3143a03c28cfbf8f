package runstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Store stores runs.
type Store struct {
	db *postgres.DB
	q  *runsql.Queries
}

// New returns the store of a database.
func New(db *postgres.DB) *Store { return &Store{db: db, q: runsql.New(db)} }

// RunOfJob returns the run that a job began, or 0.
func (s *Store) RunOfJob(ctx context.Context, job int64) (runs.ID, error) {
	id, err := s.q.RunOfJob(ctx, &job)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return id, postgres.Wrap(err, "looking for the run of a job")
}

// LastETag is the entity tag of the last accepted listing of a report; empty if
// there is none.
func (s *Store) LastETag(ctx context.Context, source profile.Source, report string) (string, error) {
	last, err := s.q.LastListing(ctx, runsql.LastListingParams{Source: source, Report: report})
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return last.Etag, postgres.Wrap(err, "reading the last listing")
}

// Watermark is how far an incremental pull has come; zero if it never ran.
func (s *Store) Watermark(ctx context.Context, source profile.Source, stream string) (profile.Date, error) {
	until, err := s.q.GetWatermark(ctx, runsql.GetWatermarkParams{Source: source, Stream: stream})
	if errors.Is(err, pgx.ErrNoRows) {
		return profile.Date{}, nil
	}
	return until, postgres.Wrap(err, "reading the watermark")
}

// Prune removes plans of runs that ended before an instant, plans that people were
// shown more than a week ago, and uploads that neither needs.
func (s *Store) Prune(ctx context.Context, before time.Time) error {
	if _, err := s.q.PrunePlans(ctx, before); err != nil {
		return postgres.Wrap(err, "removing old plans")
	}
	if err := s.q.PruneLooks(ctx, before); err != nil {
		return postgres.Wrap(err, "removing old looks")
	}
	if err := s.q.PruneChanges(ctx); err != nil {
		return postgres.Wrap(err, "removing old plans")
	}
	return postgres.Wrap(s.q.PruneUploads(ctx), "removing old uploads")
}

// beginner is a connection or a pool.
type beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// inTx runs work in one transaction.
func inTx(ctx context.Context, db beginner, work func(*runsql.Queries, pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error { return work(runsql.New(tx), tx) })
}
