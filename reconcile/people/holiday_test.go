package people_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// datesAndTitles writes holidays as lines.
func datesAndTitles(days []people.Holiday) (lines []string) {
	for _, h := range days {
		lines = append(lines, h.Date.String()+" "+h.Title)
	}
	return lines
}

func holiday(date, title string) people.Holiday {
	return people.Holiday{Date: on(date), Title: title}
}

func TestEaster(t *testing.T) {
	t.Parallel()
	for year, want := range map[int]string{
		1818: "1818-03-22", 1886: "1886-04-25", 1943: "1943-04-25", 1954: "1954-04-18", 1961: "1961-04-02", 1981: "1981-04-19",
		2000: "2000-04-23", 2008: "2008-03-23", 2011: "2011-04-24", 2019: "2019-04-21", 2024: "2024-03-31", 2025: "2025-04-20",
		2026: "2026-04-05", 2027: "2027-03-28", 2038: "2038-04-25", 2049: "2049-04-18", 2076: "2076-04-19", 2285: "2285-03-22",
	} {
		require.Equal(t, want, people.Easter(year).String())
	}
}

// TestEasterFollowsTheMoon checks the computus against the other definition: the
// first Sunday after the 14th day of the ecclesiastical moon, by its tables.
func TestEasterFollowsTheMoon(t *testing.T) {
	t.Parallel()
	for year := 1583; year <= 3000; year++ {
		golden, century := year%19+1, year/100+1
		solar, lunar := 3*century/4-12, (8*century+5)/25-5
		epact := ((11*golden+20+lunar-solar)%30 + 30) % 30
		if epact == 24 || epact == 25 && golden > 11 {
			epact++
		}
		full := profile.NewDate(year, time.March, 44-epact)
		if 44-epact < 21 {
			full = full.AddDays(30)
		}
		sunday := full.AddDays(7 - int(full.Time().Weekday()))
		require.Equal(t, sunday, people.Easter(year))
	}
}

func TestComputedHolidays(t *testing.T) {
	t.Parallel()
	for year, want := range map[int][]string{
		2026: { // Boxing Day on a Saturday
			"2026-01-01 New Year’s Day", "2026-04-03 Good Friday", "2026-04-06 Easter Monday", "2026-05-04 Early May bank holiday",
			"2026-05-25 Spring bank holiday", "2026-08-31 Summer bank holiday", "2026-12-25 Christmas Day",
			"2026-12-28 Boxing Day (substitute day)",
		},
		2027: { // Christmas on a Saturday
			"2027-01-01 New Year’s Day", "2027-03-26 Good Friday", "2027-03-29 Easter Monday", "2027-05-03 Early May bank holiday",
			"2027-05-31 Spring bank holiday", "2027-08-30 Summer bank holiday", "2027-12-27 Christmas Day (substitute day)",
			"2027-12-28 Boxing Day (substitute day)",
		},
		2028: { // New Year on a Saturday
			"2028-01-03 New Year’s Day (substitute day)", "2028-04-14 Good Friday", "2028-04-17 Easter Monday",
			"2028-05-01 Early May bank holiday", "2028-05-29 Spring bank holiday", "2028-08-28 Summer bank holiday",
			"2028-12-25 Christmas Day", "2028-12-26 Boxing Day",
		},
		2033: { // New Year on a Saturday, Christmas on a Sunday
			"2033-01-03 New Year’s Day (substitute day)", "2033-04-15 Good Friday", "2033-04-18 Easter Monday",
			"2033-05-02 Early May bank holiday", "2033-05-30 Spring bank holiday", "2033-08-29 Summer bank holiday",
			"2033-12-26 Boxing Day", "2033-12-27 Christmas Day (substitute day)",
		},
		2034: { // New Year on a Sunday
			"2034-01-02 New Year’s Day (substitute day)", "2034-04-07 Good Friday", "2034-04-10 Easter Monday",
			"2034-05-01 Early May bank holiday", "2034-05-29 Spring bank holiday", "2034-08-28 Summer bank holiday",
			"2034-12-25 Christmas Day", "2034-12-26 Boxing Day",
		},
	} {
		require.Equal(t, want, datesAndTitles(people.ComputedHolidays(year)))
	}
}

// TestComputedHolidaysAreWorkdaysOff: every year has eight different days, sorted,
// in that year, none on a weekend, with a substitute for each that was on one.
func TestComputedHolidaysAreWorkdaysOff(t *testing.T) {
	t.Parallel()
	for year := 1900; year <= 2300; year++ {
		days := people.ComputedHolidays(year)
		require.Len(t, days, 8)
		for i, h := range days {
			require.True(t, i == 0 || days[i-1].Date.Before(h.Date))
			require.Equal(t, year, h.Date.Time().Year())
			require.NotContains(t, []time.Weekday{time.Saturday, time.Sunday}, h.Date.Time().Weekday())
		}
		weekends := 0
		for _, d := range []profile.Date{
			profile.NewDate(year, time.January, 1), profile.NewDate(year, time.December, 25), profile.NewDate(year, time.December, 26),
		} {
			if w := d.Time().Weekday(); w == time.Saturday || w == time.Sunday {
				weekends++
			}
		}
		require.Equal(t, weekends, strings.Count(strings.Join(datesAndTitles(days), "\n"), "substitute"))
	}
}

// proclaimed returns two years of the official list, with one day proclaimed and
// one moved.
func proclaimed() []people.Holiday {
	days := slices.Concat(people.ComputedHolidays(2026), people.ComputedHolidays(2027))
	days = slices.DeleteFunc(days, func(h people.Holiday) bool { return h.Date == on("2026-05-04") })
	return append(days, holiday("2026-05-08", "Early May bank holiday (VE day)"), holiday("2027-06-01", "Jubilee"))
}

func TestCalendarKnowsAndComputes(t *testing.T) {
	t.Parallel()
	c := people.NewCalendar(proclaimed())
	require.Equal(t, on("2027-12-28"), c.Horizon())
	for date, working := range map[string]bool{
		"2026-05-04": true,  // moved away
		"2026-05-08": false, // moved here
		"2027-06-01": false, // proclaimed
		"2026-12-26": false, // a Saturday
		"2026-12-27": false, // a Sunday
		"2026-12-28": false, // the substitute
		"2026-12-29": true,
		"2027-12-29": true,  // the first day beyond
		"2028-01-03": false, // beyond: computed
		"2028-05-08": true,
		"2025-12-25": false, // before: computed
		"2025-12-31": true,
	} {
		require.Equal(t, working, c.IsWorkingDay(on(date)), date)
	}
	require.Equal(t, []string{"2026-05-08 Early May bank holiday (VE day)", "2026-05-25 Spring bank holiday"},
		datesAndTitles(c.Holidays(on("2026-05-01"), on("2026-05-31"))))
	require.Equal(t, []string{"2027-12-28 Boxing Day (substitute day)", "2028-01-03 New Year’s Day (substitute day)"},
		datesAndTitles(c.Holidays(on("2027-12-28"), on("2028-01-03"))))
	require.Empty(t, c.Holidays(on("2026-05-08"), on("2026-05-07")))
}

func TestCalendarThatKnowsNothingComputes(t *testing.T) {
	t.Parallel()
	var c people.Calendar
	require.True(t, c.Horizon().IsZero())
	require.Equal(t, people.ComputedHolidays(2031), c.Holidays(on("2031-01-01"), on("2031-12-31")))
}

// TestCalendarWithAYearBegun: a list that ends early in a year decides nothing
// about the rest of it.
func TestCalendarWithAYearBegun(t *testing.T) {
	t.Parallel()
	c := people.NewCalendar(append(people.ComputedHolidays(2026), holiday("2027-01-01", "New Year’s Day")))
	require.False(t, c.IsWorkingDay(on("2027-12-27")))
}

func TestMustState(t *testing.T) {
	t.Parallel()
	c := people.NewCalendar(proclaimed())
	for name, test := range map[string]struct {
		from, to string
		want     []string
	}{
		"Christmas on a Friday": {"2026-12-01", "2027-01-01", []string{
			"2026-12-25 Christmas Day", "2026-12-28 Boxing Day (substitute day)", "2027-01-01 New Year’s Day",
		}},
		"Christmas on a Saturday": {"2027-12-25", "2027-12-28", []string{
			"2027-12-25 Christmas Day", "2027-12-27 Christmas Day (substitute day)", "2027-12-28 Boxing Day (substitute day)",
		}},
		"Easter": {"2027-03-01", "2027-03-31", []string{
			"2027-03-26 Good Friday", "2027-03-28 Easter Sunday", "2027-03-29 Easter Monday",
		}},
		"Christmas on a Sunday, beyond the list": {"2033-12-01", "2033-12-31", []string{
			"2033-12-25 Christmas Day", "2033-12-26 Boxing Day", "2033-12-27 Christmas Day (substitute day)",
		}},
		"one day":  {"2026-12-25", "2026-12-25", []string{"2026-12-25 Christmas Day"}},
		"none":     {"2026-10-01", "2026-11-30", nil},
		"backward": {"2026-12-31", "2026-12-01", nil},
	} {
		require.Equal(t, test.want, datesAndTitles(c.MustState(on(test.from), on(test.to))), name)
	}
}

// TestMustStateHoldsWhatItShould: for any official list, the days are 25 December,
// Easter Sunday and all bank holidays, and no others.
func TestMustStateHoldsWhatItShould(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := people.NewCalendar(holidays().Draw(t, "known"))
		from := anyDays().Draw(t, "from")
		to := from.AddDays(rapid.IntRange(0, 800).Draw(t, "days"))
		must := c.MustState(from, to)
		require.True(t, slices.IsSortedFunc(must, func(a, b people.Holiday) int { return a.Date.Time().Compare(b.Date.Time()) }))
		dates := make(map[profile.Date]bool)
		for _, h := range must {
			require.False(t, dates[h.Date] || h.Date.Before(from) || h.Date.After(to))
			dates[h.Date] = true
		}
		for d := from; !d.After(to); d = d.AddDays(1) {
			year, month, number := d.Time().Date()
			feast := d == people.Easter(year) || month == time.December && number == 25
			require.Equal(t, feast || len(c.Holidays(d, d)) > 0, dates[d], d)
		}
	})
}

func TestWorkingDays(t *testing.T) {
	t.Parallel()
	c := people.NewCalendar(proclaimed())
	for _, test := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-12-31", -3, "2026-12-24"}, // 30, 29, 24: over Boxing Day's substitute, the weekend and Christmas
		{"2026-12-31", 1, "2027-01-04"},
		{"2026-12-31", 0, "2026-12-31"},
		{"2026-12-26", 0, "2026-12-26"},
		{"2026-12-26", 1, "2026-12-29"},
		{"2026-12-28", -1, "2026-12-24"},
		{"2027-03-31", -3, "2027-03-24"}, // over Easter
		{"2026-05-07", 1, "2026-05-11"},  // over the moved day
		{"2026-06-30", -3, "2026-06-25"},
		{"2027-12-24", 3, "2027-12-31"},
	} {
		require.Equal(t, test.want, c.AddWorkingDays(on(test.from), test.n).String(), "%s %+d", test.from, test.n)
	}
	for day, want := range map[string]string{
		"2026-10-01": "2026-10-01", "2027-01-01": "2027-01-04", "2026-04-01": "2026-04-01", "2028-01-01": "2028-01-04",
		"2028-04-14": "2028-04-18",
	} {
		require.Equal(t, want, c.WorkingDayOnOrAfter(on(day)).String())
	}
}

// holidays draws official lists: years computed by the rules, with days added,
// moved and removed.
func holidays() *rapid.Generator[[]people.Holiday] {
	return rapid.Custom(func(t *rapid.T) (days []people.Holiday) {
		first := rapid.IntRange(2015, 2030).Draw(t, "first year")
		for year := range rapid.IntRange(0, 5).Draw(t, "years") {
			days = append(days, people.ComputedHolidays(first+year)...)
		}
		for range rapid.IntRange(0, 4).Draw(t, "added") {
			d := profile.NewDate(first, time.January, rapid.IntRange(1, 2000).Draw(t, "on"))
			days = append(days, people.Holiday{Date: d, Title: "added"})
		}
		days = rapid.Permutation(days).Draw(t, "order")
		return days[min(len(days), rapid.IntRange(0, 4).Draw(t, "removed")):]
	})
}

// TestWorkingDaysAreCounted: there are n working days up to the n-th after a day,
// and as many on the way back.
func TestWorkingDaysAreCounted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := people.NewCalendar(holidays().Draw(t, "known"))
		from := profile.NewDate(2015, time.January, rapid.IntRange(1, 8000).Draw(t, "from"))
		n := rapid.IntRange(1, 30).Draw(t, "n")
		to := c.AddWorkingDays(from, n)
		require.True(t, c.IsWorkingDay(to))
		count := 0
		for d := from.AddDays(1); !d.After(to); d = d.AddDays(1) {
			if c.IsWorkingDay(d) {
				count++
			}
		}
		require.Equal(t, n, count)
		if c.IsWorkingDay(from) {
			require.Equal(t, from, c.AddWorkingDays(to, -n))
			require.Equal(t, from, c.WorkingDayOnOrAfter(from))
		} else {
			require.Equal(t, c.AddWorkingDays(from, 1), c.WorkingDayOnOrAfter(from))
		}
	})
}

func TestMergeHolidays(t *testing.T) {
	t.Parallel()
	known := []people.Holiday{
		holiday("2026-12-25", "Christmas Day"), holiday("2023-05-08", "Coronation"), holiday("2027-01-01", "New Year’s Day"),
		holiday("2027-05-03", "Early May bank holiday"), holiday("2026-11-21", "Yesterday"), holiday("2026-11-22", "Today"),
	}
	feed := []people.Holiday{
		holiday("2027-05-07", "Early May bank holiday"), holiday("2026-12-25", "Xmas"), holiday("2027-01-01", "New Year’s Day"),
	}
	merged, appeared, vanished := people.MergeHolidays(known, feed, on("2026-11-22"))
	require.Equal(t, []string{
		"2023-05-08 Coronation", "2026-11-21 Yesterday", "2026-11-22 Today", "2026-12-25 Xmas", "2027-01-01 New Year’s Day",
		"2027-05-03 Early May bank holiday", "2027-05-07 Early May bank holiday",
	}, datesAndTitles(merged))
	require.Equal(t, []string{"2027-05-07 Early May bank holiday"}, datesAndTitles(appeared))
	require.Equal(t, []string{"2026-11-22 Today", "2027-05-03 Early May bank holiday"}, datesAndTitles(vanished))

	merged, appeared, vanished = people.MergeHolidays(nil, feed, on("2026-11-22"))
	require.Equal(t, datesAndTitles(merged), datesAndTitles(appeared))
	require.Len(t, merged, 3)
	require.Empty(t, vanished)
}

// TestMergeHolidaysForgetsNothing: days are never lost, merging the same list
// again changes nothing, and the arguments are not modified.
func TestMergeHolidaysForgetsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		known, feed := holidays().Draw(t, "known"), holidays().Draw(t, "feed")
		asOf := profile.NewDate(2015, time.January, rapid.IntRange(1, 8000).Draw(t, "as of"))
		before := slices.Concat(known, feed)
		merged, appeared, vanished := people.MergeHolidays(known, feed, asOf)
		require.Equal(t, before, slices.Concat(known, feed))

		require.Equal(t, datesOf(slices.Concat(known, feed)), datesOf(merged))
		require.Equal(t, datesOf(merged), datesOf(slices.Concat(known, appeared)))
		for _, h := range vanished {
			require.False(t, h.Date.Before(asOf))
			require.NotContains(t, datesOf(feed), h.Date)
		}
		again, news, still := people.MergeHolidays(merged, feed, asOf)
		require.Equal(t, merged, again)
		require.Empty(t, news)
		require.Equal(t, datesAndTitles(vanished), datesAndTitles(still))
	})
}

// datesOf lists the days, sorted, without duplicates.
func datesOf(days []people.Holiday) (dates []profile.Date) {
	for _, h := range days {
		dates = append(dates, h.Date)
	}
	slices.SortFunc(dates, func(a, b profile.Date) int { return a.Time().Compare(b.Time()) })
	return slices.Compact(dates)
}

func TestComingHolidays(t *testing.T) {
	t.Parallel()
	today := profile.NewDate(2026, 4, 3) // Good Friday
	coming := people.Calendar{}.Coming(today)
	require.Len(t, coming, 10, "two Easters, since the next is earlier")
	require.Equal(t, today, coming[0])
	require.Equal(t, profile.NewDate(2027, 3, 29), coming[9])
	require.Len(t, people.Calendar{}.Coming(today.AddDays(1)), 9, "a day that is over")
	require.Equal(t, profile.NewDate(2027, 3, 29), people.Calendar{}.Coming(profile.NewDate(2026, 3, 30))[9], "the last day of the 12 months")
	require.Len(t, people.Calendar{}.Coming(profile.NewDate(2026, 3, 29)), 9, "a day more than 12 months ahead")
}
