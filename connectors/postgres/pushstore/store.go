package pushstore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore/pushsql"
)

// Store stores pushes, drift and holds.
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
