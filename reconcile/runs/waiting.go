package runs

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Waiting is a change that a run withheld and nobody has decided on yet. No run
// applies it. It waits until a person approves or rejects it, the register says
// something else, or the profile says it already
// (RULES.md "What is withheld waits").
type Waiting struct {
	Change

	Run      ID // the run that withheld it
	Withheld WithheldReason
	Replaced bool // of one that ended: the same new value waits on, of another old value
}

// matchWaiting compares the changes found with those that wait. A change that
// waits is not planned again.
func (v *comparison) matchWaiting(waiting []Waiting) {
	for len(waiting) > 0 {
		fact := waiting[0].Field.Fact()
		var rows []Waiting
		waiting, rows = split(waiting, func(w Waiting) bool { return w.Field.Fact() == fact })
		v.matchFact(fact, rows)
	}
}

func (v *comparison) matchFact(fact profile.Field, rows []Waiting) {
	others, fresh := split(v.changes, func(c Change) bool { return c.Field.Fact() == fact })
	silent, stated := split(rows, v.states)
	switch {
	case len(fresh) == 0:
		if v.staysClosed(fact) || len(silent) == 0 && v.answers(fact, rows) {
			v.ended = append(v.ended, rows...)
		}
	case same(fresh, stated):
		v.changes = others
	case v.covers(rows, fresh):
		for i := range fresh {
			fresh[i].Waits, fresh[i].Since = rows[0].Withheld, rows[0].Since
		}
		for i := range stated {
			stated[i].Replaced = true
		}
		v.changes, v.ended = slices.Concat(others, fresh), append(v.ended, stated...)
	default:
		v.ended = append(v.ended, rows...)
	}
}

// states reports whether the register states the field that waits.
func (v *comparison) states(w Waiting) bool {
	return w.Verb != Update || v.Upstream.Values.Get(w.Field) != ""
}

// staysClosed reports whether a fact waits in vain: the profile is closed, and its
// fields stay as they are.
func (v *comparison) staysClosed(fact profile.Field) bool {
	return fact != profile.NoField && fact != profile.FieldStatus && !v.comparedFields
}

// answers reports whether a comparison that plans nothing for a fact ends its
// wait. If the fact was not compared, it does not.
func (v *comparison) answers(fact profile.Field, rows []Waiting) bool {
	switch {
	case fact == profile.NoField: // missing, but here it is
		return true
	case v.held(fact) != nil, slices.Contains(v.outcome.NotCompared, fact):
		return false
	case fact == profile.FieldICB && v.statesBoardAlone():
		return v.agrees(fact)
	case fact == profile.FieldStatus:
		return v.answersStatus(rows[0])
	default:
		return true
	}
}

// answersStatus is answers for a status. A closure that is still pending goes
// on waiting, and a layout that does not distinguish active from dormant ends
// nothing.
func (v *comparison) answersStatus(w Waiting) bool {
	switch {
	case string(v.Local.Status()) == w.New:
		return true
	case w.Verb == Close:
		return v.outcome.PendingSince.IsZero()
	default:
		return v.Upstream.StandingOn(v.AsOf) != profile.Alive
	}
}

// same reports whether the changes found are exactly those that wait.
func same(fresh []Change, rows []Waiting) bool {
	return len(fresh) == len(rows) && !slices.ContainsFunc(fresh, func(c Change) bool {
		return !slices.ContainsFunc(rows, func(w Waiting) bool { return w.Digest() == c.Digest() })
	})
}

// covers reports whether the register says nothing new about a fact beyond what
// waits, whatever its form and whatever the profile says now. Drift of another
// field of the fact is not news from the register.
func (v *comparison) covers(rows []Waiting, fresh []Change) bool {
	waits := !slices.ContainsFunc(rows, v.states)
	for _, c := range fresh {
		switch {
		case slices.ContainsFunc(rows, func(w Waiting) bool {
			return w.Field == c.Field && v.sameValue(c.Field, w.New, c.New)
		}):
			waits = true
		case v.isNews(c):
			return false
		}
	}
	return waits
}

// sameValue reports whether two values of a field are the same, addresses in any
// form.
func (v *comparison) sameValue(f profile.Field, a, b string) bool {
	if f != profile.FieldAddress {
		return profile.Same(f, a, b)
	}
	place := placeOf(&v.Upstream.Values)
	other := place
	place.Address, other.Address = a, b
	return profile.SamePlace(place, other)
}

// split returns the elements that do not match, and those that do, in order.
func split[T any](list []T, matches func(T) bool) (others, matching []T) {
	for _, one := range list {
		if matches(one) {
			matching = append(matching, one)
		} else {
			others = append(others, one)
		}
	}
	return others, matching
}
