package calendar

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/realdata"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// realList reads a copy of the official list.
func realList(tb testing.TB, name string) []byte {
	tb.Helper()
	return realdata.Read(tb, "calendar", name)
}

// oneOffs are the days proclaimed or moved for one year, and those that the rules
// would have given instead.
var oneOffs = struct{ proclaimed, moved []string }{
	proclaimed: []string{
		"2020-05-08 Early May bank holiday (VE day)",
		"2022-06-02 Spring bank holiday",
		"2022-06-03 Platinum Jubilee bank holiday",
		"2022-09-19 Bank Holiday for the State Funeral of Queen Elizabeth II",
		"2023-05-08 Bank holiday for the coronation of King Charles III",
	},
	moved: []string{"2020-05-04 Early May bank holiday", "2022-05-30 Spring bank holiday"},
}

// TestRealLists: each official list has the days and titles that the rules compute
// for its years, except for the one-offs.
func TestRealLists(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ first, last, events, oneOffs int }{
		"bank-holidays.json":           {2024, 2027, 32, 0},
		"bank-holidays-2019-2027.json": {2019, 2027, 75, 5},
	} {
		days, err := decode(realList(t, name))
		require.NoError(t, err)
		require.Len(t, days, want.events)
		var computed []people.Holiday
		for year := want.first; year <= want.last; year++ {
			computed = append(computed, people.ComputedHolidays(year)...)
		}
		rest, proclaimed := without(days, oneOffs.proclaimed)
		require.Equal(t, want.oneOffs, proclaimed)
		computed, _ = without(computed, oneOffs.moved[:min(proclaimed, len(oneOffs.moved))])
		require.Equal(t, lines(computed), lines(rest))
	}
}

// without removes days and counts them.
func without(days []people.Holiday, out []string) (rest []people.Holiday, taken int) {
	rest = slices.DeleteFunc(slices.Clone(days), func(h people.Holiday) bool { return slices.Contains(out, line(h)) })
	return rest, len(days) - len(rest)
}

func line(h people.Holiday) string { return h.Date.String() + " " + h.Title }

func lines(days []people.Holiday) (all []string) {
	for _, h := range days {
		all = append(all, line(h))
	}
	return all
}

// TestYearsThatTheRealListDropped: the list of August 2025 dropped five years of
// the list of June. We keep them, and no future day vanished.
func TestYearsThatTheRealListDropped(t *testing.T) {
	t.Parallel()
	june, err := decode(realList(t, "bank-holidays-2019-2027.json"))
	require.NoError(t, err)
	august, err := decode(realList(t, "bank-holidays.json"))
	require.NoError(t, err)
	merged, appeared, vanished := people.MergeHolidays(june, august, profile.NewDate(2025, time.August, 17))
	require.Equal(t, june, merged)
	require.Empty(t, appeared)
	require.Empty(t, vanished)
	c := people.NewCalendar(merged)
	require.False(t, c.IsWorkingDay(profile.NewDate(2022, time.September, 19)))
	require.True(t, c.IsWorkingDay(profile.NewDate(2020, time.May, 4)))
	require.Equal(t, "2027-12-28", c.Horizon().String())
}

// list returns the text of a list of the years around 2026, with one more event.
func list(event string) string {
	var events []string
	for _, h := range people.ComputedHolidays(2026) {
		events = append(events, fmt.Sprintf(`{"title":%q,"date":%q,"notes":"","bunting":true}`, h.Title, h.Date))
	}
	if event != "" {
		events = append(events, event)
	}
	return `{"england-and-wales":{"division":"england-and-wales","events":[` + strings.Join(events, ",") + `]}}`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for event, want := range map[string]string{
		"": "",
		`{"title":"King’s Day","date":"2026-06-05"}`:                                              "2026-06-05 King’s Day",
		`{"title":"A  day ","date":"2026-06-05","notes":"Substitute day"}`:                        "2026-06-05 A day (substitute day)",
		`{"title":"A","date":"2026-06-05","notes":null,"bunting":"no","colour":{"a":[1]},"id":7}`: "2026-06-05 A",
		`{"title":"Leap day","date":"2028-02-29","notes":""}`:                                     "2028-02-29 Leap day",
		`{"title":"Christmas again","date":"2026-12-25","notes":""}`:                              "", // the first one counts
	} {
		days, err := decode([]byte(list(event)))
		require.NoError(t, err, event)
		require.Equal(t, lines(people.ComputedHolidays(2026)), lines(days[:8]))
		var more []string
		if want != "" {
			more = []string{want}
		}
		require.Equal(t, more, lines(days[8:]))
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("y", maxTitle+1)
	for _, test := range [][2]string{
		{"", "want an object of divisions"},
		{"<html>", "want an object of divisions"},
		{"[]", "want an object of divisions"},
		{list("") + "{}", "want an object of divisions"},
		{"null", "division england-and-wales: missing"},
		{`{"scotland":{}}`, "division england-and-wales: missing"},
		{`{"England-And-Wales":{}}`, "division england-and-wales: missing"},
		{`{"england-and-wales":[]}`, "division england-and-wales: json: cannot unmarshal array"},
		{`{"england-and-wales":{}}`, `division england-and-wales: its division is ""`},
		{strings.Replace(list(""), `"division":"england-and-wales"`, `"division":"scotland"`, 1), `its division is "scotland"`},
		{`{"england-and-wales":{"division":"england-and-wales","events":[]}}`, "0 events, want 8 to 1000"},
		{list(strings.Repeat(`{},`, 1000) + `{}`), "1009 events, want 8 to 1000"},
		{list(`7`), `event 9 (""): json: cannot unmarshal number`},
		{list(`null`), `event 9 (""): field date: "", want one of 1971 to 2200`},
		{list(`{"title":"X","date":7}`), `event 9 ("X"): json: cannot unmarshal number into Go struct field event.date`},
		{list(`{"title":"X"}`), `event 9 ("X"): field date: "", want one of 1971 to 2200`},
		{list(`{"title":"X","date":"2026-02-30"}`), `event 9 ("X"): field date: "2026-02-30", want a day as YYYY-MM-DD`},
		{list(`{"title":"X","date":"30/02/2026"}`), `event 9 ("X"): field date: "30/02/2026", want a day as YYYY-MM-DD`},
		{list(`{"title":"X","date":"2026-1-1"}`), `field date: "2026-1-1", want a day`},
		{list(`{"title":"X","date":"1066-10-14"}`), `field date: "1066-10-14", want one of 1971 to 2200`},
		{list(`{"title":"X","date":"2201-01-01"}`), `field date: "2201-01-01", want one of 1971 to 2200`},
		{list(`{"date":"2026-06-05"}`), `event 9 (""): field title: missing`},
		{list(`{"title":" ","date":"2026-06-05"}`), `event 9 (" "): field title: missing`},
		{list(`{"title":"a\u0000","date":"2026-06-05"}`), `event 9 ("a\x00"): field title: holds characters that cannot be shown`},
		{list(`{"title":"` + long + `","date":"2026-06-05"}`), `field title: longer than 200 characters`},
		{list(`{"title":"X","date":"2026-06-05","notes":"` + long + `"}`), `event 9 ("X"): field notes: longer than 200 characters`},
		{list(`{"title":"X","date":"` + strings.Repeat("9", 4000) + `"}`), `field date: "` + strings.Repeat("9", 40) + `", want a day`},
		{strings.Replace(list(""), `"2026-04-03"`, `"2026-04-31"`, 1), `event 2 ("Good Friday"): field date: "2026-04-31"`},
		{strings.Replace(list(""), `"title":"Easter Monday"`, `"title":null`, 1), `event 3 (""): field title: missing`},
	} {
		_, err := decode([]byte(test[0]))
		require.ErrorContains(t, err, test[1])
		require.Less(t, len(err.Error()), 300)
	}
}

// FuzzDecode: decoded days can be stored, and none comes twice.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(list("")))
	f.Add([]byte(list(`{"title":"King’s Day","date":"2026-06-05","notes":"Substitute day"}`)))
	f.Add([]byte(list(`null`)))
	f.Fuzz(func(t *testing.T, body []byte) {
		days, err := decode(body)
		if err != nil {
			require.Empty(t, days)
			return
		}
		seen := make(map[profile.Date]bool)
		for _, h := range days {
			require.False(t, seen[h.Date] || h.Date.IsZero())
			require.NotEmpty(t, h.Title)
			require.NotContains(t, h.Title, "\x00")
			seen[h.Date] = true
		}
	})
}
