package peoplestore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore/peoplesql"
)

// Store stores accounts, letters and the calendar.
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
