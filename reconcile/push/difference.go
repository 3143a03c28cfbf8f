package push

import (
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Difference is one field that an entry of a sink does not show as it should.
type Difference struct {
	Entry string // its name
	Field profile.Field
	Want  string
	Shown string
}

// Differences compares what a push says with every entry that it changes, without
// noise, in the fields that can be read back. A field that an entry does not state
// counts as empty; otherwise a value that became null there would never be found.
// So an entry that shows nothing differs in every field with a value. Days before
// today are ignored on both sides, as are services that the sink does not know or the
// entry never shows, fields that this answer cannot show, and those that cannot be
// withdrawn there.
func Differences(route Route, own profile.Values, shown Shown, today profile.Date) (found []Difference) {
	return DesiredState{Today: today}.differences(route, own, shown)
}

// differences is Differences with the bank holidays among dates that nobody stated.
func (w DesiredState) differences(route Route, own profile.Values, shown Shown) (found []Difference) {
	for _, e := range shown.ChangedBy(own) {
		found = append(found, e.differences(route, w.wanted(route, own, e.Values), w.Today)...)
	}
	return found
}

func (e Entry) differences(route Route, own profile.Values, today profile.Date) (found []Difference) {
	wanted, is := comparableValues(own, route, e.NeverShown, today), comparableValues(e.Values, route, nil, today)
	for _, f := range route.Readable {
		if !own.States(f) || !e.shows(route, f) || route.keepsOwn(f, wanted.Get(f)) {
			continue
		}
		if want, is := wanted.Get(f), is.Get(f); !profile.Same(f, want, is, own.Get(profile.FieldName)) {
			found = append(found, Difference{Entry: e.Name, Field: f, Want: want, Shown: is})
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
