package runs

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// AheadID is the number of an approval ahead; 0 for none.
type AheadID int64

// Ahead is a change of a rehearsal that a person approved ahead. A run of the span of
// the approval that finds the same change of the whole fact applies it unasked
// (RULES.md "Rehearsals").
type Ahead struct {
	Change

	Approval AheadID
}

// AheadCount counts the changes that a run makes because they were approved ahead.
type AheadCount struct {
	Plan  PlanID `json:"plan"` // the rehearsal
	By    string `json:"by"`
	Count int    `json:"count"`
}

// Rehearsed is the refusal of a rehearsal that is to be applied.
func Rehearsed(plan PlanID, asOf profile.Date) error {
	return &profile.RefusedError{Name: "plan " + plan.String(), Why: fmt.Sprintf(
		"it is a rehearsal of %s, and no rehearsal is applied; reconcile the listing when that day has come", asOf)}
}

// Span is the days, both included, for which a run may be that applies what was
// approved ahead.
type Span struct{ First, Last profile.Date }

// Check returns an error for a span that has no day, or none from today on.
func (s Span) Check(today profile.Date) error {
	switch {
	case s.Last.Before(s.First):
		return fmt.Errorf("the span ends on %s, before it begins on %s", s.Last, s.First)
	case s.Last.Before(today):
		return fmt.Errorf("the span ends on %s, and that day is over (today is %s)", s.Last, today)
	default:
		return nil
	}
}

// takeApprovedAhead marks the changes of the facts that a person approved ahead: whole,
// and with the old and the new values that were seen. What was undone before and what
// waits already needs a person again.
func (v *comparison) takeApprovedAhead() {
	ahead := slices.SortedFunc(slices.Values(v.Ahead), func(a, b Ahead) int {
		return cmp.Or(cmp.Compare(a.Approval, b.Approval), compareChanges(a.Change, b.Change))
	})
	for len(ahead) > 0 {
		first := ahead[0]
		var rows []Ahead
		ahead, rows = split(ahead, func(a Ahead) bool { return a.Approval == first.Approval && a.fact() == first.fact() })
		v.takeFact(rows)
	}
}

func (v *comparison) takeFact(rows []Ahead) {
	asSeen := func(c Change) bool {
		return !c.Undone && c.Waits == NotWithheld && c.Ahead == 0 &&
			slices.ContainsFunc(rows, func(a Ahead) bool { return a.Digest() == c.Digest() })
	}
	var found []int
	for i, c := range v.changes {
		if c.fact() != rows[0].fact() {
			continue
		}
		if !asSeen(c) {
			return
		}
		found = append(found, i)
	}
	if len(found) != len(rows) {
		return
	}
	for _, i := range found {
		v.changes[i].Ahead = rows[0].Approval
	}
}
