package wiring

import (
	"context"
	"time"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Runs wires working runs. open opens each pull.
func (a *App) Runs(open func(context.Context, runs.Run) (runjobs.Pull, error), shown Progress) *runjobs.Runs {
	return &runjobs.Runs{
		LockOrganisations: func(ctx context.Context) (runjobs.OrganisationSession, error) {
			return a.Store.Runs.LockOrganisations(ctx)
		},
		LockServices: func(ctx context.Context) (runjobs.ServiceSession, error) { return a.Store.Services.Lock(ctx) },
		Organisations: runjobs.Organisations{
			Open: open, Types: a.types, Redefined: ods.Redefined,
			ProfileTypes: a.Settings.OrgTypes(), Guard: runs.DefaultGuard(),
		},
		Services: a.services(), Now: time.Now, Today: a.Today, Progress: shown,
	}
}

// Progress is called with how far a run has come.
type Progress = func(ctx context.Context, run runs.ID, stage string, done, total int)
