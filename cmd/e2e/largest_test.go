package e2e

import (
	"encoding/json"
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
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
	mostPeriods        = 8 // a day
	mostFacilities     = 100
	mostServices       = 100
	mostDated          = 500 // periods
)

// atMost is how long any command may take over the largest profile, on a busy machine.
const atMost = 30 * time.Second

// long returns a text of so many characters, in words, not all of them ASCII.
func long(first string, characters int) string {
	text := []rune(first + strings.Repeat(" wörd & “more”", characters/10+1))[:characters]
	text[len(text)-1] = '.' // no space at the end
	return string(text)
}

// growLargest makes a profile as large as editors may, by SQL and as their role. Each
// dated period crosses midnight, and so is two in the form in which sinks get it.
func (s *site) growLargest(code string) {
	s.t.Helper()
	editor := pgtest.Connect(s.t, pgtest.As(s.t, s.url, pgtest.Roles(s.t).Editor))
	write := func(query string, args ...any) {
		_, err := editor.Exec(s.t.Context(), query, append([]any{code}, args...)...)
		require.NoError(s.t, err, query)
	}
	line := "A" + long(" street", longestAddress/5-2)
	write(`update profile set name = $2, address = array[$3::text, $3, $3, $3, $3], website = $4, email = $5,
			phone = '0113 496 0000', description = $6
		where code = $1`, long("Largest", longestName), line,
		"https://xy.example/"+strings.Repeat("p", longestWebsite-19),
		strings.Repeat("a", 64)+"@"+strings.Repeat("b", longestEmail-64-9)+".example",
		long("All", longestDescription))
	write("delete from opening_period where code = $1")
	write(`insert into opening_period (code, day, opens, closes)
		select $1, d, make_time(n * 2, 0, 0), make_time(n * 2 + 1, 59, 0)
		from unnest('{mon,tue,wed,thu,fri,sat,sun,bank-holiday}'::text[]) d, generate_series(0, $2::integer - 1) n`, mostPeriods)
	write(`insert into dated_opening_period (code, date, opens, closes)
		select $1, current_date + 30 + d, '20:30', '02:15'
		from generate_series(1, $2::integer - (select count(*)::integer from dated_opening_period where code = $1)) d`, mostDated)
	write("insert into facility (code, name, value) select $1, n || $2, $3 from generate_series(101, 100 + $4::integer) n",
		long(" facility", longestFacility-3), long("yes", longestValue), mostFacilities)
	write("insert into service (code, source, name) select $1, 'editor', n || $2 from generate_series(101, 100 + $3::integer) n",
		long(" service", longestService-3), mostServices)
	for _, more := range []string{
		"facility (code, name, value) values ($1, 'One', 'more')", "service (code, source, name) values ($1, 'editor', 'One more')",
		"dated_opening_period (code, date) values ($1, '2099-12-25')",
	} {
		_, err := editor.Exec(s.t.Context(), "insert into "+more, code)
		require.ErrorContains(s.t, err, "it has more than")
	}
}

// says runs a command that must succeed soon, and returns what it prints.
func (s *site) says(args ...string) string {
	s.t.Helper()
	began := time.Now()
	out := s.exits(0, args...).out
	require.Less(s.t, time.Since(began), atMost, args)
	return out
}

// The largest profiles that may be written, a pharmacy and a practice, go every way that
// small ones do, and a second look finds nothing to do.
func TestTheLargestProfileGoesEveryWay(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	pharmacy := s.codes()[0]
	s.reconcile(0, madeUp(t, "epraccur", 20), madeUpDay)
	practice := one[string](s, "select min(code) from profile where type = 'gp-practice' and status = 'open'")
	for _, code := range s.codes() {
		x.dos.SeedOrganization(code, strings.ToUpper(s.field(code, "name")))
	}
	d := s.serve()
	s.waitUntilPushed()
	d.stop()
	for _, code := range []string{pharmacy, practice} {
		s.growLargest(code)
		for _, form := range []string{"table", "json"} {
			preview := s.says("push", "preview", code, "--format", form)
			require.NotContains(t, preview, "does not take", "all of it is sent")
		}
	}
	began := time.Now()
	d = s.serve()
	s.waitUntilPushed()
	require.Less(t, time.Since(began), atMost)
	d.stop()
	for _, code := range []string{pharmacy, practice} {
		for _, sink := range []string{"dos", "website"} {
			require.Empty(t, s.requirePush(code, sink).LeftOut)
		}
		requireLargestOnWebsite(t, s, x, code)
		requireEveryCommand(t, s, code)
	}
	require.Len(t, x.inDoS(pharmacy).Web, longestWebsite)
	for _, contact := range x.dos.Organizations(practice)[0].Telecom {
		want := map[string]int{"url": longestWebsite, "email": longestEmail, "phone": len("0113 496 0000")}[contact.System]
		require.Len(t, contact.Value, want, contact.System)
	}
	for _, sink := range []string{"dos", "website"} {
		_, rows := s.drift(0, sink)
		require.Empty(t, rows)
	}
	pushed := s.count("select sum(sequence) from push")
	d = s.serve()
	s.waitUntilPushed()
	d.stop()
	require.Equal(t, pushed, s.count("select sum(sequence) from push"), "nothing is left to do")
	requireInReport(t, s)
}

// requireLargestOnWebsite requires that the website shows every part.
func requireLargestOnWebsite(t *testing.T, s *site, x sinks, code string) {
	t.Helper()
	parts := x.parts(code)
	var facilities, services, hours []json.RawMessage
	for part, into := range map[string]*[]json.RawMessage{"Facilities": &facilities, "Services": &services, "OpeningTimes": &hours} {
		require.NoError(t, json.Unmarshal(parts[part], into), part)
	}
	require.Len(t, facilities, mostFacilities)
	require.GreaterOrEqual(t, len(services), mostServices)
	require.GreaterOrEqual(t, len(hours), 2*mostDated)
	require.Contains(t, string(parts["Contacts"]), strings.Repeat("p", longestWebsite-19))
	require.Equal(t, long("All", longestDescription), s.field(code, "description"))
}

// requireEveryCommand requires that every command that shows a profile shows the largest.
func requireEveryCommand(t *testing.T, s *site, code string) {
	t.Helper()
	for _, form := range []string{"table", "json"} {
		shown := s.says("profile", "show", code, "--format", form)
		require.Greater(t, strings.Count(shown, "p"), longestWebsite-19, form) // over several lines of a table
		require.Greater(t, len(shown), longestDescription, form)
		for _, args := range [][]string{
			{"profile", "history", code}, {"push", "list"}, {"push", "preview", code}, {"drift", "--ods", code}, {"checks", "run"},
		} {
			s.says(append(args, "--format", form)...)
		}
	}
}

func requireInReport(t *testing.T, s *site) {
	t.Helper()
	workingDay := people.Calendar{}.AddWorkingDays(profile.DateIn(time.Now(), profile.London()), 5) // no report is made on others
	later := s.playing(workingDay.Time().Add(12 * time.Hour).Format(time.RFC3339))
	later.says("report", "make")
	day := one[string](s, "select min(r.day)::text from report r where exists (select from report_row where report_id = r.id)")
	for _, form := range []string{"html", "csv", "xlsx", "json"} {
		page := later.says("report", "--date", day, "--format", form)
		if form == "csv" || form == "json" {
			require.Contains(t, page, strings.Repeat("p", longestWebsite-19), form)
		}
		require.Greater(t, len(page), longestDescription, form)
	}
	later.says("report", "verify", day)
}

// A website that takes less than the largest document gets it without its longest lists,
// which are named, and a telephone number and a closure with everything else.
func TestAProfileThatIsTooLargeForTheWebsiteGoesWithoutItsLongestLists(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	server, address := websitetest.Start(t, websitetest.Options{APIKey: websiteKey, MaxBody: 60 << 10})
	s = s.with("WEBSITE_URL="+address, "WEBSITE_SEARCH_URL="+address+websitetest.SearchPath)
	x.website = server
	code := s.codes()[0]
	s.growLargest(code)
	d := s.serve()
	s.waitUntilPushed()
	var left []string
	for _, l := range s.requirePush(code, "website").LeftOut {
		left = append(left, l.Field)
		require.Contains(t, l.Reason, "too large")
	}
	require.ElementsMatch(t, []string{"dated-opening-times", "facilities"}, left)
	require.Equal(t, "0113 496 0000", x.onWebsite(code).contact("Telephone"))
	require.Empty(t, s.requirePush(code, "dos").LeftOut)

	refused := server.Summary().Requests["413"]
	require.Equal(t, 2, refused, "each list is refused once")
	s.write("update profile set status = 'closed', phone = '0113 496 0001' where code = $1", code)
	s.waitUntilPushed()
	require.Equal(t, "Closed", x.onWebsite(code).Status)
	require.Equal(t, "0113 496 0001", x.onWebsite(code).contact("Telephone"))
	require.Equal(t, refused, server.Summary().Requests["413"], "what was refused is not tried again with another change")
	d.stop()
	attempts := s.count("select count(*) from push_attempt")
	_, rows := s.drift(0, "website", "--repair")
	require.Empty(t, rows, "what is left out is not drift")
	d = s.serve()
	s.waitUntilPushed()
	d.stop()
	require.Equal(t, attempts, s.count("select count(*) from push_attempt"))
}

// Letters about the largest profile are sent, with the whole of its name.
func TestTheLargestProfileIsInLetters(t *testing.T) {
	t.Parallel()
	p := newPeopleSite(t)
	p.growLargest("FA001")
	first := p.at("2026-10-01T08:30:00Z")
	require.Contains(t, first.says("remind", "--preview"), "FA001 Largest w")
	require.Contains(t, first.says("remind", "--preview", "--format", "json"),
		strings.ReplaceAll(long("Largest", longestName), "&", `\u0026`))
	for range 2 { // the second time finds nothing
		first.says("remind", "--post")
		first.says("mail", "send")
		require.Len(t, p.messages()["check-opening"], 3)
	}
	named := 0
	for _, message := range p.messages()["check-opening"] {
		text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(message)))
		require.NoError(t, err)
		if strings.Contains(strings.Join(strings.Fields(string(text)), " "), long("Largest", longestName)) {
			named++
		}
	}
	require.Equal(t, 2, named)
}
