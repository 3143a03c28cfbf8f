package jobs

import (
	"context"
	"iter"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// decider is what planning an approval or an undo needs of a draft.
type decider interface {
	remembered
	stored
	RecordDecision(ctx context.Context, apply, left []runs.Change) error
}

type remembered interface {
	Withheld(ctx context.Context) iter.Seq2[[]runs.Change, error]
	Applied(ctx context.Context) iter.Seq2[[]runs.Change, error]
}

type stored interface {
	Stored(ctx context.Context, codes []profile.ODSCode) ([]profile.Record, error)
	Missed(ctx context.Context, codes []profile.ODSCode) ([]runs.Missed, error)
	Profiles(ctx context.Context, codes []profile.ODSCode) (map[profile.ODSCode]profile.Profile, error)
}

// planApproval plans what the parent withheld, once more, from the stored
// records and at the parent's day. Rows that would now do something else are
// left out and named.
func (r *Runs) planApproval(ctx context.Context, draft Draft, run runs.Run) (summary runs.Summary, err error) {
	for withheld, err := range draft.Withheld(ctx) {
		if err != nil {
			return summary, err
		}
		fresh, err := r.replan(ctx, draft, run, withheld)
		if err != nil {
			return summary, err
		}
		apply, left := runs.Approve(withheld, fresh)
		if err := draft.RecordDecision(ctx, apply, left); err != nil {
			return summary, err
		}
	}
	return draft.Judge(ctx, nil, false)
}

func (r *Runs) replan(ctx context.Context, draft Draft, run runs.Run, withheld []runs.Change) (fresh runs.Plan, err error) {
	codes := codesOf(withheld)
	records, err := draft.Stored(ctx, codes)
	if err != nil {
		return fresh, err
	}
	items, err := draft.Load(ctx, records)
	if err != nil {
		return fresh, err
	}
	missed, err := draft.Missed(ctx, codes)
	if err != nil {
		return fresh, err
	}
	fresh = runs.Compute(runs.Input{AsOf: run.AsOf, Look: true, Kept: r.Kept, Items: items})
	fresh.Changes = append(fresh.Changes, runs.MarkMissing(run.AsOf, missed).Changes...)
	return fresh, nil
}

// planUndo plans to take back exactly what the parent applied. Fields that were
// edited since are left and named.
func (r *Runs) planUndo(ctx context.Context, draft Draft) (summary runs.Summary, err error) {
	for applied, err := range draft.Applied(ctx) {
		if err != nil {
			return summary, err
		}
		profiles, err := draft.Profiles(ctx, codesOf(applied))
		if err != nil {
			return summary, err
		}
		plan, left := runs.Undo(applied, profiles)
		if err := draft.RecordDecision(ctx, plan.Changes, left); err != nil {
			return summary, err
		}
	}
	return draft.Judge(ctx, nil, false)
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
