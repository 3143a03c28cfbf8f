package report_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/report"
)

// Which days get a report, given the day of the last one and today.
func TestEveryWorkingDayHasAReport(t *testing.T) {
	t.Parallel()
	mourning := people.NewCalendar([]people.Holiday{{Date: profile.NewDate(2022, time.September, 19), Title: "State Funeral"}})
	for name, c := range map[string]struct {
		calendar    people.Calendar
		last, today string
		want        []string
	}{
		"the day after":             {last: "2026-11-23", today: "2026-11-24", want: []string{"2026-11-24"}},
		"the first one":             {last: "2026-11-22", today: "2026-11-23", want: []string{"2026-11-23"}},
		"the first, on a Saturday":  {last: "2026-11-20", today: "2026-11-21"},
		"asked for again":           {last: "2026-11-23", today: "2026-11-23"},
		"the clock was set back":    {last: "2026-11-24", today: "2026-11-23"},
		"Saturday":                  {last: "2026-11-20", today: "2026-11-21"},
		"Sunday":                    {last: "2026-11-20", today: "2026-11-22"},
		"Monday covers the weekend": {last: "2026-11-20", today: "2026-11-23", want: []string{"2026-11-23"}},
		"three missed days": {
			last: "2026-11-23", today: "2026-11-26", want: []string{"2026-11-24", "2026-11-25", "2026-11-26"},
		},
		"missed over a weekend, made on a Sunday": {
			last: "2026-11-18", today: "2026-11-22", want: []string{"2026-11-19", "2026-11-20"},
		},
		"Easter":           {last: "2026-04-02", today: "2026-04-07", want: []string{"2026-04-07"}},
		"Easter Monday":    {last: "2026-04-02", today: "2026-04-06"},
		"Christmas":        {last: "2026-12-23", today: "2026-12-29", want: []string{"2026-12-24", "2026-12-29"}},
		"over New Year":    {last: "2026-12-30", today: "2027-01-04", want: []string{"2026-12-31", "2027-01-04"}},
		"a leap day":       {last: "2028-02-28", today: "2028-03-01", want: []string{"2028-02-29", "2028-03-01"}},
		"clocks forward":   {last: "2026-03-27", today: "2026-03-30", want: []string{"2026-03-30"}},
		"clocks back":      {last: "2026-10-23", today: "2026-10-26", want: []string{"2026-10-26"}},
		"a proclaimed day": {calendar: mourning, last: "2022-09-16", today: "2022-09-20", want: []string{"2022-09-20"}},
	} {
		var days []string
		for _, day := range report.Days(c.calendar, dateOf(t, c.last), dateOf(t, c.today)) {
			days = append(days, day.String())
		}
		require.Equal(t, c.want, days, name)
	}
}

func dateOf(t require.TestingT, text string) profile.Date {
	date, err := profile.ParseDate(text)
	require.NoError(t, err)
	return date
}

// dates draws days from two years, so that both clock changes are likely.
func dates() *rapid.Generator[profile.Date] {
	return rapid.Map(rapid.IntRange(0, 2*365), profile.NewDate(2026, time.January, 1).AddDays)
}

// However often the daemon was down, the same days get a report, once each.
func TestMissedDaysAreCaughtUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		last := dates().Draw(t, "last")
		between := last.AddDays(rapid.IntRange(0, 20).Draw(t, "between"))
		today := between.AddDays(rapid.IntRange(0, 20).Draw(t, "today"))
		calendar := people.NewCalendar([]people.Holiday{{Date: between, Title: "proclaimed"}})
		atOnce := report.Days(calendar, last, today)
		inTwo := append(report.Days(calendar, last, between), report.Days(calendar, between, today)...)
		require.Equal(t, atOnce, inTwo)
		require.True(t, slices.IsSortedFunc(atOnce, profile.Date.Compare))
		for d := last.AddDays(1); !d.After(today); d = d.AddDays(1) {
			require.Equal(t, calendar.IsWorkingDay(d), slices.Contains(atOnce, d), d.String())
		}
	})
}

// A report covers a day in London, even one that is shorter or longer than others.
func TestADayBeginsAtMidnightInLondon(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]struct {
		start string
		hours int
	}{
		"2026-01-15": {"2026-01-15T00:00:00Z", 24},
		"2026-07-15": {"2026-07-14T23:00:00Z", 24},
		"2026-03-28": {"2026-03-28T00:00:00Z", 24},
		"2026-03-29": {"2026-03-29T00:00:00Z", 23}, // clocks go forward
		"2026-03-30": {"2026-03-29T23:00:00Z", 24},
		"2026-10-24": {"2026-10-23T23:00:00Z", 24},
		"2026-10-25": {"2026-10-24T23:00:00Z", 25}, // clocks go back
		"2026-10-26": {"2026-10-26T00:00:00Z", 24},
		"2026-12-31": {"2026-12-31T00:00:00Z", 24},
	} {
		d := dateOf(t, day)
		start := report.StartOf(d)
		require.Equal(t, want.start, start.UTC().Format(time.RFC3339), day)
		require.Equal(t, time.Duration(want.hours)*time.Hour, report.StartOf(d.AddDays(1)).Sub(start), day)
	}
}

// Every instant is in the day that London's clocks show, and in no other.
func TestEveryInstantIsInOneDay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.IntRange(-3*3600, 3*3600).Draw(t, "seconds around midnight")
		instant := dates().Draw(t, "day").Time().Add(time.Duration(seconds) * time.Second)
		day := profile.DateIn(instant, profile.London())
		require.False(t, instant.Before(report.StartOf(day)), fmt.Sprint(instant))
		require.True(t, instant.Before(report.StartOf(day.AddDays(1))), fmt.Sprint(instant))
	})
}
