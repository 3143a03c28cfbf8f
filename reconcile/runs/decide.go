package runs

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Approve takes from a fresh plan exactly what a run withheld. What no longer
// follows from the records and the profiles, or would now do something else, is
// left out and named, with all of its fact; so are the fields of a closed profile
// whose opening was not withheld with them.
func Approve(withheld []Change, fresh Plan) (apply, left []Change) {
	follows := make(map[fact][]profile.Hash)
	for _, c := range fresh.Changes {
		follows[c.fact()] = append(follows[c.fact()], c.Digest())
	}
	closed := closedWithout(withheld, fresh)
	for _, rows := range byFact(withheld) {
		again := follows[rows[0].fact()]
		isOther := func(c Change) bool { return !slices.Contains(again, c.Digest()) }
		staysClosed := rows[0].Verb == Update && closed[rows[0].Code]
		if len(again) == len(rows) && !staysClosed && !slices.ContainsFunc(rows, isOther) {
			apply = append(apply, rows...)
		} else {
			left = append(left, rows...)
		}
	}
	return apply, left
}

// closedWithout returns the profiles that stay closed without what a fresh plan would
// do beside the changes that were withheld.
func closedWithout(withheld []Change, fresh Plan) map[profile.ODSCode]bool {
	closed := make(map[profile.ODSCode]bool)
	for _, c := range fresh.Changes {
		if c.Field == profile.FieldStatus && c.Old == string(profile.StatusClosed) {
			closed[c.Code] = true
		}
	}
	for _, c := range withheld {
		if c.Field == profile.FieldStatus {
			delete(closed, c.Code)
		}
	}
	return closed
}

// Undo plans to take back exactly the changes that a run applied. Facts that
// somebody edited since are left as they are and named. A creation is taken
// back by closing and hiding the profile: nothing is ever deleted.
func Undo(applied []Change, local map[profile.ODSCode]profile.Profile) (plan Plan, left []Change) {
	for _, rows := range byFact(applied) {
		if back, ok := reversed(rows, local[rows[0].Code]); ok {
			plan.Changes = append(plan.Changes, back...)
		} else {
			left = append(left, rows...)
		}
	}
	plan.sort()
	slices.SortFunc(left, compareChanges)
	return plan, left
}

// fact identifies what is decided on as one.
type fact struct {
	code profile.ODSCode
	verb Verb
	name profile.Field
}

func (c Change) fact() fact { return fact{c.Code, c.Verb, c.Field.Fact()} }

// byFact groups changes by fact, in the order of the first change of each.
func byFact(changes []Change) (facts [][]Change) {
	at := make(map[fact]int, len(changes))
	for _, c := range changes {
		n, known := at[c.fact()]
		if !known {
			n = len(facts)
			at[c.fact()], facts = n, append(facts, nil)
		}
		facts[n] = append(facts[n], c)
	}
	return facts
}

func reversed(rows []Change, now profile.Profile) (back []Change, ok bool) {
	for _, c := range rows {
		changes, ok := c.reversed(now)
		if !ok {
			return nil, false
		}
		back = append(back, changes...)
	}
	return back, true
}

// reversed returns the changes that take c back; ok is false if the profile no
// longer holds what c wrote.
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
