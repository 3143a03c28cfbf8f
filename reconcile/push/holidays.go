package push

import (
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Bank holidays reach sinks as dates (RULES.md "Opening times in public form").
// If somebody stated dates too, they are part of the stated dates. If nobody did,
// the dates of each entry stay as they are, but for the bank holidays: those that a
// push set before go when they no longer follow from the profile and the calendar.

// SetsHolidays reports whether a push sets or takes away bank holidays in dates that it
// otherwise leaves alone.
func (w DesiredState) SetsHolidays(route Route) bool {
	week, err := profile.ParseWeek(w.Profile.Values.Get(profile.FieldOpeningTimes))
	return err == nil && !w.keepsHours(week) && (w.holidays() != "" || w.setBefore() != "") &&
		!w.isStated(profile.FieldDatedOpeningTimes) && slices.Contains(route.Fields, profile.FieldDatedOpeningTimes)
}

// keepsHours reports whether a push leaves the hours as the sink shows them, since they
// are held or not taken. A week that is left out because it is empty says nothing about
// bank holidays.
func (w DesiredState) keepsHours(week profile.Week) bool {
	week[profile.BankHoliday] = nil
	isEmpty := !slices.ContainsFunc(week[:], func(day []profile.Period) bool { return len(day) > 0 })
	kept := slices.Concat(w.Held, w.LeftOut)
	return slices.Contains(kept, profile.FieldDatedOpeningTimes) || slices.Contains(w.Held, profile.FieldOpeningTimes) ||
		slices.Contains(w.LeftOut, profile.FieldOpeningTimes) && !isEmpty
}

// holidays returns the dated hours of the bank holidays; empty if the profile has no
// hours for them.
func (w DesiredState) holidays() string {
	_, dated := profile.PublicHours(w.Profile.Values.Get(profile.FieldOpeningTimes), "", w.Today, w.Holidays...)
	return dated
}

// setBefore returns the lines of SetHolidays of which the day has not passed.
func (w DesiredState) setBefore() string {
	return keepLines(w.SetHolidays, func(line string) bool { return dayOf(line) >= w.Today.String() })
}

// withHolidays returns dated hours with those of the bank holidays in place of any
// others of these days, and without those that a push set before: a day of which it shows
// only such lines. If the hours of a day are others, somebody has changed them there.
func (w DesiredState) withHolidays(dated string) string {
	set, before := w.holidays(), strings.Split(w.setBefore(), "\n")
	others := make(map[string]bool) // days with a line that no push set
	for line := range strings.SplitSeq(dated, "\n") {
		others[dayOf(line)] = others[dayOf(line)] || !slices.Contains(before, line)
	}
	kept := keepLines(dated, func(line string) bool {
		isHoliday := func(d profile.Date) bool { return d.String() == dayOf(line) }
		return others[dayOf(line)] && (set == "" || !slices.ContainsFunc(w.Holidays, isHoliday))
	})
	_, dated = profile.PublicHours(w.Profile.Values.Get(profile.FieldOpeningTimes), kept, w.Today, w.Holidays...)
	return dated
}

// dayOf returns the day of a line of dated hours.
func dayOf(line string) string {
	day, _, _ := strings.Cut(line, " ")
	return day
}

// wanted returns what an entry that shows something should show: what own states, and
// the bank holidays among its dates if a push sets them there.
func (w DesiredState) wanted(route Route, own, shown profile.Values) profile.Values {
	if !own.States(profile.FieldDatedOpeningTimes) && w.SetsHolidays(route) {
		own.Set(profile.FieldDatedOpeningTimes, w.withHolidays(shown.Get(profile.FieldDatedOpeningTimes)))
	}
	return own
}

// setAfter returns what SetHolidays is once a push with these values is sent. Days stay
// until they have passed, since nobody knows when the sink stops showing them.
func (w DesiredState) setAfter(route Route, sent profile.Values) string {
	if w.isStated(profile.FieldDatedOpeningTimes) {
		return ""
	}
	lines := strings.Split(w.setBefore(), "\n")
	if sent.States(profile.FieldDatedOpeningTimes) && w.SetsHolidays(route) {
		lines = append(lines, strings.Split(w.holidays(), "\n")...)
	}
	slices.Sort(lines)
	return strings.TrimPrefix(strings.Join(slices.Compact(lines), "\n"), "\n")
}
