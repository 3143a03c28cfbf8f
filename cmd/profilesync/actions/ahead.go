package actions

import (
	"context"

	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Rehearsed lists what of a rehearsal can be approved ahead, and what of it was; left is
// how many changes still can be, and the digest that of exactly these.
func (a *Actions) Rehearsed(ctx context.Context, plan runs.PlanID, s runs.Selection) (
	rows []planstore.Rehearsed, left int, digest string, err error,
) {
	if err := a.Ready(ctx); err != nil {
		return nil, 0, "", err
	}
	if _, err := a.App.Store.Plans.Rehearsal(ctx, plan); err != nil {
		return nil, 0, "", err
	}
	rows, err = a.App.Store.Plans.Rehearsed(ctx, plan, s)
	return rows, len(planstore.Undecided(rows)), planstore.Digest(rows), err
}

// AheadRequest says what of a rehearsal is approved for which days. The digest of the
// selection is needed; a zero first day is the day of the rehearsal.
type AheadRequest struct {
	Plan      runs.PlanID
	Selection runs.Selection
	Span      runs.Span
}

// Check refuses a request without what it needs.
func (r AheadRequest) Check() error {
	switch {
	case r.Selection.Digest == "":
		return invalid("plan", " needs --digest, as `profilesync runs waiting --plan %s` prints it", r.Plan)
	case r.Span.Last.IsZero():
		return invalid("plan", " needs --until: the last day for which it is approved")
	}
	return nil
}

// Ahead is a decision on changes of a rehearsal.
type Ahead struct {
	Plan    runs.PlanID  `json:"plan"`
	Changes int          `json:"changes"`
	First   profile.Date `json:"first_day,omitzero"`
	Last    profile.Date `json:"last_day,omitzero"`
	By      string       `json:"by"`
}

// ApproveAhead approves what is selected of a rehearsal for a span of days.
func (a *Actions) ApproveAhead(ctx context.Context, r AheadRequest) (done Ahead, err error) {
	actor, err := a.who(ctx)
	if err != nil {
		return done, err
	}
	if err := r.Check(); err != nil {
		return done, err
	}
	if err := a.Ready(ctx); err != nil {
		return done, err
	}
	rehearsal, err := a.App.Store.Plans.Rehearsal(ctx, r.Plan)
	if err != nil {
		return done, err
	}
	if r.Span.First.IsZero() {
		r.Span.First = rehearsal.AsOf
	}
	if err := r.Span.Check(a.App.Today()); err != nil {
		return done, &Error{Kind: Invalid, Text: err.Error(), Err: err}
	}
	if a.App.Settings.ApprovalByAnother {
		if err := a.App.ByAnother(ctx, rehearsal, runs.Run{Actor: actor, OSUser: a.OSUser}); err != nil {
			return done, err
		}
	}
	rows, err := a.App.Store.Plans.Approve(ctx, planstore.Approval{
		Plan: r.Plan, Selection: r.Selection, Span: r.Span, Actor: actor, OSUser: a.OSUser,
	})
	return Ahead{Plan: r.Plan, Changes: rows, First: r.Span.First, Last: r.Span.Last, By: actor}, err
}

// WithdrawAhead takes back what was approved of a rehearsal ahead, and no run has used.
func (a *Actions) WithdrawAhead(ctx context.Context, plan runs.PlanID, s runs.Selection) (Ahead, error) {
	actor, err := a.Begin(ctx)
	if err != nil {
		return Ahead{}, err
	}
	if _, err := a.App.Store.Plans.Rehearsal(ctx, plan); err != nil {
		return Ahead{}, err
	}
	rows, err := a.App.Store.Plans.Withdraw(ctx, plan, s, actor)
	if err != nil {
		return Ahead{}, err
	}
	return Ahead{Plan: plan, Changes: rows, By: actor}, nil
}
