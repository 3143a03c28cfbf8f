package runjobs

import (
	"context"
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// approve plans again the withheld rows that were approved, from the stored
// records and as of the parent's day. Rows that would now do something else are left out and
// recorded as such.
func (p *organisationPlanner) approve(ctx context.Context) error {
	for withheld, err := range p.session.Approved(ctx) {
		if err != nil {
			return err
		}
		fresh, err := p.planAgain(ctx, codesOf(withheld))
		if err != nil {
			return err
		}
		apply, left := runs.Approve(withheld, fresh)
		if left, err = p.explain(ctx, left); err != nil {
			return err
		}
		if err := p.session.RecordDecision(ctx, apply, left); err != nil {
			return err
		}
	}
	return nil
}

// explain says why changes are left out.
func (p *organisationPlanner) explain(ctx context.Context, left []runs.Change) ([]runs.Change, error) {
	if len(left) == 0 {
		return nil, nil
	}
	var records []profile.Record
	for _, code := range codesOf(left) {
		records = append(records, profile.Record{Code: code})
	}
	items, err := p.session.Load(ctx, records)
	return runs.ExplainLeft(left, p.run.AsOf, items), err
}

func (p *organisationPlanner) planAgain(ctx context.Context, codes []profile.ODSCode) (fresh runs.Plan, err error) {
	records, err := p.session.Stored(ctx, codes)
	if err != nil {
		return fresh, err
	}
	items, err := p.session.Load(ctx, records)
	if err != nil {
		return fresh, err
	}
	missed, err := p.session.Missed(ctx, codes)
	if err != nil {
		return fresh, err
	}
	for i := range items {
		items[i].Waiting = nil // nothing is held back from a decision
	}
	fresh = runs.Compute(runs.Input{AsOf: p.run.AsOf, CountsAsLook: true, ProfileTypes: p.ProfileTypes, Items: items})
	fresh.Changes = append(fresh.Changes, runs.MarkMissing(p.run.AsOf, missed).Changes...)
	return fresh, nil
}

// undo plans to revert exactly what the parent applied. Fields that were edited
// since are left as they are, and recorded as such.
func (p *organisationPlanner) undo(ctx context.Context) error {
	if err := p.session.TurnBackWaiting(ctx); err != nil {
		return err
	}
	for applied, err := range p.session.Applied(ctx) {
		if err != nil {
			return err
		}
		profiles, err := p.session.Profiles(ctx, codesOf(applied))
		if err != nil {
			return err
		}
		plan, left := runs.Undo(applied, profiles)
		if err := p.session.RecordDecision(ctx, plan.Changes, left); err != nil {
			return err
		}
	}
	return nil
}

// codesOf returns the codes of sorted changes, each once.
func codesOf(changes []runs.Change) []profile.ODSCode {
	var codes []profile.ODSCode
	for _, c := range changes {
		if len(codes) == 0 || codes[len(codes)-1] != c.Code {
			codes = append(codes, c.Code)
		}
	}
	return codes
}

// approve plans again the withheld rows that were approved, from what is stored.
// What would now do something else is left out and recorded as such.
func (p *servicePlanner) approve(ctx context.Context) error {
	for withheld, err := range p.session.Approved(ctx) {
		if err != nil {
			return err
		}
		items, err := p.session.ItemsOf(ctx, servicesOf(withheld))
		if err != nil {
			return err
		}
		for i := range items {
			items[i].Waiting = nil // nothing is held back from a decision
		}
		fresh, _ := services.Plan(p.run.AsOf, items)
		apply, left := services.Approve(withheld, fresh)
		if err := p.session.RecordDecision(ctx, apply, services.ExplainLeft(left, items)); err != nil {
			return err
		}
	}
	return nil
}

// undo plans to revert exactly what the parent applied. What was edited since
// is left as it is, and recorded as such.
func (p *servicePlanner) undo(ctx context.Context) error {
	if err := p.session.TurnBackWaiting(ctx); err != nil {
		return err
	}
	for applied, err := range p.session.Applied(ctx) {
		if err != nil {
			return err
		}
		rows, states, err := p.session.Rows(ctx, servicesOf(applied))
		if err != nil {
			return err
		}
		back, left := services.Undo(applied, rows, states)
		if err := p.session.RecordDecision(ctx, back, left); err != nil {
			return err
		}
	}
	return nil
}

// servicesOf returns the services of changes, each once.
func servicesOf(changes []services.Change) []services.ID {
	ids := make([]services.ID, len(changes))
	for n, c := range changes {
		ids[n] = c.Service
	}
	slices.SortFunc(ids, services.CompareIDs)
	return slices.Compact(ids)
}
