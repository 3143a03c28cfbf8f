package push

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// DesiredState is everything that decides what a sink is to show of a profile.
type DesiredState struct {
	Profile profile.Profile
	Edited  map[profile.Field]time.Time // when people last changed a field
	Held    []profile.Field             // frozen by a person: a push leaves them as the sink shows them
	Today   profile.Date                // in London: dated hours of past days are dropped
}

// isStated reports whether anybody ever said something about a field. An editors'
// field of a profile that only a register has written is empty because nobody
// was asked; sending that would wipe what the sink knows.
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

// Stated is what a push says by itself: the route's fields, but for those that
// nobody stated and those that are held.
func (w DesiredState) Stated(route Route) profile.Values {
	var own profile.Values
	weekly, dated := profile.PublicHours(
		w.Profile.Values.Get(profile.FieldOpeningTimes), w.Profile.Values.Get(profile.FieldDatedOpeningTimes), w.Today)
	for _, f := range route.Fields {
		if !w.isStated(f) || slices.Contains(w.Held, f) {
			continue
		}
		switch f {
		case profile.FieldOpeningTimes:
			own.Set(f, weekly)
		case profile.FieldDatedOpeningTimes:
			own.Set(f, dated)
		case profile.FieldStatus:
			own.Set(f, publicStatus(w.Profile.Status()))
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

// isHidden reports whether a push says that the profile is hidden. Sinks show one
// status, in which closed wins; but a status that is held is not ours to say.
func (w DesiredState) isHidden() bool {
	closes := w.Profile.Status() == profile.StatusClosed && !slices.Contains(w.Held, profile.FieldStatus)
	return w.Profile.Values.Get(profile.FieldHidden) == "true" && !closes
}

// publicStatus is a status as sinks know it: dormant says something about
// prescribing, not about the doors.
func publicStatus(s profile.Status) string {
	if s == profile.StatusClosed {
		return string(profile.StatusClosed)
	}
	return string(profile.StatusOpen)
}

// NotStated lists the route's fields of which a push says nothing by itself.
func (r Route) NotStated(own profile.Values) (fields []profile.Field) {
	for _, f := range r.Fields {
		if !own.States(f) {
			fields = append(fields, f)
		}
	}
	return fields
}

// Difference is one field in which a sink shows something else than it is to.
type Difference struct {
	Field profile.Field
	Want  string
	Shown string
}

// Differences compares what a push says with what the sink shows, without
// noise, in the fields that can be read back. One that the sink does not state
// counts as empty, or what became null there would never be found; so a sink
// that shows nothing differs in every field that says something. Days before
// today count on neither side, and what the sink does not know, or this answer
// cannot tell, is not missed.
func Differences(route Route, own profile.Values, shown Shown, today profile.Date) (found []Difference) {
	own, is := comparable(own, route, shown.NeverShown, today), comparable(shown.Values, route, nil, today)
	for _, f := range route.Readable {
		if !own.States(f) || slices.Contains(shown.NotInAnswer, f) {
			continue
		}
		if want, is := own.Get(f), is.Get(f); !profile.Same(f, want, is, own.Get(profile.FieldName)) {
			found = append(found, Difference{Field: f, Want: want, Shown: is})
		}
	}
	return found
}

// comparable are the values with hours in public form and with the services
// that both sides can speak of.
func comparable(v profile.Values, route Route, blind []string, today profile.Date) profile.Values {
	weekly, dated := profile.PublicHours(v.Get(profile.FieldOpeningTimes), v.Get(profile.FieldDatedOpeningTimes), today)
	services := withoutServices(knownServices(v.Get(profile.FieldServices), route.Services), blind)
	setWhereStated(&v, profile.FieldOpeningTimes, weekly)
	setWhereStated(&v, profile.FieldDatedOpeningTimes, dated)
	setWhereStated(&v, profile.FieldServices, services)
	return v
}

// setWhereStated writes a stated value in another form.
func setWhereStated(v *profile.Values, f profile.Field, value string) {
	if v.States(f) {
		v.Set(f, value)
	}
}

// knownServices are the lines with one of the codes; nil knows all.
func knownServices(services string, codes []string) string {
	if codes == nil {
		return services
	}
	return keepLines(services, func(line string) bool { return slices.Contains(codes, profile.ServiceCode(line)) })
}

// withoutServices are the lines without any of the codes.
func withoutServices(services string, codes []string) string {
	return keepLines(services, func(line string) bool { return !slices.Contains(codes, profile.ServiceCode(line)) })
}

func keepLines(text string, keep func(line string) bool) string {
	if text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return !keep(line) }), "\n")
}
