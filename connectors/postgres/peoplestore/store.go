package peoplestore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore/peoplesql"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Store is what the database remembers of accounts, letters and the calendar.
type Store struct {
	db *postgres.DB
	q  *peoplesql.Queries
}

// New returns the store of a database.
func New(db *postgres.DB) *Store { return &Store{db: db, q: peoplesql.New(db)} }

// inTx runs work in one transaction.
func (s *Store) inTx(ctx context.Context, work func(*peoplesql.Queries, pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error { return work(peoplesql.New(tx), tx) })
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

func toInterval(d time.Duration) pgtype.Interval {
	return pgtype.Interval{Microseconds: d.Microseconds(), Valid: true}
}

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}
