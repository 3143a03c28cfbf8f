package push

import (
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// NotVisible stands for the value of a field that cannot be read.
const NotVisible = "not visible"

// Overwrite is a value of an entry that nobody stated, or that a person holds, and that
// a push replaces because it cannot leave the field out.
type Overwrite struct {
	Entry  string // its name; empty if the sink has one, or cannot be read
	Field  profile.Field
	Before string // NotVisible if it cannot be read
	After  string
}

// Composition is what a push would send, and what that would do.
type Composition struct {
	Values     profile.Values // what the push states, and what fills the fields that it cannot leave out
	Overwrites []Overwrite
	// Urgent says that an entry shows other opening times than those stated, weekly or
	// dated: such a push never waits for another field.
	Urgent bool
	// AllShown says that every entry shows all that is stated.
	AllShown bool
	// SetHolidays is what DesiredState.SetHolidays is once this is sent.
	SetHolidays string
}

// Compose returns what a push sends that states own. A field that it does not state is
// left out if the route can do that, and otherwise filled with what the first entry
// shows, or with what was sent last if none shows it. Shown is nil if the sink cannot
// be read (RULES.md "What nobody stated").
func (p Push) Compose(route Route, own profile.Values, shown *Shown) Composition {
	c := Composition{Values: own, SetHolidays: p.Desired.setAfter(route, profile.Values{})}
	if isFrozen(route, own) {
		return c
	}
	if shown == nil {
		shown = &Shown{Entries: []Entry{{NotVisible: route.Readable}}}
	}
	fill := p.filled(route, own, *shown)
	if slices.Contains(fill, profile.FieldServices) { // they decide which entries change
		p.keepServices(&c.Values, route, shown.Entries)
	}
	changed := shown.ChangedBy(c.Values)
	for _, f := range fill {
		if f == profile.FieldServices {
			continue
		}
		if value, ok := firstShown(route, changed, f); ok {
			c.Values.Set(f, value)
		} else {
			c.Values.Keep([]profile.Field{f}, p.Sent)
		}
	}
	if slices.Contains(fill, profile.FieldDatedOpeningTimes) && p.Desired.SetsHolidays(route) {
		c.Values.Set(profile.FieldDatedOpeningTimes, p.Desired.withHolidays(c.Values.Get(profile.FieldDatedOpeningTimes)))
	}
	c.SetHolidays = p.Desired.setAfter(route, c.Values)
	for _, e := range changed {
		c.Overwrites = append(c.Overwrites, p.Desired.overwrites(route, e, c.Values, fill)...)
	}
	c.Urgent = p.isUrgent(route, own, changed)
	c.AllShown = p.Desired.isShown(route, own, *shown)
	return c
}

// NeedsReading reports whether Compose needs what the sink shows.
func (p Push) NeedsReading(route Route, own profile.Values) bool {
	return (len(route.NotOmitted(own)) > 0 || p.Desired.SetsHolidays(route)) && !isFrozen(route, own)
}

// filled lists the fields that a push sends without stating them: those that it cannot
// leave out, and the dates among which it sets the bank holidays. If it can leave the
// dates out, it sets none where it would replace dates that are not visible.
func (p Push) filled(route Route, own profile.Values, shown Shown) []profile.Field {
	const dated = profile.FieldDatedOpeningTimes
	fill := route.NotOmitted(own)
	hides := func(e Entry) bool { return !e.shows(route, dated) }
	if !slices.Contains(fill, dated) && p.Desired.SetsHolidays(route) && !slices.ContainsFunc(shown.ChangedBy(own), hides) {
		fill = append(fill, dated)
	}
	return fill
}

// isFrozen reports whether a push changes nothing that the sink shows: it says that the
// organisation is closed or hidden, and the sink does not show that.
func isFrozen(route Route, own profile.Values) bool {
	gone := own.Get(profile.FieldStatus) == string(profile.StatusClosed) || own.Get(profile.FieldHidden) == "true"
	return gone && !route.canRead(profile.FieldStatus)
}

// NotOmitted lists the fields that a push with these values does not state and cannot
// leave out either.
func (r Route) NotOmitted(own profile.Values) []profile.Field {
	return slices.DeleteFunc(r.NotStated(own), func(f profile.Field) bool { return slices.Contains(r.Omittable, f) })
}

// firstShown returns the value of the first entry that shows the field.
func firstShown(route Route, entries []Entry, f profile.Field) (value string, ok bool) {
	for _, e := range entries {
		if e.shows(route, f) {
			return e.Values.Get(f), true
		}
	}
	return "", false
}

// keepServices sets the services that a push keeps: each as the first entry has it that can
// show it. If an entry may have it and none shows whether, it stays as it was sent last.
func (p Push) keepServices(v *profile.Values, route Route, entries []Entry) {
	shows := func(e Entry) bool { return e.shows(route, profile.FieldServices) }
	if !slices.ContainsFunc(entries, shows) {
		v.Keep([]profile.Field{profile.FieldServices}, p.Sent)
		return
	}
	var kept []string
	for _, code := range route.Services {
		may := slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return slices.Contains(e.NeverShown, code) })
		services := p.Sent.Get(profile.FieldServices)
		if at := slices.IndexFunc(may, shows); at >= 0 {
			services = may[at].Values.Get(profile.FieldServices)
		}
		if line := profile.ServiceLine(services, code); line != "" && len(may) > 0 {
			kept = append(kept, line)
		}
	}
	v.Set(profile.FieldServices, strings.Join(kept, "\n"))
}

// overwrites lists what a push with these values replaces in the entry among the fields
// that were filled. Bank holidays that it sets there replace nothing that nobody stated.
func (w DesiredState) overwrites(route Route, e Entry, values profile.Values, filled []profile.Field) (found []Overwrite) {
	never := slices.Concat(e.NeverShown, route.OmittableServices)
	after, before := comparableValues(values, route, never, w.Today), comparableValues(e.Values, route, nil, w.Today)
	before.Set(profile.FieldServices, withoutServices(before.Get(profile.FieldServices), never))
	kept := before
	if w.SetsHolidays(route) {
		kept.Set(profile.FieldDatedOpeningTimes, w.withHolidays(before.Get(profile.FieldDatedOpeningTimes)))
	}
	for _, f := range filled {
		o := Overwrite{Entry: e.Name, Field: f, Before: NotVisible, After: after.Get(f)}
		if e.shows(route, f) {
			o.Before = before.Get(f)
			if profile.Same(f, kept.Get(f), o.After, values.Get(profile.FieldName)) {
				continue
			}
		}
		found = append(found, o)
	}
	return found
}

// isUrgent reports whether an entry shows other opening times than those stated. Where
// they cannot be read, it counts whether the sink accepted them before.
func (p Push) isUrgent(route Route, own profile.Values, changed []Entry) bool {
	for _, f := range []profile.Field{profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes} {
		for _, e := range changed {
			shown, known := e.Values, true
			if !e.shows(route, f) {
				shown = p.accepted()
				known = shown.States(f)
			}
			want := comparableValues(p.Desired.wanted(route, own, shown), route, nil, p.Desired.Today)
			if !want.States(f) || route.keepsOwn(f, want.Get(f)) {
				continue
			}
			is := comparableValues(shown, route, nil, p.Desired.Today)
			if !known || !profile.Same(f, want.Get(f), is.Get(f)) {
				return true
			}
		}
	}
	return false
}

// accepted returns what was sent last if the sink is known to have accepted it.
func (p Push) accepted() profile.Values {
	if p.SentHash == (profile.Hash{}) || p.SentHash != p.AcceptedHash {
		return profile.Values{}
	}
	return p.Sent
}
