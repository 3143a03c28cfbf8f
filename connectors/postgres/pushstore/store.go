package pushstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore/pushsql"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Store is what the database remembers of pushes, of drift and of holds.
type Store struct {
	db *postgres.DB
	q  *pushsql.Queries
}

// New returns the store of a database.
func New(db *postgres.DB) *Store { return &Store{db: db, q: pushsql.New(db)} }

// inTx runs work in one transaction.
func (s *Store) inTx(ctx context.Context, work func(*pushsql.Queries, pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error { return work(pushsql.New(tx), tx) })
}

func toDate(d profile.Date) pgtype.Date {
	return pgtype.Date{Time: d.Time(), Valid: !d.IsZero()}
}

func fromDate(d pgtype.Date) profile.Date {
	if !d.Valid {
		return profile.Date{}
	}
	return profile.DateIn(d.Time, time.UTC)
}

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}
