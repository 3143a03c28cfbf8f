package services

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Rows holds the services that profiles show, by profile and service.
type Rows map[profile.ODSCode]map[ID]Shown

// Approve takes from a fresh plan exactly the changes that a run withheld. A
// change that the fresh plan no longer makes, or makes differently, is returned
// in left.
func Approve(withheld, fresh []Change) (apply, left []Change) {
	follows := make(map[profile.Hash]bool, len(fresh))
	for _, c := range fresh {
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

// Undo plans to take back exactly the changes that a run applied. A change whose
// service was edited since is returned in left. A service that was new is
// withdrawn, not deleted; a move is taken back by a move; a missing mark ends,
// unless the service is no longer missing.
func Undo(applied []Change, rows Rows, states map[ID]State) (changes, left []Change) {
	for _, c := range applied {
		if back, ok := c.reversed(rows, states); ok {
			changes = append(changes, back)
		} else {
			left = append(left, c)
		}
	}
	slices.SortFunc(changes, compareServiceChanges)
	slices.SortFunc(left, compareServiceChanges)
	return changes, left
}

func (c Change) reversed(rows Rows, states map[ID]State) (back Change, ok bool) {
	back = Change{Code: c.Code, Type: c.Type, Service: c.Service, Verb: c.Verb, Old: c.New, New: c.Old, Reason: runs.BecauseUndo}
	if c.Verb == runs.Missing {
		return back, (states[c.Service] == Missing) == (c.New != "")
	}
	now, found := rows[c.Code][c.Service]
	if !found || serviceText(now) != c.New {
		return back, false
	}
	if c.Old == "" {
		now.Withdrawn = true
		back.New, back.Leaves = serviceText(now), c.Code
		return back, true
	}
	old, from, err := ParseShown(c.Old)
	if err != nil || from == "" {
		return back, err == nil
	}
	if atOldSite := rows[from][c.Service]; !atOldSite.Withdrawn {
		return back, false // somebody brought it back there
	}
	back.Code, back.Leaves = from, c.Code
	back.Old, back.New = serviceText(moved{now, c.Code}), serviceText(old)
	return back, true
}

// Decision returns how a person's decision on a change is stored: the profile,
// and the value that will be proposed again.
func (c Change) Decision() (code profile.ODSCode, value string) {
	if c.Verb == runs.Missing {
		return c.Code, markOfAbsence
	}
	return c.Code, c.New
}

// Reproposed returns the decision to store for a change of an undo: the change
// that it reverses will be proposed again.
func (c Change) Reproposed() (code profile.ODSCode, value string) {
	if c.Verb == runs.Missing {
		return c.Code, markOfAbsence
	}
	shown, from, err := ParseShown(c.Old)
	if err != nil {
		return c.Code, c.Old
	}
	if from == "" {
		from = c.Code
	}
	return from, serviceText(shown)
}
