package servicestore

import (
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore/servicesql"
)

// Store stores the register, codes and runs of the e-Referral Service.
type Store struct {
	runs *runstore.Store
	q    *servicesql.Queries
}

// New returns the store of a database.
func New(db *postgres.DB) *Store { return &Store{runs: runstore.New(db), q: servicesql.New(db)} }
