package actions

import (
	"context"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// FindProfiles looks for profiles by code, postcode or a part of the name.
func (a *Actions) FindProfiles(ctx context.Context, text string, most int) ([]postgres.FoundProfile, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.FindProfiles(ctx, text, most)
}

// KeptPlan returns a plan as it was shown, whatever has become of it.
func (a *Actions) KeptPlan(ctx context.Context, id runs.PlanID) (runstore.KeptPlan, error) {
	if err := a.Ready(ctx); err != nil {
		return runstore.KeptPlan{}, err
	}
	return a.App.Store.Runs.KeptPlan(ctx, id)
}

// WaitingByRun counts what waits of each run, and nobody has decided on.
func (a *Actions) WaitingByRun(ctx context.Context) ([]runstore.WaitingRun, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Runs.WaitingByRun(ctx)
}

// Rehearsals lists the rehearsals that are kept, the latest day first.
func (a *Actions) Rehearsals(ctx context.Context, most int) ([]planstore.KeptRehearsal, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Plans.Rehearsals(ctx, most)
}

// RehearsalRun returns who asked for a rehearsal that is kept, and of what.
func (a *Actions) RehearsalRun(ctx context.Context, plan runs.PlanID) (runs.Run, error) {
	if err := a.Ready(ctx); err != nil {
		return runs.Run{}, err
	}
	return a.App.Store.Plans.Rehearsal(ctx, plan)
}

// InactiveChecks returns the newest checks of inactive accounts, the newest first.
func (a *Actions) InactiveChecks(ctx context.Context, most int) ([]people.IdleRun, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.People.IdleRuns(ctx, most)
}

// DriftChecks returns the newest check of all profiles of each sink.
func (a *Actions) DriftChecks(ctx context.Context) ([]pushstore.LastDriftCheck, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Pushes.LastDriftChecks(ctx)
}

// Drift lists what a check found.
func (a *Actions) Drift(ctx context.Context, check int64, sink push.Sink, most int) ([]pushstore.DriftRow, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Pushes.DriftFound(ctx, check, sink, most)
}

// Work is what the daemon has to do, and when it does what by itself.
type Work struct {
	At        time.Time
	Queues    []watchstore.QueueDepth
	Schedules []jobs.Schedule
	Ran       []watchstore.ScheduleAge
}

// Work returns the jobs that wait and are worked on, and the schedules.
func (a *Actions) Work(ctx context.Context) (w Work, err error) {
	if err := a.Ready(ctx); err != nil {
		return w, err
	}
	sinks, err := a.App.Sinks()
	if err != nil {
		return w, err
	}
	if w.Schedules, err = a.App.Schedules(sinks); err != nil {
		return w, err
	}
	w.At = a.App.Settings.Clock()
	w.Queues, w.Ran, err = a.App.Store.Watch.Queues(ctx)
	return w, err
}

// NamesOf returns the names of profiles; those that do not exist are left out.
func (a *Actions) NamesOf(ctx context.Context, codes []profile.ODSCode) (map[profile.ODSCode]string, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	found, err := postgres.LoadProfiles(ctx, a.App.Store.DB, codes)
	names := make(map[profile.ODSCode]string, len(found))
	for _, p := range found {
		names[p.Code] = p.Values.Get(profile.FieldName)
	}
	return names, err
}

// Whole returns all values of a profile, with its opening times, facilities and services.
func (a *Actions) Whole(ctx context.Context, code profile.ODSCode) (profile.Values, error) {
	if err := a.Ready(ctx); err != nil {
		return profile.Values{}, err
	}
	now, _, err := a.App.Store.Audit.Profile(ctx, code)
	return now.Whole(), err
}
