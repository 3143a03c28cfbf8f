package reportstore

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore/reportsql"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Store is the frozen reports.
type Store struct {
	db *postgres.DB
	q  *reportsql.Queries
}

// New returns the store of a database.
func New(db *postgres.DB) *Store { return &Store{db: db, q: reportsql.New(db)} }

func toDate(d profile.Date) pgtype.Date {
	return pgtype.Date{Time: d.Time(), Valid: !d.IsZero()}
}

func fromDate(d pgtype.Date) profile.Date {
	if !d.Valid {
		return profile.Date{}
	}
	return profile.DateIn(d.Time, time.UTC)
}

func toTime(t time.Time) pgtype.Timestamptz { return pgtype.Timestamptz{Time: t, Valid: !t.IsZero()} }
