package actions

import (
	"bytes"
	"context"
	"slices"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// once has a run stored once for the request that asks for it, however often the request
// is begun: a daemon may have stored it and died. What else was asked for tells it from
// another request with the same key, which has a run of its own. A file that is sent again
// is another upload, and midnight may have passed: neither makes it another request.
func once(ctx context.Context, run runs.Run, asked ...any) runs.Run {
	run.Once = guard.Once(ctx, run.Kind, run.Source, run.Report, run.Parent, run.Plan, run.Codes, asked)
	return run
}

// before are the approvals that the same request stored before its daemon died: the runs
// that they decided on. What was selected waits no longer then.
func (a *Actions) before(ctx context.Context, d Decision, actor string) (parents []runs.Run, err error) {
	if d.Run != 0 || guard.Once(ctx) == nil {
		return nil, nil
	}
	if err := a.Ready(ctx); err != nil {
		return nil, err
	}
	approvals, err := a.App.Store.Runs.ApprovalsOnce(ctx, actor)
	if err != nil {
		return nil, err
	}
	for _, approval := range slices.Backward(approvals) { // in the order in which they were stored
		if !bytes.Equal(approval.Once, once(ctx, approval, d.Selection, d.All).Once) {
			continue
		}
		parent, err := a.App.Store.Runs.Run(ctx, approval.Parent)
		if err != nil {
			return nil, err
		}
		parents = append(parents, parent)
	}
	return parents, nil
}

// behind are the runs on which the same request had not decided when its daemon died.
func (on decided) behind(before []runs.Run) []runs.Run {
	return slices.DeleteFunc(slices.Clone(on.parents), func(parent runs.Run) bool {
		return slices.ContainsFunc(before, func(b runs.Run) bool { return b.ID == parent.ID })
	})
}

// MayBeDone makes the refusal of a request that is begun again say that the first try may have
// done it: the daemon that was asked then ended before it answered.
func MayBeDone(ctx context.Context, refusal error) error {
	kind := KindOf(refusal)
	if !guard.BegunAgain(ctx) || kind != Conflict && kind != Missing {
		return refusal
	}
	text := refusal.Error() + "; the daemon that was asked first ended before it answered, and may have done it"
	return &Error{Kind: kind, Text: text, Err: refusal}
}
