package wiring

import (
	"context"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/jobs/pushjobs"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Runs wires the working of runs. Each pull is opened by the given function.
func (a *App) Runs(open func(context.Context, runs.Run) (runjobs.Pull, error), shown Progress) *runjobs.Runs {
	return &runjobs.Runs{
		LockOrganisations: func(ctx context.Context) (runjobs.OrganisationSession, error) { return a.Store.LockOrganisations(ctx) },
		LockServices:      func(ctx context.Context) (runjobs.ServiceSession, error) { return a.Store.LockServices(ctx) },
		Organisations: runjobs.Organisations{
			Open: open, Types: a.types, ProfileTypes: a.Settings.OrgTypes(), Guard: runs.DefaultGuard(),
		},
		Services: a.services(), Now: time.Now, Progress: shown,
	}
}

// Progress is told how far a run has come.
type Progress = func(ctx context.Context, run runs.ID, stage string, done, total int)

// JobStore lets the store serve the jobs' interfaces, which name each other.
type JobStore struct{ *postgres.Store }

// WithLedger works on the ledger of schedules.
func (s JobStore) WithLedger(ctx context.Context, work func(jobs.Ledger) error) error {
	return s.Store.WithLedger(ctx, func(l *postgres.Ledger) error { return work(l) })
}

// WithDispatch gives work a round of its own. It reports false, and does nothing,
// while another process has one.
func (s JobStore) WithDispatch(ctx context.Context, routes push.Routes, work func(pushjobs.Dispatch) error) (bool, error) {
	return s.Store.WithDispatch(ctx, routes, func(d *postgres.Dispatch) error { return work(d) })
}
