package people

import (
	"slices"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Holiday is a bank holiday of England and Wales, on the day on which it is
// observed.
type Holiday struct {
	Date  profile.Date
	Title string // for people; says so for a substitute day. Neither unique nor stable
}

// The days whose hours pharmacies must state, listed as bank holidays or not
// (connectors/calendar/CONTRACT.md "Observed days only").
const (
	christmasDay = "Christmas Day"
	easterSunday = "Easter Sunday"
)

// substitute ends the title of a substitute day.
const substitute = " (substitute day)"

// Easter returns Easter Sunday by the Gregorian computus (the form of Meeus,
// Jones and Butcher), which holds for any year from 1583.
func Easter(year int) profile.Date {
	moon, century, rest := year%19, year/100, year%100
	epact := (19*moon + century - century/4 - (century-(century+8)/25+1)/3 + 15) % 30
	weekday := (32 + 2*(century%4) + 2*(rest/4) - epact - rest%4) % 7
	late := (moon + 11*epact + 22*weekday) / 451
	days := epact + weekday - 7*late + 114
	return profile.NewDate(year, time.Month(days/31), days%31+1)
}

// ComputedHolidays returns the eight bank holidays of a year, sorted, by the
// rules in force since 1978. It is used when the official list was never read or
// does not cover the year; days proclaimed or moved for one year are not in it.
func ComputedHolidays(year int) []Holiday {
	easter := Easter(year)
	days := []Holiday{
		observed("New Year’s Day", profile.NewDate(year, time.January, 1), 1),
		{easter.AddDays(-2), "Good Friday"},
		{easter.AddDays(1), "Easter Monday"},
		{mondayFrom(profile.NewDate(year, time.May, 1)), "Early May bank holiday"},
		{mondayFrom(profile.NewDate(year, time.May, 25)), "Spring bank holiday"},
		{mondayFrom(profile.NewDate(year, time.August, 25)), "Summer bank holiday"},
		observed(christmasDay, profile.NewDate(year, time.December, 25), 2),
		observed("Boxing Day", profile.NewDate(year, time.December, 26), 2),
	}
	slices.SortFunc(days, byDate)
	return days
}

// observed moves a holiday off the weekend: from a Saturday by two days, from a
// Sunday by inRow days, the number of holidays in a row, so that it falls after
// the others.
func observed(title string, d profile.Date, inRow int) Holiday {
	switch profile.DayOf(d) {
	case profile.Saturday:
		return Holiday{d.AddDays(2), title + substitute}
	case profile.Sunday:
		return Holiday{d.AddDays(inRow), title + substitute}
	default:
		return Holiday{d, title}
	}
}

// mondayFrom returns the first Monday on or after a day.
func mondayFrom(d profile.Date) profile.Date { return d.AddDays((7 - int(profile.DayOf(d))) % 7) }

func byDate(a, b Holiday) int { return a.Date.Compare(b.Date) }

// Calendar tells working days from others. Between the first and the last of the
// holidays that it was given it uses those alone; before and after it computes
// them. The zero value computes them all.
type Calendar struct{ known []Holiday }

// NewCalendar makes a calendar of every holiday ever read from the official
// list, in any order. If two are on the same day, the first one counts.
func NewCalendar(known []Holiday) Calendar { return Calendar{sortedDays(known)} }

// sortedDays sorts holidays by day and keeps the first of each day.
func sortedDays(days []Holiday) []Holiday {
	days = slices.Clone(days)
	slices.SortStableFunc(days, byDate)
	return slices.CompactFunc(days, func(a, b Holiday) bool { return byDate(a, b) == 0 })
}

// Horizon returns the last day that the calendar knows from the official list,
// or the zero date if it knows none.
func (c Calendar) Horizon() profile.Date {
	if len(c.known) == 0 {
		return profile.Date{}
	}
	return c.known[len(c.known)-1].Date
}

// knows reports whether the official list decides the day.
func (c Calendar) knows(d profile.Date) bool {
	return len(c.known) > 0 && !d.Before(c.known[0].Date) && !d.After(c.Horizon())
}

// Holidays returns the bank holidays from one day to another, both included,
// sorted.
func (c Calendar) Holidays(from, to profile.Date) []Holiday {
	days := slices.Clone(c.known)
	for year := from.Time().Year(); year <= to.Time().Year(); year++ {
		computed := ComputedHolidays(year)
		days = append(days, slices.DeleteFunc(computed, func(h Holiday) bool { return c.knows(h.Date) })...)
	}
	return within(days, from, to)
}

// Coming returns the bank holidays of the 12 months that begin with a day, sorted.
func (c Calendar) Coming(today profile.Date) []profile.Date {
	days := c.Holidays(today, today.AddMonths(12).AddDays(-1))
	coming := make([]profile.Date, len(days))
	for i, h := range days {
		coming[i] = h.Date
	}
	return coming
}

// within returns the holidays in a span of days, sorted.
func within(days []Holiday, from, to profile.Date) []Holiday {
	return sortedDays(slices.DeleteFunc(days, func(h Holiday) bool { return h.Date.Before(from) || h.Date.After(to) }))
}

// MustState returns the days in a span, both ends included, for which a pharmacy
// must state its hours: the bank holidays, 25 December itself and Easter Sunday.
// The official list leaves out the last two when they are on a weekend
// (connectors/calendar/CONTRACT.md "Observed days only"). The days are sorted.
func (c Calendar) MustState(from, to profile.Date) []Holiday {
	days := c.Holidays(from, to)
	for year := from.Time().Year(); year <= to.Time().Year(); year++ {
		days = append(days, Holiday{Easter(year), easterSunday}, Holiday{profile.NewDate(year, time.December, 25), christmasDay})
	}
	return within(days, from, to)
}

// IsWorkingDay reports whether the day is neither on a weekend nor a bank
// holiday.
func (c Calendar) IsWorkingDay(d profile.Date) bool {
	return profile.DayOf(d) < profile.Saturday && len(c.Holidays(d, d)) == 0
}

// WorkingDayOnOrAfter returns the first working day on or after the day.
func (c Calendar) WorkingDayOnOrAfter(d profile.Date) profile.Date {
	return c.AddWorkingDays(d.AddDays(-1), 1)
}

// AddWorkingDays returns the n-th working day after the day, or before it if n is
// negative. For 0 it returns the day itself, working day or not.
func (c Calendar) AddWorkingDays(d profile.Date, n int) profile.Date {
	step := 1
	if n < 0 {
		step = -1
	}
	for n != 0 {
		if d = d.AddDays(step); c.IsWorkingDay(d) {
			n -= step
		}
	}
	return d
}

// MergeHolidays merges the official list as just read into the days known so
// far. Days that the list dropped stay. Those on or after asOf are also returned
// as vanished, until they return, pass, or a person removes them
// (RULES.md "Calendar"). Days are compared by date: a new title is not a new day.
// All results are sorted.
func MergeHolidays(known, feed []Holiday, asOf profile.Date) (merged, appeared, vanished []Holiday) {
	known, feed = sortedDays(known), sortedDays(feed)
	merged = sortedDays(slices.Concat(feed, known)) // the list's own title wins
	appeared = missingFrom(known, feed)
	vanished = slices.DeleteFunc(missingFrom(feed, known), func(h Holiday) bool { return h.Date.Before(asOf) })
	return merged, appeared, vanished
}

// missingFrom lists the holidays in some whose day is not in all, which is sorted.
func missingFrom(all, some []Holiday) []Holiday {
	return slices.DeleteFunc(slices.Clone(some), func(h Holiday) bool {
		_, found := slices.BinarySearchFunc(all, h, byDate)
		return found
	})
}
