package push

import (
	"slices"
	"strconv"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// DesiredState is the desired state of a sink: everything that decides what it should
// show of a profile.
type DesiredState struct {
	Profile profile.Profile
	Edited  map[profile.Field]time.Time // when people last changed a field
	Held    []profile.Field             // frozen by a person: a push leaves them as the sink shows them
	LeftOut []profile.Field             // not taken by the sink: a push leaves them as the sink shows them
	// ClosedInReality says that a person has confirmed that the place has closed, whatever the
	// register says (RULES.md "Closed in reality").
	ClosedInReality bool
	Today           profile.Date // in London: dated hours of past days are dropped
	// Holidays are the bank holidays of the next 12 months, sorted.
	Holidays []profile.Date
	// SetHolidays are the dated hours, one line each, that pushes set for bank holidays among
	// dates that nobody stated. They go when they no longer follow from the profile.
	SetHolidays string
}

// isStated reports whether anybody ever stated a field. If only a register has
// written the profile, an editors' field is empty because nobody was asked;
// sending it would wipe what the sink knows.
func (w DesiredState) isStated(f profile.Field) bool {
	if f == profile.FieldHidden || w.Profile.Values.Get(f) != "" {
		return true
	}
	if f.Owner() == profile.OwnedByODS || f.Owner() == profile.OwnedByERS {
		return w.Profile.Values.States(f)
	}
	_, edited := w.Edited[f]
	return edited
}

// Stated returns the stated values of the route's fields, those that a push sends of
// its own accord. It leaves out held fields, those that the sink does not take, and those
// that nobody ever stated.
func (w DesiredState) Stated(route Route) profile.Values {
	var own profile.Values
	weekly, dated := profile.PublicHours(
		w.Profile.Values.Get(profile.FieldOpeningTimes), w.Profile.Values.Get(profile.FieldDatedOpeningTimes), w.Today, w.Holidays...)
	for _, f := range route.Fields {
		if !w.isStated(f) || slices.Contains(w.Held, f) || slices.Contains(w.LeftOut, f) {
			continue
		}
		switch f {
		case profile.FieldOpeningTimes:
			own.Set(f, weekly)
		case profile.FieldDatedOpeningTimes:
			own.Set(f, dated)
		case profile.FieldStatus:
			own.Set(f, string(w.publicStatus()))
		case profile.FieldServices:
			own.Set(f, knownServices(w.Profile.Values.Get(f), route.Services))
		case profile.FieldHidden:
			own.Set(f, strconv.FormatBool(w.isHidden()))
		default:
			own.Set(f, w.Profile.Values.Get(f))
		}
	}
	return own
}

// IsGone reports whether the profile is closed or hidden, so that no sink should offer
// the organisation.
func (w DesiredState) IsGone() bool {
	return w.IsClosed() || w.Profile.Values.Get(profile.FieldHidden) == "true"
}

// IsClosed reports whether the place has closed, as the register says or a person has
// confirmed.
func (w DesiredState) IsClosed() bool {
	return w.ClosedInReality || w.Profile.Status() == profile.StatusClosed
}

// isHidden reports whether a push says that the profile is hidden. Sinks show one
// status, in which closed wins over hidden, unless the status is held: then the
// push does not say closed.
func (w DesiredState) isHidden() bool {
	closed := w.IsClosed() && !slices.Contains(w.Held, profile.FieldStatus)
	return w.Profile.Values.Get(profile.FieldHidden) == "true" && !closed
}

// publicStatus returns the status as sinks know it. To them a dormant profile is
// open: dormant is about prescribing, not about whether the doors are open.
func (w DesiredState) publicStatus() profile.Status {
	if w.IsClosed() {
		return profile.StatusClosed
	}
	return profile.StatusOpen
}

// whyLeftAlone says why a push does not state a field, for people.
func (w DesiredState) whyLeftAlone(f profile.Field) string {
	switch {
	case slices.Contains(w.Held, f):
		return "it is held"
	case slices.Contains(w.LeftOut, f):
		return "the value stated is not taken"
	}
	return "nobody stated it"
}

// NotStated lists the route's fields that own does not state.
func (r Route) NotStated(own profile.Values) (fields []profile.Field) {
	for _, f := range r.Fields {
		if !own.States(f) {
			fields = append(fields, f)
		}
	}
	return fields
}
