package push

import (
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Bank holidays reach sinks as dates (RULES.md "Opening times in public form").
// If somebody stated dates too, they are part of the stated dates. If nobody did,
// the dates of each entry stay as they are, but for the bank holidays.

// addsHolidays reports whether a push sets the bank holidays in dates that it
// otherwise leaves alone.
func (w DesiredState) addsHolidays(route Route) bool {
	week, err := profile.ParseWeek(w.Profile.Values.Get(profile.FieldOpeningTimes))
	return err == nil && len(week[profile.BankHoliday]) > 0 && len(w.Holidays) > 0 && !w.keepsHours(week) &&
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

// withHolidays returns dated hours with those of the bank holidays in place of any
// others of these days.
func (w DesiredState) withHolidays(dated string) string {
	kept := keepLines(dated, func(line string) bool {
		day, _, _ := strings.Cut(line, " ")
		return !slices.ContainsFunc(w.Holidays, func(d profile.Date) bool { return d.String() == day })
	})
	_, dated = profile.PublicHours(w.Profile.Values.Get(profile.FieldOpeningTimes), kept, w.Today, w.Holidays...)
	return dated
}

// wanted returns what an entry that shows something should show: what own states, and
// the bank holidays among its dates if a push sets them there.
func (w DesiredState) wanted(route Route, own, shown profile.Values) profile.Values {
	if !own.States(profile.FieldDatedOpeningTimes) && w.addsHolidays(route) {
		own.Set(profile.FieldDatedOpeningTimes, w.withHolidays(shown.Get(profile.FieldDatedOpeningTimes)))
	}
	return own
}
