package reportstore

import (
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore/reportsql"
)

// Store stores the frozen reports.
type Store struct {
	db *postgres.DB
	q  *reportsql.Queries
}

// New returns the store of a database.
func New(db *postgres.DB) *Store { return &Store{db: db, q: reportsql.New(db)} }
