package watchstore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore/watchsql"
)

// Store reads the state of the database for monitoring.
type Store struct {
	db *postgres.DB
	q  *watchsql.Queries
}

// New returns the store of a database.
func New(db *postgres.DB) *Store { return &Store{db: db, q: watchsql.New(db)} }

// inTx runs work in one transaction.
func (s *Store) inTx(ctx context.Context, work func(*watchsql.Queries, pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error { return work(watchsql.New(tx), tx) })
}
