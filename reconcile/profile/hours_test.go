package profile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// office is a week of office hours, as people keep it.
var office = lines("mon 09:00-17:00", "tue 09:00-17:00", "wed 09:00-17:00", "thu 09:00-17:00", "fri 09:00-17:00")

type hoursCase struct{ name, weekly, dated, wantWeekly, wantDated string }

// checkHours asks what is shown from Saturday, 1 August 2026.
func checkHours(t *testing.T, cases []hoursCase) {
	t.Helper()
	day := profile.NewDate(2026, 8, 1)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			weekly, dated := profile.PublicHours(c.weekly, c.dated, day)
			require.Equal(t, c.wantWeekly, weekly)
			require.Equal(t, c.wantDated, dated)
		})
	}
}

func TestPublicWeek(t *testing.T) {
	t.Parallel()
	checkHours(t, []hoursCase{
		{"a blank week", "", "", "", ""},
		{"office hours", office, "", office, ""},
		{"sorted", "tue 14:00-17:00\nmon 09:00-17:00\ntue 09:00-12:00", "", "mon 09:00-17:00\ntue 09:00-12:00\ntue 14:00-17:00", ""},
		{"a split day", "mon 09:00-13:00\nmon 14:00-17:30", "", "mon 09:00-13:00\nmon 14:00-17:30", ""},
		{"touching", "mon 09:00-13:00\nmon 13:00-17:30", "", "mon 09:00-17:30", ""},
		{"touching, three of them", "mon 16:00-20:00\nmon 09:00-13:00\nmon 13:00-16:00", "", "mon 09:00-20:00", ""},
		{"a minute apart", "mon 09:00-13:00\nmon 13:01-17:30", "", "mon 09:00-13:00\nmon 13:01-17:30", ""},
		{"overlapping", "mon 09:00-14:00\nmon 13:00-17:30", "", "mon 09:00-17:30", ""},
		{"one inside another", "mon 09:00-17:00\nmon 10:00-11:00", "", "mon 09:00-17:00", ""},
		{"a line twice", "mon 09:00-17:00\nmon 09:00-17:00", "", "mon 09:00-17:00", ""},
		{"from the first minute to the last", "mon 00:00-23:59", "", "mon 00:00-23:59", ""},
		{"24 hours from midnight", "mon 00:00-00:00", "", "mon 00:00-23:59", ""},
		{"until midnight", "mon 18:00-00:00", "", "mon 18:00-23:59", ""},
		{"across midnight", "fri 22:00-02:00", "", "fri 22:00-23:59\nsat 00:00-02:00", ""},
		{"Sunday into Monday", "sun 22:00-02:00", "", "mon 00:00-02:00\nsun 22:00-23:59", ""},
		{"Sunday's night into Monday", "sun 09:00-08:59\nmon 08:00-17:00", "", "mon 00:00-17:00\nsun 09:00-23:59", ""},
		{"across midnight into the next period", "fri 22:00-02:00\nsat 01:00-05:00", "", "fri 22:00-23:59\nsat 00:00-05:00", ""},
		{"the tail touches the next period", "fri 22:00-02:00\nsat 02:00-05:00", "", "fri 22:00-23:59\nsat 00:00-05:00", ""},
		{"joined, then across midnight", "fri 22:00-23:00\nfri 23:00-02:00", "", "fri 22:00-23:59\nsat 00:00-02:00", ""},
		{"from the last minute across midnight", "mon 23:59-02:00", "", "tue 00:00-02:00", ""},
		{"bank holidays", "bank-holiday 10:00-12:00\nmon 09:00-17:00", "", "mon 09:00-17:00", ""},
		{"bank holidays across midnight", "bank-holiday 22:00-02:00", "", "", ""},
		{"open day and night", "mon 00:00-00:00\nwed 00:00-23:59", "", "mon 00:00-23:59\nwed 00:00-23:59", ""},
	})
}

func TestPublicDates(t *testing.T) {
	t.Parallel()
	checkHours(t, []hoursCase{
		{"closed", office, "2026-12-25 closed", office, "2026-12-25 closed"},
		{"shorter", office, "2026-12-24 10:00-14:00", office, "2026-12-24 10:00-14:00"},
		{"as the week says", office, "2026-12-24 09:00-17:00", office, "2026-12-24 09:00-17:00"},
		{
			"sorted and joined", "", "2026-12-25 closed\n2026-12-24 12:00-16:00\n2026-12-24 09:00-12:00",
			"", "2026-12-24 09:00-16:00\n2026-12-25 closed",
		},
		{"a split day", "", "2026-12-24 14:00-16:00\n2026-12-24 09:00-12:00", "", "2026-12-24 09:00-12:00\n2026-12-24 14:00-16:00"},
		{"closed twice", "", "2026-12-25 closed\n2026-12-25 closed", "", "2026-12-25 closed"},
		{"closed and open", "", "2026-12-25 10:00-12:00\n2026-12-25 closed\n2026-12-25 14:00-16:00", "", "2026-12-25 closed"},
		{"24 hours", "", "2026-12-24 00:00-00:00", "", "2026-12-24 00:00-23:59"},
		{"yesterday", office, "2026-07-31 closed", office, ""},
		{"today", office, "2026-08-01 10:00-12:00", office, "2026-08-01 10:00-12:00"},
		{"tomorrow", office, "2026-08-02 10:00-12:00", office, "2026-08-02 10:00-12:00"},
	})
}

// A date stands for what begins on it; what a date shows is the end of what
// began the day before, then its own.
func TestPublicDatesAcrossMidnight(t *testing.T) {
	t.Parallel()
	// 2026-12-24 is a Thursday
	nights := lines("thu 20:00-03:00", "fri 20:00-03:00")
	shownNights := lines("thu 20:00-23:59", "fri 00:00-03:00", "fri 20:00-23:59", "sat 00:00-03:00")
	checkHours(t, []hoursCase{
		{
			"into a day without hours", "", "2026-12-24 22:00-02:00", "",
			"2026-12-24 22:00-23:59\n2026-12-25 00:00-02:00",
		},
		{
			"into a day of the week", office, "2026-12-24 22:00-02:00", office,
			"2026-12-24 22:00-23:59\n2026-12-25 00:00-02:00\n2026-12-25 09:00-17:00",
		},
		{
			"touching a day of the week", office, "2026-12-24 22:00-09:00", office,
			"2026-12-24 22:00-23:59\n2026-12-25 00:00-17:00",
		},
		{
			"into another date", office, "2026-12-24 22:00-02:00\n2026-12-25 10:00-12:00", office,
			"2026-12-24 22:00-23:59\n2026-12-25 00:00-02:00\n2026-12-25 10:00-12:00",
		},
		{
			"into a date that is closed", office, "2026-12-24 22:00-02:00\n2026-12-25 closed", office,
			"2026-12-24 22:00-23:59\n2026-12-25 closed",
		},
		{
			"almost 24 hours from nine", office, "2026-12-24 09:00-08:59", office,
			"2026-12-24 09:00-23:59\n2026-12-25 00:00-08:59\n2026-12-25 09:00-17:00",
		},
		{
			"the year's last night", "", "2026-12-31 20:00-04:00", "",
			"2026-12-31 20:00-23:59\n2027-01-01 00:00-04:00",
		},
		{
			"a leap day's night", "", "2028-02-29 20:00-04:00", "",
			"2028-02-29 20:00-23:59\n2028-03-01 00:00-04:00",
		},
		{
			"a date after a night of the week", nights, "2026-12-25 10:00-12:00", shownNights,
			"2026-12-25 00:00-03:00\n2026-12-25 10:00-12:00\n2026-12-26 closed",
		},
		{
			"closed, and so is the night that ends on it", nights, "2026-12-25 closed", shownNights,
			"2026-12-25 closed\n2026-12-26 closed",
		},
		{
			"closed the day before a night ends", nights, "2026-12-24 closed", shownNights,
			"2026-12-24 closed\n2026-12-25 20:00-23:59",
		},
		{
			"a night as long as the week's", nights, "2026-12-24 21:00-03:00", shownNights,
			"2026-12-24 21:00-23:59",
		},
		{
			"two dates in a row", nights, "2026-12-24 22:00-04:00\n2026-12-25 22:00-04:00", shownNights,
			"2026-12-24 22:00-23:59\n2026-12-25 00:00-04:00\n2026-12-25 22:00-23:59\n2026-12-26 00:00-04:00",
		},
		{
			"Sunday's night, not on that Sunday", "sun 22:00-02:00", "2026-12-27 closed", "mon 00:00-02:00\nsun 22:00-23:59",
			"2026-12-27 closed\n2026-12-28 closed",
		},
		{
			"yesterday's night, which ends today", office, "2026-07-31 22:00-02:00", office, "2026-08-01 00:00-02:00",
		},
		{
			"closed yesterday: no end of the night today", "fri 22:00-02:00", "2026-07-31 closed",
			"fri 22:00-23:59\nsat 00:00-02:00", "2026-08-01 closed",
		},
		{
			"the night before yesterday", office, "2026-07-30 22:00-02:00", office, "",
		},
	})
}

// Times are those of the clock on the wall: the nights in which it is put
// forward and back are written like all others.
func TestPublicHoursWhenTheClockChanges(t *testing.T) {
	t.Parallel()
	checkHours(t, []hoursCase{
		{
			"put back", "", "2026-10-24 22:00-01:30\n2026-10-25 01:00-02:00", "",
			"2026-10-24 22:00-23:59\n2026-10-25 00:00-02:00",
		},
		{
			"put forward", "", "2027-03-27 22:00-01:30", "",
			"2027-03-27 22:00-23:59\n2027-03-28 00:00-01:30",
		},
		{
			"24 hours over the night", "", "2027-03-27 09:00-08:59", "",
			"2027-03-27 09:00-23:59\n2027-03-28 00:00-08:59",
		},
	})
}

// A line that cannot be read leaves its field as it is, for the sinks to
// refuse. It never closes a day, and never stops the other field.
func TestUnreadableHoursStayAsTheyAre(t *testing.T) {
	t.Parallel()
	nights := lines("thu 20:00-03:00", "fri 09:00-09:00")
	checkHours(t, []hoursCase{
		{"a day", "mon 09:00-17:00\ntue 9-5\nmon 17:00-18:00", "", "mon 09:00-17:00\ntue 9-5\nmon 17:00-18:00", ""},
		{"the same time twice", "thu 09:00-09:00", "2026-12-25 closed", "thu 09:00-09:00", "2026-12-25 closed"},
		{
			"a date", "mon 17:00-18:00\nmon 09:00-17:00", "2026-12-25 shut\n2026-07-31 closed",
			"mon 09:00-18:00", "2026-12-25 shut\n2026-07-31 closed",
		},
		{
			"dates without the week", nights, "2026-12-25 closed\n2026-12-24 22:00-02:00\n2026-07-31 closed",
			nights, "2026-12-24 22:00-23:59\n2026-12-25 closed",
		},
		{"no day after a date", nights, "2026-12-24 22:00-02:00", nights, "2026-12-24 22:00-23:59"},
		{
			"one night after another", nights, "2026-12-24 22:00-02:00\n2026-12-25 10:00-12:00", nights,
			"2026-12-24 22:00-23:59\n2026-12-25 00:00-02:00\n2026-12-25 10:00-12:00",
		},
		{"a line that is overruled", office, "2026-12-25 10:00-12:00\n2026-12-25 closed", office, "2026-12-25 closed"},
	})
}

// Hours for bank holidays become dates; a date that is stated wins.
func TestBankHolidaysBecomeDates(t *testing.T) {
	t.Parallel()
	christmas, boxing := profile.NewDate(2026, 12, 25), profile.NewDate(2026, 12, 28)
	for name, c := range map[string]hoursCase{
		"none stated": {"", office, "", office, ""},
		"all of them": {"", office + "\nbank-holiday 10:00-12:00", "", office, "2026-12-25 10:00-12:00\n2026-12-28 10:00-12:00"},
		"split": {
			"", "bank-holiday 14:00-16:00\nbank-holiday 10:00-12:00", "2026-12-28 closed",
			"", "2026-12-25 10:00-12:00\n2026-12-25 14:00-16:00\n2026-12-28 closed",
		},
		"a date wins": {
			"", "bank-holiday 10:00-12:00", "2026-12-25 closed\n2026-12-26 09:00-10:00",
			"", "2026-12-25 closed\n2026-12-26 09:00-10:00\n2026-12-28 10:00-12:00",
		},
		"into the next": {
			"", office + "\nbank-holiday 22:00-02:00", "2026-12-28 closed",
			office, "2026-12-25 22:00-23:59\n2026-12-26 00:00-02:00\n2026-12-28 closed",
		},
		"as the week": {"", office + "\nbank-holiday 09:00-17:00", "", office, "2026-12-25 09:00-17:00\n2026-12-28 09:00-17:00"},
		"unreadable":  {"", "bank-holiday 09:00-09:00", "2026-12-26 closed", "bank-holiday 09:00-09:00", "2026-12-26 closed"},
	} {
		weekly, dated := profile.PublicHours(c.weekly, c.dated, today, christmas, boxing)
		require.Equal(t, c.wantWeekly, weekly, name)
		require.Equal(t, c.wantDated, dated, name)
		again, datedAgain := profile.PublicHours(weekly, dated, today, christmas, boxing)
		require.Equal(t, []string{weekly, dated}, []string{again, datedAgain}, name)
	}
	weekly, dated := profile.PublicHours("bank-holiday 10:00-12:00", "", boxing, christmas, boxing)
	require.Equal(t, []string{"", "2026-12-28 10:00-12:00"}, []string{weekly, dated}, "days that are past")
}

func TestParseWeek(t *testing.T) {
	t.Parallel()
	week, err := profile.ParseWeek("bank-holiday 10:00-12:00\nmon 13:00-17:30\n\nmon 09:00-13:00\nsun 22:00-02:00")
	require.NoError(t, err)
	require.Equal(t, profile.Week{
		profile.Monday:      {{Opens: 540, Closes: 1050}},
		profile.Sunday:      {{Opens: 1320, Closes: 1560}},
		profile.BankHoliday: {{Opens: 600, Closes: 720}},
	}, week)
	require.Equal(t, "22:00-26:00", week[profile.Sunday][0].String())
	require.Equal(t, "09:05", profile.Clock(545))
}

func TestParseDated(t *testing.T) {
	t.Parallel()
	days, err := profile.ParseDated("2026-12-25 closed\n2026-12-24 14:00-16:00\n2026-12-24 00:00-00:00")
	require.NoError(t, err)
	require.Equal(t, []profile.DatedDay{
		{Date: profile.NewDate(2026, 12, 24), Periods: []profile.Period{{Opens: 0, Closes: 1439}}},
		{Date: profile.NewDate(2026, 12, 25)},
	}, days)
}

// What cannot be read is named by its line, its text and the value that is
// wrong; the rest is read.
func TestUnreadableWeeklyLines(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"monday 09:00-17:00":  `line 2 "monday 09:00-17:00": day "monday": want one of [mon tue wed thu fri sat sun bank-holiday]`,
		"Mon 09:00-17:00":     `day "Mon": want one of`,
		"mon":                 `line 2 "mon": period "": want opening and closing, as 09:00-17:30`,
		"mon closed":          `period "closed"`,
		"mon 9:00-17:00":      `period "9:00-17:00"`,
		"mon 09:00":           `period "09:00"`,
		"mon 09:00-17":        `period "09:00-17"`,
		"mon 09:00-17:00:00":  `period "09:00-17:00:00": times have no seconds: give hours and minutes, as 09:00-17:30`,
		"mon 09:00:30-17:00":  `times have no seconds`,
		"mon 09:00-17:00:0a":  `want opening and closing`,
		"mon 09:60:00-17:00":  `want opening and closing`,
		"mon 09.00-17.00":     `period "09.00-17.00"`,
		"mon 09:00-17:60":     `period "09:00-17:60"`,
		"mon 09:00-24:01":     `period "09:00-24:01"`,
		"mon 24:00-02:00":     `period "24:00-02:00": 24:00 is not a time here: midnight is 00:00, and a whole day 00:00-00:00`,
		"mon 09:00-24:00":     `24:00 is not a time here`,
		"mon 00:00-24:00":     `24:00 is not a time here`,
		"mon 24:00:00-02:00":  `want opening and closing`,
		"mon 09:00-09:00":     `opens and closes at the same time: a whole day is 00:00-00:00; give another closing time, or remove the line`,
		"mon 23:59-23:59":     `opens and closes at the same time`,
		"mon 23:59-00:00":     `opens in the last minute of the day and closes at midnight`,
		"mon a9:00-17:00":     `period "a9:00-17:00"`,
		"mon 0a:00-17:00":     `period "0a:00-17:00"`,
		"mon 09:a0-17:00":     `period "09:a0-17:00"`,
		"mon 09:0a-17:00":     `period "09:0a-17:00"`,
		"mon  09:00-17:00":    `period " 09:00-17:00"`,
		" mon 09:00-17:00":    `day "": want one of`,
		"mon 09:00-17:00\r":   `period "09:00-17:00\r"`,
		"2026-12-25 closed":   `day "2026-12-25"`,
		"mon 09:00-12:00,":    `period "09:00-12:00,"`,
		"mon 09:00 - 12:00":   `period "09:00 - 12:00"`,
		"mon 09:00-12:00 GMT": `period "09:00-12:00 GMT"`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			week, err := profile.ParseWeek("tue 09:00-17:00\n" + text)
			require.ErrorContains(t, err, "opening times, line 2 ")
			require.ErrorContains(t, err, want)
			require.Equal(t, profile.Week{profile.Tuesday: {{Opens: 540, Closes: 1020}}}, week)
		})
	}
	_, err := profile.ParseWeek("a\n\nb")
	require.ErrorContains(t, err, `line 1 "a"`)
	require.ErrorContains(t, err, `line 3 "b"`)
}

func TestUnreadableDatedLines(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"25/12/2026 closed":            `line 2 "25/12/2026 closed": date "25/12/2026": want a day as YYYY-MM-DD`,
		"2026-02-29 closed":            `date "2026-02-29"`,
		" closed":                      `date "": want a day before 9999-12-31`,
		"9999-12-31 20:00-04:00":       `date "9999-12-31": want a day before 9999-12-31`,
		"2026-12-25":                   `period "": want opening and closing`,
		"2026-12-25 Closed":            `period "Closed"`,
		"2026-12-25 10-12":             `period "10-12"`,
		"2026-12-25 10:00-10:00":       `opens and closes at the same time`,
		"2026-12-25 10:00-24:00":       `24:00 is not a time here`,
		"2026-12-25 10:00-12:00:00":    `times have no seconds`,
		"mon 09:00-17:00":              `date "mon"`,
		"2026-12-24 10:00-12:00":       `"2026-12-24 10:00-12:00": another line says that the day is closed, and is believed`,
		"2026-12-24T00:00:00Z closed":  `date "2026-12-24T00:00:00Z"`,
		"2026-12-25 closed for repair": `period "closed for repair"`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			days, err := profile.ParseDated("2026-12-24 closed\n" + text)
			require.ErrorContains(t, err, "dated opening times, line 2 ")
			require.ErrorContains(t, err, want)
			require.Equal(t, []profile.DatedDay{{Date: profile.NewDate(2026, 12, 24)}}, days)
		})
	}
}

// What is odd is noted by line; what only touches is not odd.
func TestHoursNotes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]profile.HoursNote{
		"":     nil,
		office: nil,
		"mon 9-5\nmon 09:00-13:00\nmon 13:00-17:00": {{1, "mon 9-5", ""}},
		"mon 09:00-13:01\ntue 09:00-13:00\nmon 13:00-17:00\nmon 12:00-13:30": {
			{3, "mon 13:00-17:00", "mon 09:00-13:01"},
			{4, "mon 12:00-13:30", "mon 09:00-13:01"},
		},
		"mon 00:00-01:00\nsun 23:00-00:30\nbank-holiday 00:00-00:00": {
			{2, "sun 23:00-00:30", "mon 00:00-01:00"},
		},
		"fri 22:00-02:00\nsat 01:59-05:00": {{2, "sat 01:59-05:00", "fri 22:00-02:00"}},
		"fri 22:00-02:00\nsat 02:00-05:00": nil,
	} {
		require.Equal(t, want, profile.HoursNotes(profile.FieldOpeningTimes, text), text)
	}
	for text, want := range map[string][]profile.HoursNote{
		"2026-12-25 closed\n2026-12-25 closed":           nil,
		"2026-12-24 22:00-02:00\n2026-12-25 02:00-05:00": nil,
		"2026-12-25 shut\n2026-12-25 10:00-12:00\n2026-12-25 closed": {
			{1, "2026-12-25 shut", ""},
			{2, "2026-12-25 10:00-12:00", ""},
		},
		"2026-12-25 01:00-05:00\n2026-12-24 22:00-02:00": {
			{2, "2026-12-24 22:00-02:00", "2026-12-25 01:00-05:00"},
		},
	} {
		require.Equal(t, want, profile.HoursNotes(profile.FieldDatedOpeningTimes, text), text)
	}
	require.Empty(t, profile.HoursNotes(profile.FieldPhone, "mon 9-5"))
}
