// Package profiletest draws what profiles hold, for the tests of all that reads
// them.
package profiletest

import (
	"strings"

	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
)

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// clocks favour the edges of days.
func clocks() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"00:00", "00:01", "02:00", "09:00", "13:00", "17:00", "22:00", "23:58", "23:59"}),
		rapid.Map(rapid.IntRange(0, 1439), profile.Clock),
	)
}

// drawPeriod draws a period that can be read.
func drawPeriod(t *rapid.T) string {
	opens, closes := clocks().Draw(t, "opens"), clocks().Draw(t, "closes")
	if opens == closes {
		closes = "00:00"
	}
	if opens == "23:59" && closes == "00:00" {
		closes = "00:01"
	}
	return opens + "-" + closes
}

// Hours draws a week, and dates around a day.
func Hours(t *rapid.T, around profile.Date) (weekly, dated string) {
	var week, dates []string
	for range rapid.IntRange(0, 10).Draw(t, "weekly lines") {
		day := rapid.SampledFrom(append([]string{"bank-holiday"}, weekdays...)).Draw(t, "day")
		week = append(week, day+" "+drawPeriod(t))
	}
	for range rapid.IntRange(0, 6).Draw(t, "dated lines") {
		line := around.AddDays(rapid.IntRange(-3, 6).Draw(t, "date")).String() + " closed"
		if rapid.IntRange(0, 3).Draw(t, "closed") > 0 {
			line = strings.Replace(line, "closed", drawPeriod(t), 1)
		}
		dates = append(dates, line)
	}
	return strings.Join(week, "\n"), strings.Join(dates, "\n")
}

// Noisy draws texts that are often almost equal to one another.
func Noisy() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[aA1 ,.&/'|+0\n-]{0,8}`),
		rapid.SampledFrom([]string{"+44 161", "0161", "KENT", "kent", "RO1|RO2", "RO2|RO1", "https://A.uk/", "https://a.uk"}),
		rapid.SampledFrom([]string{
			"mon 09:00-12:00\nmon 12:00-17:00", "mon 09:00-17:00", "2026-12-24 22:00-00:00", "2026-12-24 22:00-23:59",
			"SRV1 A\n- B", "- b\nSRV1 C",
		}),
		rapid.String(),
	)
}

// AnyField draws a field.
func AnyField() *rapid.Generator[profile.Field] { return rapid.SampledFrom(profile.Fields()) }
