package reconcile

import (
	"strconv"
	"time"
)

// Wish is everything that decides what a sink is to show of a profile.
type Wish struct {
	Profile Profile
	Edited  map[Field]time.Time // when people last changed a field
	Held    []Field             // frozen by a person: a push leaves them as the sink shows them
	Today   Date                // in London: dated hours of past days are dropped
}

// states reports whether anybody ever said something about a field. An editors'
// field of a profile that only a register has written is empty because nobody
// was asked; sending that would wipe what the sink knows.
func (w Wish) states(f Field) bool {
	if f.Owner() == OwnedByODS || f == FieldHidden || w.Profile.Values.Get(f) != "" {
		return true
	}
	_, edited := w.Edited[f]
	return edited
}

// Own is what a push says by itself: the route's fields, but for those that
// nobody stated and those that are held.
func (w Wish) Own(route Route) Values {
	var own Values
	weekly, dated := PublicHours(
		w.Profile.Values.Get(FieldOpeningTimes), w.Profile.Values.Get(FieldDatedOpeningTimes), w.Today)
	for _, f := range route.Fields {
		if !w.states(f) || w.held(f) {
			continue
		}
		switch f {
		case FieldOpeningTimes:
			own.Set(f, weekly)
		case FieldDatedOpeningTimes:
			own.Set(f, dated)
		case FieldStatus:
			own.Set(f, publicStatus(w.Profile.Status()))
		case FieldServices:
			own.Set(f, knownServices(w.Profile.Values.Get(f), route.Services))
		case FieldHidden:
			own.Set(f, strconv.FormatBool(w.Profile.Values.Get(f) == "true"))
		default:
			own.Set(f, w.Profile.Values.Get(f))
		}
	}
	return own
}

func (w Wish) held(f Field) bool {
	for _, h := range w.Held {
		if h == f {
			return true
		}
	}
	return false
}

// publicStatus is a status as sinks know it: dormant says something about
// prescribing, not about the doors.
func publicStatus(s Status) string {
	if s == StatusClosed {
		return string(StatusClosed)
	}
	return string(StatusOpen)
}

// Leaves lists the route's fields that a push does not speak of by itself.
func (v Values) Leaves(route Route) (fields []Field) {
	for _, f := range route.Fields {
		if !v.States(f) {
			fields = append(fields, f)
		}
	}
	return fields
}

// Keep states the given fields as another set of values has them: what a push
// does not speak of stays as it is shown.
func (v *Values) Keep(fields []Field, from Values) {
	for _, f := range fields {
		if from.States(f) {
			v.Set(f, from.Get(f))
		}
	}
}

// Difference is one field in which a sink shows something else than it is to.
type Difference struct {
	Field Field
	Want  string
	Shown string
}

// Differences compares what a push says with what the sink shows, without
// noise, in the fields that can be read back.
func Differences(route Route, own Values, shown Shown, today Date) (found []Difference) {
	weekly, dated := PublicHours(shown.Values.Get(FieldOpeningTimes), shown.Values.Get(FieldDatedOpeningTimes), today)
	if shown.Values.States(FieldDatedOpeningTimes) {
		shown.Values.Set(FieldDatedOpeningTimes, dated)
	}
	if shown.Values.States(FieldOpeningTimes) {
		shown.Values.Set(FieldOpeningTimes, weekly)
	}
	for _, f := range route.Shown {
		if !own.States(f) || shown.Found && !shown.Values.States(f) {
			continue
		}
		want, is := own.Get(f), shown.Values.Get(f)
		if f == FieldServices {
			want = servicesBut(want, shown.Blind)
		}
		if !shown.Found || !Same(f, want, is, own.Get(FieldName)) {
			found = append(found, Difference{Field: f, Want: want, Shown: is})
		}
	}
	return found
}

// DriftAlarm says why so much drift is no drift, or nothing. A sink that shows
// nothing, or something else for more than the guard's share of profiles, is
// broken or was reset: a person looks before anything is pushed.
func (g Guard) DriftAlarm(checked, missing, drifted int) string {
	switch {
	case missing == checked && checked > g.Floor:
		return "the sink shows none of " + strconv.Itoa(checked) + " profiles"
	case missing+drifted > g.allowed(g.FieldShare, checked):
		return "the sink differs for " + strconv.Itoa(missing+drifted) + " of " + strconv.Itoa(checked) + " profiles"
	}
	return ""
}
