package runs

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Approve takes from a fresh plan exactly what a run withheld. What no longer
// follows from the records and the profiles, or would now do something else, is
// left out and named.
func Approve(withheld []Change, fresh Plan) (apply, left []Change) {
	follows := make(map[profile.Hash]bool, len(fresh.Changes))
	for _, c := range fresh.Changes {
		follows[c.Digest()] = true
	}
	for _, c := range withheld {
		if follows[c.Digest()] {
			apply = append(apply, c)
		} else {
			left = append(left, c)
		}
	}
	return apply, left
}

// Undo plans to take back exactly the changes that a run applied. Fields that
// somebody edited since are left as they are and named. A creation is taken
// back by closing and hiding the profile: nothing is ever deleted.
func Undo(applied []Change, local map[profile.ODSCode]profile.Profile) (plan Plan, left []Change) {
	for _, c := range applied {
		reversed, ok := c.reversed(local[c.Code])
		if !ok {
			left = append(left, c)
		}
		plan.Changes = append(plan.Changes, reversed...)
	}
	plan.sort()
	slices.SortFunc(left, compareChanges)
	return plan, left
}

// reversed is the change that takes c back, or none where the profile no longer
// holds what c wrote.
func (c Change) reversed(now profile.Profile) (back []Change, ok bool) {
	back = []Change{{
		Code: c.Code, Type: c.Type, Verb: c.Verb, Field: c.Field, Old: c.New, New: c.Old, Reason: BecauseUndo,
	}}
	switch {
	case c.Verb == Missing:
		return back, true
	case c.Verb == Create:
		return hide(c, now), true
	case now.Values.Get(c.Field) != c.New:
		return nil, false
	case c.Field == profile.FieldStatus:
		back[0].Verb = verbTo(profile.Status(c.Old))
	}
	return back, true
}

func hide(c Change, now profile.Profile) (back []Change) {
	undo := Change{Code: c.Code, Type: c.Type, Reason: BecauseUndo}
	if now.Status() != profile.StatusClosed {
		undo.Verb, undo.Field, undo.Old, undo.New = Close, profile.FieldStatus, string(now.Status()), string(profile.StatusClosed)
		back = append(back, undo)
	}
	if now.Values.Get(profile.FieldHidden) != "true" {
		undo.Verb, undo.Field, undo.Old, undo.New = Update, profile.FieldHidden, "false", "true"
		back = append(back, undo)
	}
	return back
}

func verbTo(s profile.Status) Verb {
	switch s {
	case profile.StatusClosed:
		return Close
	case profile.StatusDormant:
		return MakeDormant
	default:
		return Reopen
	}
}
