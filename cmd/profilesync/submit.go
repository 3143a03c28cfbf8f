package main

import (
	"context"
	"fmt"

	"github.com/profilesync/profilesync/reconcile"
)

// submit stores a run and brings it to its end: a running daemon works it, or,
// where there is none, this process does, under the same lock.
func (a *app) submit(ctx context.Context, run reconcile.Run, wait bool) (reconcile.Summary, error) {
	id, err := a.store.CreateRun(ctx, run, nil)
	if err != nil {
		return reconcile.Summary{}, err
	}
	if !wait {
		run.ID, run.State = id, reconcile.RunQueued
		return reconcile.NewSummary(run), nil
	}
	return a.workHere(ctx, run.Source, id)
}

// workHere first finishes what a killed process left of the same source, then
// works the run.
func (a *app) workHere(ctx context.Context, source reconcile.Source, id reconcile.RunID) (reconcile.Summary, error) {
	runs := a.runs(a.pull, newProgress(a.stderr))
	unfinished, err := a.store.Unfinished(ctx)
	if err != nil {
		return reconcile.Summary{}, err
	}
	for _, other := range unfinished {
		if other >= id {
			continue
		}
		a.say("finishing run %d, which was interrupted", other)
		if _, err := runs.Work(ctx, source, other); err != nil {
			return reconcile.Summary{}, err
		}
	}
	summary, err := runs.Work(ctx, source, id)
	if err != nil {
		return summary, fmt.Errorf("run %d goes on when it is worked again: %w", id, err)
	}
	return summary, nil
}
