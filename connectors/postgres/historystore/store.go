package historystore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/historystore/historysql"
	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Store reads the history of profiles.
type Store struct{ db *postgres.DB }

// New returns the store of a database.
func New(db *postgres.DB) *Store { return &Store{db: db} }

// oneMoment is how everything is read: as it stood at one moment.
var oneMoment = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// Profile returns a profile as it stands, with its parts, and all of its audit, the
// oldest row first; postgres.ErrNotFound if there is no such profile.
func (s *Store) Profile(ctx context.Context, code profile.ODSCode) (now history.Standing, audit []history.Change, err error) {
	err = pgx.BeginTxFunc(ctx, s.db, oneMoment, func(tx pgx.Tx) error {
		if now, err = standing(ctx, tx, code); err != nil {
			return err
		}
		audit, err = changes(ctx, tx, code)
		return err
	})
	return now, audit, postgres.Wrap(err, "history of "+string(code))
}

func standing(ctx context.Context, tx pgx.Tx, code profile.ODSCode) (history.Standing, error) {
	now := history.Standing{Code: code}
	profiles, err := postgres.LoadProfiles(ctx, tx, []profile.ODSCode{code})
	if err == nil && len(profiles) == 0 {
		err = postgres.ErrNotFound
	}
	if err != nil {
		return now, err
	}
	now.Values = profiles[0].Values
	parts, err := historysql.New(tx).Parts(ctx, code)
	for _, p := range parts {
		f, failed := profile.ParseField(p.Field)
		if failed != nil {
			return now, fmt.Errorf("parts: %w", failed)
		}
		now.Parts = append(now.Parts, history.Part{Field: f, JSON: p.Part})
	}
	return now, err
}

func changes(ctx context.Context, tx pgx.Tx, code profile.ODSCode) ([]history.Change, error) {
	rows, err := historysql.New(tx).Changes(ctx, code)
	audit := make([]history.Change, len(rows))
	for n, r := range rows {
		audit[n] = history.Change{
			ID: r.ID, Transaction: r.Transaction, At: r.At, Field: r.Field, Old: r.Old, New: r.New, Actor: r.Actor,
			Role: r.DatabaseRole, Run: runs.ID(r.Run), Reason: r.Reason,
		}
	}
	return audit, err
}
