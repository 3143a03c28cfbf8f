package wiring

import (
	"context"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/historystore"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/connectors/postgres/referencestore"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/jobs/pushjobs"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Store is the database: the stores of all areas on one connection pool.
type Store struct {
	*postgres.DB

	Runs       *runstore.Store
	Plans      *planstore.Store
	References *referencestore.Store
	Services   *servicestore.Store
	Pushes     *pushstore.Store
	Quality    *qualitystore.Store
	People     *peoplestore.Store
	Reports    *reportstore.Store
	Cases      *casestore.Store
	Audit      *historystore.Store
	Watch      *watchstore.Store
	Access     *accessstore.Store
}

func newStore(db *postgres.DB) *Store {
	return &Store{
		DB: db, Runs: runstore.New(db), Plans: planstore.New(db), References: referencestore.New(db),
		Services: servicestore.New(db), Pushes: pushstore.New(db), Quality: qualitystore.New(db),
		People: peoplestore.New(db), Reports: reportstore.New(db), Cases: casestore.New(db),
		Audit: historystore.New(db), Watch: watchstore.New(db), Access: accessstore.New(db),
	}
}

// JobStore adapts the store to the jobs' interfaces.
type JobStore struct{ *Store }

// WithLedger calls work with the ledger of schedules.
func (s JobStore) WithLedger(ctx context.Context, work func(jobs.Ledger) error) error {
	return s.DB.WithLedger(ctx, func(l *postgres.Ledger) error { return work(l) })
}

// Unfinished returns the runs that should be worked but are not.
func (s JobStore) Unfinished(ctx context.Context) ([]runs.Run, error) { return s.Runs.Unfinished(ctx) }

// WithDispatch calls work with a round of dispatching. While another process is
// dispatching it does nothing and reports false.
func (s JobStore) WithDispatch(ctx context.Context, routes push.Routes, work func(pushjobs.Dispatch) error) (bool, error) {
	return s.Pushes.WithDispatch(ctx, routes, func(d *pushstore.Dispatch) error { return work(d) })
}

// Wakeups calls wake whenever a change or a request for a push is committed.
func (s JobStore) Wakeups(ctx context.Context, wake func()) error { return s.Pushes.Wakeups(ctx, wake) }

// Prune removes data from before the given time that is no longer needed.
func (s JobStore) Prune(ctx context.Context, before time.Time) error {
	for _, prune := range []func(context.Context, time.Time) error{s.Runs.Prune, s.DB.Prune, s.Pushes.Prune, s.Quality.Prune} {
		if err := prune(ctx, before); err != nil {
			return err
		}
	}
	return s.Access.Prune(ctx)
}
