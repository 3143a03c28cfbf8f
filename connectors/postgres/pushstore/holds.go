package pushstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore/pushsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Hold is a person's instruction not to touch a field of a profile, or a profile
// for a sink. Exactly one of Field and Sink is set.
type Hold struct {
	ID        int64           `json:"id"`
	Code      profile.ODSCode `json:"code"`
	Name      string          `json:"name"`
	Field     string          `json:"field,omitempty"`
	Sink      string          `json:"sink,omitempty"`
	Until     profile.Date    `json:"until"` // the last day; zero for no end
	Reason    string          `json:"reason"`
	Actor     string          `json:"actor"`
	At        time.Time       `json:"at"`
	Removed   time.Time       `json:"removed_at,omitzero"`
	RemovedBy string          `json:"removed_by,omitempty"`
}

// AddHold stores a hold and returns its number.
func (s *Store) AddHold(ctx context.Context, h Hold) (int64, error) {
	params := pushsql.InsertHoldParams{Code: h.Code, Until: h.Until, Reason: h.Reason, Actor: h.Actor}
	if h.Field != "" {
		params.Field = &h.Field
	}
	if h.Sink != "" {
		sink := push.Sink(h.Sink)
		params.Sink = &sink
	}
	id, err := s.q.InsertHold(ctx, params)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.ConstraintName == "hold_profile_fkey" {
		err = postgres.ErrNotFound
	}
	if err != nil {
		return 0, postgres.Wrap(err, "holding "+string(h.Code))
	}
	return id, nil
}

// RemoveHold ends a hold before its time. The row stays.
func (s *Store) RemoveHold(ctx context.Context, id int64, actor string) error {
	n, err := s.q.RemoveHold(ctx, pushsql.RemoveHoldParams{ID: id, Actor: actor})
	if err == nil && n == 0 {
		err = postgres.ErrNotFound
	}
	return postgres.Wrap(err, fmt.Sprintf("hold %d", id))
}

// Holds lists the holds in force on a day, or all holds ever made. An empty
// code means every profile.
func (s *Store) Holds(ctx context.Context, code profile.ODSCode, today profile.Date, ended bool) ([]Hold, error) {
	rows, err := s.q.ListHolds(ctx, pushsql.ListHoldsParams{Code: string(code), Today: today, Ended: ended})
	if err != nil {
		return nil, postgres.Wrap(err, "listing holds")
	}
	holds := make([]Hold, len(rows))
	for i, r := range rows {
		holds[i] = Hold(r)
	}
	return holds, nil
}
