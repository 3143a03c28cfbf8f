package actions

import (
	"context"
	"iter"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Outcome is what became of one run or one plan that a request asked for.
type Outcome struct {
	Summary   runs.Summary
	File      string // that it reads, as the caller names it; empty if it pulls
	Reference bool   // no run reconciles the file: others are read with it
	// Boards returns the names of boards, as what was read for a plan has them.
	Boards func(context.Context) (runtext.Boards, error)
}

// PlanEach plans everything that a request asks for, and tells shown what became of each
// plan before it makes the next.
func (a *Actions) PlanEach(ctx context.Context, r Request, shown func(Outcome) error) error {
	scopes, err := a.Scopes(ctx, r)
	if err != nil {
		return err
	}
	reader, err := a.NewReader(ctx)
	if err != nil {
		return err
	}
	for _, s := range scopes {
		outcome := s.outcome()
		outcome.Boards = func(ctx context.Context) (runtext.Boards, error) { return reader.BoardNames(ctx) }
		if outcome.Summary, err = a.Plan(ctx, reader, s); err != nil {
			return err
		}
		if err := shown(outcome); err != nil {
			return err
		}
	}
	return nil
}

// ReconcileEach stores, and with wait works, every run that a request asks for, and tells
// shown what became of each before it begins the next.
func (a *Actions) ReconcileEach(ctx context.Context, r Request, wait bool, shown func(Outcome) error) error {
	scopes, err := a.Scopes(ctx, r)
	if err != nil {
		return err
	}
	for _, s := range scopes {
		outcome := s.outcome()
		if outcome.Summary, err = a.Reconcile(ctx, s, wait); err != nil {
			return err
		}
		if err := shown(outcome); err != nil {
			return err
		}
	}
	return nil
}

func (s Scope) outcome() Outcome {
	o := Outcome{Reference: s.IsReference()}
	if s.File != nil {
		o.File = s.File.Path
	}
	return o
}

// WholePlan returns the changes of a plan in the order of its digest, with the values of
// creations, in pages.
func (a *Actions) WholePlan(ctx context.Context, plan runs.PlanID) iter.Seq2[[]planstore.Change, error] {
	if err := a.Ready(ctx); err != nil {
		return func(yield func([]planstore.Change, error) bool) { yield(nil, err) }
	}
	return a.App.Store.Plans.Changes(ctx, plan)
}
