package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The longest texts, in characters, and the most parts that a profile may have.
const (
	longestName        = 100
	longestAddress     = 1000 // of five lines
	longestWebsite     = 512
	longestEmail       = 254
	longestDescription = 10_000
	longestFacility    = 100
	longestValue       = 200
	longestService     = 200
	mostPeriods        = 8  // a day
	mostParts          = 60 // facilities, services and dated days, as many as make the 256 KB that the website takes
)

// long returns a text of so many characters, in words, not all of them ASCII.
func long(first string, characters int) string {
	text := []rune(first + strings.Repeat(" wörd & “more”", characters/10+1))[:characters]
	text[len(text)-1] = '.' // no space at the end
	return string(text)
}

// growLargest makes a profile as large as the tables allow.
func (s *site) growLargest(code string) {
	s.t.Helper()
	line := "A" + long(" street", longestAddress/5-2)
	s.write(`update profile set name = $2, address = array[$3::text, $3, $3, $3, $3], website = $4, email = $5,
			phone = '0113 496 0000', description = $6
		where code = $1`, code, long("Largest", longestName), line,
		"https://xy.example/"+strings.Repeat("p", longestWebsite-19),
		strings.Repeat("a", 64)+"@"+strings.Repeat("b", longestEmail-64-9)+".example",
		long("All", longestDescription))
	s.write("delete from opening_period where code = $1", code)
	s.write(`insert into opening_period (code, day, opens, closes)
		select $1, d, make_time(n * 2, 0, 0), make_time(n * 2 + 1, 59, 0)
		from unnest('{mon,tue,wed,thu,fri,sat,sun,bank-holiday}'::text[]) d, generate_series(0, $2::integer - 1) n`, code, mostPeriods)
	s.write(`insert into dated_opening_period (code, date, opens, closes)
		select $1, current_date + 30 + d, make_time(n * 2, 30, 0), make_time(n * 2 + 1, 30, 0)
		from generate_series(1, $3::integer) d, generate_series(0, $2::integer - 1) n`, code, mostPeriods, mostParts)
	s.write("insert into facility (code, name, value) select $1, n || $2, $3 from generate_series(101, 100 + $4::integer) n",
		code, long(" facility", longestFacility-3), long("yes", longestValue), mostParts)
	s.write("insert into service (code, source, name) select $1, 'editor', n || $2 from generate_series(101, 100 + $3::integer) n",
		code, long(" service", longestService-3), mostParts)
}

// The largest profile that may be written goes every way that a small one does, and
// a second look finds nothing to do.
func TestTheLargestProfileGoesEveryWay(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	d := s.serve()
	s.waitUntilPushed()
	code := s.codes()[0]
	s.growLargest(code)
	s.waitUntilPushed()
	require.Zero(t, s.count("select count(*) from push where state <> 'accepted'"))
	require.Equal(t, long("All", longestDescription), s.field(code, "description"))
	text, err := json.Marshal(x.onWebsite(code))
	require.NoError(t, err)
	require.Contains(t, string(text), strings.Repeat("p", longestWebsite-19))
	require.Len(t, x.inDoS(code).Web, longestWebsite)
	d.stop()

	for _, args := range [][]string{
		{"profile", "show", code}, {"profile", "history", code}, {"push", "list"}, {"push", "preview", code}, {"drift"}, {"checks", "run"},
	} {
		s.exits(0, args...)
		s.exits(0, append(args, "--format", "json")...)
	}
	pushed := s.count("select sum(sequence) from push")
	d = s.serve()
	s.dispatched()
	s.waitUntilPushed()
	d.stop()
	require.Equal(t, pushed, s.count("select sum(sequence) from push"), "nothing is left to do")

	later := s.playing(time.Now().AddDate(0, 0, 5).UTC().Format(time.RFC3339))
	later.exits(0, "report", "make")
	day := one[string](s, "select min(r.day)::text from report r where exists (select from report_row where report_id = r.id)")
	for _, form := range []string{"html", "csv", "xlsx", "json"} {
		page := later.exits(0, "report", "--date", day, "--format", form).out
		if form == "csv" || form == "json" {
			require.Contains(t, page, strings.Repeat("p", longestWebsite-19), form)
		}
		require.Greater(t, len(page), longestDescription, form)
	}
	later.exits(0, "report", "verify", day)
}
