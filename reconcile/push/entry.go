package push

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// DesiredState is the desired state of a sink: everything that decides what it should
// show of a profile.
type DesiredState struct {
	Profile profile.Profile
	Edited  map[profile.Field]time.Time // when people last changed a field
	Held    []profile.Field             // frozen by a person: a push leaves them as the sink shows them
	Today   profile.Date                // in London: dated hours of past days are dropped
	// Holidays are the bank holidays of the next 12 months, sorted.
	Holidays []profile.Date
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
// its own accord. It leaves out held fields and those that nobody ever stated.
func (w DesiredState) Stated(route Route) profile.Values {
	var own profile.Values
	weekly, dated := profile.PublicHours(
		w.Profile.Values.Get(profile.FieldOpeningTimes), w.Profile.Values.Get(profile.FieldDatedOpeningTimes), w.Today, w.Holidays...)
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
// status, in which closed wins over hidden, unless the status is held: then the
// push does not say closed.
func (w DesiredState) isHidden() bool {
	closed := w.Profile.Status() == profile.StatusClosed && !slices.Contains(w.Held, profile.FieldStatus)
	return w.Profile.Values.Get(profile.FieldHidden) == "true" && !closed
}

// publicStatus returns a status as sinks know it. To them a dormant profile is
// open: dormant is about prescribing, not about whether the doors are open.
func publicStatus(s profile.Status) string {
	if s == profile.StatusClosed {
		return string(profile.StatusClosed)
	}
	return string(profile.StatusOpen)
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

// Difference is one field that a sink does not show as it should.
type Difference struct {
	Field profile.Field
	Want  string
	Shown string
}

// Differences compares what a push says with what the sink shows, without noise,
// in the fields that can be read back. A field that the sink does not state
// counts as empty; otherwise a value that became null there would never be found.
// So a sink that shows nothing differs in every field with a value. Days before
// today are ignored on both sides, as are services that the sink does not know
// and fields that this answer cannot show.
func Differences(route Route, own profile.Values, shown Shown, today profile.Date) (found []Difference) {
	own, is := comparableValues(own, route, shown.NeverShown, today), comparableValues(shown.Values, route, nil, today)
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

// comparableValues returns the values in the form in which both sides can be compared:
// hours in public form, and only services that the sink knows and can show.
func comparableValues(v profile.Values, route Route, blind []string, today profile.Date) profile.Values {
	weekly, dated := profile.PublicHours(v.Get(profile.FieldOpeningTimes), v.Get(profile.FieldDatedOpeningTimes), today)
	services := withoutServices(knownServices(v.Get(profile.FieldServices), route.Services), blind)
	setWhereStated(&v, profile.FieldOpeningTimes, weekly)
	setWhereStated(&v, profile.FieldDatedOpeningTimes, dated)
	setWhereStated(&v, profile.FieldServices, services)
	return v
}

// setWhereStated replaces the value of a field if it is stated.
func setWhereStated(v *profile.Values, f profile.Field, value string) {
	if v.States(f) {
		v.Set(f, value)
	}
}

// knownServices returns the lines with one of the codes, or all lines if codes is
// nil.
func knownServices(services string, codes []string) string {
	if codes == nil {
		return services
	}
	return keepLines(services, func(line string) bool { return slices.Contains(codes, profile.ServiceCode(line)) })
}

// withoutServices returns the lines with none of the codes.
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
