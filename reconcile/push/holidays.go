package push

import (
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Bank holidays reach sinks as dates (RULES.md "Opening times in public form").
// If somebody stated dates too, they are part of the stated dates. If nobody did,
// the dates of the sink stay as they are, but for the bank holidays.

// addsHolidays reports whether a push sets the bank holidays in dates that it
// otherwise leaves alone.
func (w DesiredState) addsHolidays(route Route) bool {
	week, err := profile.ParseWeek(w.Profile.Values.Get(profile.FieldOpeningTimes))
	isHeld := slices.Contains(w.Held, profile.FieldOpeningTimes) || slices.Contains(w.Held, profile.FieldDatedOpeningTimes)
	return err == nil && len(week[profile.BankHoliday]) > 0 && len(w.Holidays) > 0 && !isHeld &&
		!w.isStated(profile.FieldDatedOpeningTimes) && slices.Contains(route.Fields, profile.FieldDatedOpeningTimes)
}

// holidayRows returns the dated hours that the bank holidays make by themselves.
func (w DesiredState) holidayRows() string {
	_, rows := profile.PublicHours(w.Profile.Values.Get(profile.FieldOpeningTimes), "", w.Today, w.Holidays...)
	return rows
}

// AddHolidays sets the bank holidays in dated hours that nobody stated. Values are
// those that a push leaves as the sink shows them, or that the sink shows; if they
// do not state dated hours, nothing is known of them, and nothing is set, unless
// the push is the first that the sink gets of the profile.
func (w DesiredState) AddHolidays(route Route, v *profile.Values, isFirst bool) {
	if !w.addsHolidays(route) || !isFirst && !v.States(profile.FieldDatedOpeningTimes) {
		return
	}
	kept := keepLines(v.Get(profile.FieldDatedOpeningTimes), func(line string) bool {
		day, _, _ := strings.Cut(line, " ")
		return !slices.ContainsFunc(w.Holidays, func(d profile.Date) bool { return d.String() == day })
	})
	_, dated := profile.PublicHours(w.Profile.Values.Get(profile.FieldOpeningTimes), kept, w.Today, w.Holidays...)
	v.Set(profile.FieldDatedOpeningTimes, dated)
}

// withHolidays states the dated hours as a push would leave them in a sink, if it
// would set the bank holidays there.
func (w DesiredState) withHolidays(route Route, own, shown profile.Values) profile.Values {
	if w.addsHolidays(route) && shown.States(profile.FieldDatedOpeningTimes) {
		w.AddHolidays(route, &shown, false)
		own.Set(profile.FieldDatedOpeningTimes, shown.Get(profile.FieldDatedOpeningTimes))
	}
	return own
}
