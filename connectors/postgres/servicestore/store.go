package servicestore

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore/servicesql"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Store is what the database remembers of the e-Referral Service.
type Store struct {
	runs *runstore.Store
	q    *servicesql.Queries
}

// New returns the store of a database.
func New(db *postgres.DB) *Store { return &Store{runs: runstore.New(db), q: servicesql.New(db)} }

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
