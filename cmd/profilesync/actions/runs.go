package actions

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Runs lists runs, the newest first.
func (a *Actions) Runs(ctx context.Context, f runstore.RunFilter) ([]runstore.RunLine, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Runs.ListRuns(ctx, f)
}

// Run returns a run, and in its summary what has become of what it withheld.
func (a *Actions) Run(ctx context.Context, id runs.ID) (run runs.Run, err error) {
	if err := a.Ready(ctx); err != nil {
		return run, err
	}
	if run, err = a.App.Store.Runs.Run(ctx, id); err != nil {
		return run, err
	}
	run.Summary.Decisions, err = a.App.Store.Runs.Decisions(ctx, id)
	return run, err
}

// RunRows returns what a run planned and its outcome, withheld rows first, and how many
// more rows there are than were wanted.
func (a *Actions) RunRows(ctx context.Context, id runs.ID, withheld bool, most int) (rows []runstore.Planned, more int, err error) {
	if err := a.Ready(ctx); err != nil {
		return nil, 0, err
	}
	if _, err := a.App.Store.Runs.Run(ctx, id); err != nil {
		return nil, 0, err
	}
	return a.App.Store.Runs.PlanRows(ctx, id, withheld, most)
}

// RunProgress returns how far a run has come.
func (a *Actions) RunProgress(ctx context.Context, id runs.ID) (runstore.Progress, error) {
	if err := a.Ready(ctx); err != nil {
		return runstore.Progress{}, err
	}
	return a.App.Store.Runs.Progress(ctx, id)
}

// PlanChanges returns the changes of a plan in the order in which people read them; of
// each kind those of the first profiles, at most so many; 0 means all.
func (a *Actions) PlanChanges(ctx context.Context, plan runs.PlanID, most int) ([]planstore.Shown, error) {
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	return a.App.Store.Plans.ShownChanges(ctx, plan, most)
}

// CancelRun cancels a run that nobody has begun to work. That of another is only for
// principals who may administer.
func (a *Actions) CancelRun(ctx context.Context, id runs.ID) (run runs.Run, err error) {
	actor, err := a.Begin(ctx)
	if err != nil {
		return run, err
	}
	if run, err = a.App.Store.Runs.Run(ctx, id); err != nil {
		return run, err
	}
	if principal, _ := guard.From(ctx); run.Actor != actor && !principal.May(guard.Administer) {
		why := "run " + id.String() + " was asked for by " + run.Actor + ": only who may administer cancels it"
		return run, &Error{Kind: Forbidden, Text: why}
	}
	return a.App.Cancel(ctx, id, actor)
}
