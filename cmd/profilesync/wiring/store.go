package wiring

import (
	"context"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/jobs/pushjobs"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Store is the database, room by room, on one pool of connections.
type Store struct {
	*postgres.DB

	Runs     *runstore.Store
	Services *servicestore.Store
	Pushes   *pushstore.Store
	People   *peoplestore.Store
	Reports  *reportstore.Store
	Watch    *watchstore.Store
}

func newStore(db *postgres.DB) *Store {
	return &Store{
		DB: db, Runs: runstore.New(db), Services: servicestore.New(db), Pushes: pushstore.New(db), People: peoplestore.New(db),
		Reports: reportstore.New(db), Watch: watchstore.New(db),
	}
}

// JobStore lets the store serve the jobs' interfaces, which name each other.
type JobStore struct{ *Store }

// WithLedger works on the ledger of schedules.
func (s JobStore) WithLedger(ctx context.Context, work func(jobs.Ledger) error) error {
	return s.DB.WithLedger(ctx, func(l *postgres.Ledger) error { return work(l) })
}

// Unfinished returns the runs that nobody works although they should be.
func (s JobStore) Unfinished(ctx context.Context) ([]runs.Run, error) { return s.Runs.Unfinished(ctx) }

// WithDispatch gives work a round of its own. It reports false, and does nothing,
// while another process has one.
func (s JobStore) WithDispatch(ctx context.Context, routes push.Routes, work func(pushjobs.Dispatch) error) (bool, error) {
	return s.Pushes.WithDispatch(ctx, routes, func(d *pushstore.Dispatch) error { return work(d) })
}

// Wakeups calls wake whenever somebody committed a change or asked for a push.
func (s JobStore) Wakeups(ctx context.Context, wake func()) error { return s.Pushes.Wakeups(ctx, wake) }

// Prune removes what nobody needs any more, from before an instant.
func (s JobStore) Prune(ctx context.Context, before time.Time) error {
	for _, prune := range []func(context.Context, time.Time) error{s.Runs.Prune, s.DB.Prune, s.Pushes.Prune} {
		if err := prune(ctx, before); err != nil {
			return err
		}
	}
	return nil
}
