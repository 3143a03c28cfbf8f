package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// listedLeftOut is a field that `push list` says a push left out.
type listedLeftOut struct {
	Field  string    `json:"field"`
	Value  string    `json:"value"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}

// refusedField is a field of a sink with a value that the sink does not take.
type refusedField struct {
	field, sink string
	bad, good   string // SQL, with the code as $1
	why         string
}

const refusedWord = "Unwanted" // by the website's simulator

// setting returns the SQL that sets a column.
func setting(column, value string) string {
	return "update profile set " + column + " = " + value + " where code = $1"
}

func website(field, bad, good string) refusedField {
	return refusedField{field, "website", bad, good, "the website refuses it: NOT_ACCEPTED"}
}

func fieldsOfPharmacies() []refusedField {
	site := func(address, why string) refusedField {
		return refusedField{"website", "dos", setting("website", "'"+address+"'"), setting("website", "'https://good.example/a'"), why}
	}
	return []refusedField{
		site("https://x.com/shop", "one-letter label in x.com"),
		site("https://good.example:8443/", "a port, 8443, in good.example"),
		site("https://good.example/"+strings.Repeat("a", 500), "DoS stores at most 512 characters"),
		website("name", setting("name", "'Unwanted Name'"), setting("name", "'Good Name'")),
		website("address", setting("address", "'{Unwanted House,Leeds}'"), setting("address", "'{Good House,Leeds}'")),
		website("postcode", setting("postcode", "'Unwanted'"), setting("postcode", "'LS1 4AP'")),
		website("icb", setting("icb", "'Unwanted'"), setting("icb", "'QWO'")),
		website("phone", setting("phone", "'Unwanted'"), setting("phone", "'0113 496 0001'")),
		website("email", setting("email", "'Unwanted@nhs.net'"), setting("email", "'good@nhs.net'")),
		website("website", setting("website", "'https://good.example/Unwanted'"), setting("website", "'https://good.example/b'")),
		website("facilities", "insert into facility (code, name, value) values ($1, 'Unwanted', 'Yes')",
			"update facility set name = 'Car parking' where code = $1"),
		website("services", "insert into service (code, source, nhs_code, name) values ($1, 'editor', 'SRV9999', 'Unwanted')",
			"update service set name = 'Good' where code = $1"),
	}
}

// Must hold 2: whatever field a sink does not take, a closure of today arrives at once
// with everything else, and the field is named until it is mended.
func TestOneFieldThatASinkDoesNotTakeStopsOnlyItself(t *testing.T) {
	t.Parallel()
	cases := fieldsOfPharmacies()
	s, x := newStockedSite(t, 40)
	s.takesOldValues()
	s.reconcile(0, madeUp(t, "edispensary", 40), madeUpDay)
	codes := one[[]string](s, "select array_agg(code order by code) from profile where phone <> '' and status = 'open'")[:len(cases)]
	d := s.serve()
	s.waitUntilPushed()
	x.website.Refuse(refusedWord)
	var took []time.Duration
	for i, c := range cases {
		took = append(took, requireOnlyItself(t, s, x, codes[i], c))
	}
	requireWithinASecond(t, took)

	_, metrics := d.get("/metrics")
	require.Contains(t, metrics, `profilesync_left_out_profiles{field="website",sink="dos"} 3`)
	table := s.exits(0, "push", "list", "--most", "200").out
	require.Regexp(t, `CODE +SINK +LEFT OUT +VALUE +WHY +SINCE`, table)
	require.Regexp(t, `dos +website +https://x.com/shop +one-letter label in`, table)
	for _, sink := range []string{"dos", "website"} {
		_, rows := s.drift(0, sink)
		require.Empty(t, rows, "what is left out is not drift")
	}
	attempts := s.count("select count(*) from push_attempt")
	s.drift(0, "dos", "--repair")
	s.drift(0, "website", "--repair")
	s.waitUntilPushed()
	require.Equal(t, attempts, s.count("select count(*) from push_attempt"), "nothing is sent again")

	for i, c := range cases {
		requireMended(t, s, codes[i], c)
		if c.sink == "dos" {
			x.until("DoS shows it", func() bool { return x.inDoS(codes[i]).Web == "https://good.example/a" })
		}
	}
	require.Zero(t, s.count("select count(*) from push where left_out <> '[]' or state <> 'accepted'"))
	attempts = s.count("select count(*) from push_attempt")
	for _, sink := range []string{"dos", "website"} {
		_, rows := s.drift(0, sink, "--repair")
		require.Empty(t, rows)
	}
	s.waitUntilPushed()
	require.Equal(t, attempts, s.count("select count(*) from push_attempt"), "a second push changes nothing")
}

// requireWithinASecond looks at the middle of the times: the machine may be busy for a
// moment.
func requireWithinASecond(t *testing.T, took []time.Duration) {
	t.Helper()
	slices.Sort(took)
	require.Less(t, took[len(took)/2], time.Second, "from the edit to the directories: %v", took)
}

// requireOnlyItself sets a value that a sink does not take and closes the pharmacy today,
// in one transaction. It returns how long the closure took to both directories.
func requireOnlyItself(t *testing.T, s *site, x sinks, code string, c refusedField) time.Duration {
	t.Helper()
	before, page := x.dos.Services(code), x.parts(code)
	began := s.closeToday(code, c.bad)
	x.until(c.field+" does not stop the closure", func() bool { return x.isClosedToday(code) })
	took := time.Since(began)
	s.waitUntilPushed()
	x.awaitDoS()

	p := s.requirePush(code, c.sink)
	require.Len(t, p.LeftOut, 1, c.field)
	require.Equal(t, []string{c.field, c.why}, []string{p.LeftOut[0].Field, p.LeftOut[0].Reason})
	require.WithinDuration(t, time.Now(), p.LeftOut[0].Since, patience)
	require.Contains(t, s.exits(0, "profile", "show", code).out, c.sink+" left out")
	other := s.requirePush(code, map[string]string{"dos": "website", "website": "dos"}[c.sink])
	require.Empty(t, other.LeftOut, "the other directory takes it")

	if c.sink == "dos" { // all else stays, and what is refused stays as it was shown
		after := x.dos.Services(code)
		for i := range after {
			after[i].Specified = before[i].Specified
		}
		require.Equal(t, before, after)
		return took
	}
	after := x.parts(code)
	for _, part := range []string{"OpeningTimes", "LastUpdatedDates"} {
		delete(page, part)
		delete(after, part)
	}
	require.Equal(t, page, after)
	return took
}

// requireMended mends the value, and requires that it arrives and is named no longer.
func requireMended(t *testing.T, s *site, code string, c refusedField) {
	t.Helper()
	sequence := s.requirePush(code, c.sink).Sequence
	s.write(c.good, code)
	s.waitUntilPushed()
	p := s.requirePush(code, c.sink)
	require.Empty(t, p.LeftOut, c.field)
	require.Greater(t, p.Sequence, sequence, "it is sent at once")
}

// takesOldValues lets the test write what a row from before the rules of the published
// interface, or a register, may hold.
func (s *site) takesOldValues() {
	s.t.Helper()
	s.write("alter table profile disable trigger profile_is_plain")
}

// closeToday changes a profile by SQL and closes it today, in one transaction. It returns
// when that was committed.
func (s *site) closeToday(code, sql string) time.Time {
	s.t.Helper()
	conn := s.connect()
	require.NoError(s.t, pgx.BeginFunc(s.t.Context(), conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(s.t.Context(), sql, code); err != nil {
			return err
		}
		_, err := tx.Exec(s.t.Context(), "insert into dated_opening_period (code, date) values ($1, $2::date)", code, today())
		return err
	}))
	return time.Now()
}

func today() string { return profile.DateIn(time.Now(), profile.London()).String() }

// isClosedToday reports whether both directories show the closure.
func (x sinks) isClosedToday(code string) bool {
	date := profile.DateIn(time.Now(), profile.London()).Time().Format("Jan 02 2006")
	return x.inDoS(code).Specified == today()+" closed" && strings.Contains(string(x.parts(code)["OpeningTimes"]), date)
}

// parts returns the document on the website by key.
func (x sinks) parts(code string) (parts map[string]json.RawMessage) {
	for _, state := range x.website.States(code) {
		require.NoError(x.t, json.Unmarshal(state.Document, &parts))
	}
	return parts
}

// requirePush returns a push, which must be accepted.
func (s *site) requirePush(code, sink string) listedPush {
	s.t.Helper()
	for _, p := range s.pushes("--sink", sink, "--most", "200") {
		if p.Code == code {
			require.Equal(s.t, "accepted", p.State, "%s to %s: %s", code, sink, p.Reason)
			return p
		}
	}
	require.Fail(s.t, "no push", "%s to %s", code, sink)
	return listedPush{}
}

// Must hold 2 for practices: what closes there is the practice itself.
func TestOneFieldThatTheIngestDoesNotTakeStopsOnlyItself(t *testing.T) {
	t.Parallel()
	practice := func(field, bad, good, why string) refusedField {
		return refusedField{field, "dos", setting(field, bad), setting(field, good), why}
	}
	const characters = "DoS accepts only digits, +, brackets and spaces; move extensions and words elsewhere"
	cases := []refusedField{
		practice("phone", "'0113 496 0001 ext 3'", "'0113 496 0001'", characters),
		practice("phone", "'+1 212 555 0100'", "'0113 496 0002'", "DoS refuses it"),
		practice("email", "'ada at elm'", "'elm@nhs.net'", "it holds a space"),
		practice("email", "'name.of.role'", "'elm@nhs.net'", "DoS refuses it"),
		practice("website", "'HTTPS://elm.nhs.uk'", "'https://elm.nhs.uk'", "it does not begin with http:// or https://"),
		practice("website", "'https:///elm'", "'https://elm.nhs.uk'", "DoS refuses it"),
		practice("name", "repeat('n', 101)", "'Elm Surgery'", "it has 101 characters, DoS accepts 100"),
		practice("roles", "'{RO177}'", "'{RO177,RO76}'", "DoS wants exactly one RO177, and RO76 beside it"),
	}
	s, x := newSite(t).withSinks()
	s.takesOldValues()
	s.reconcile(0, madeUp(t, "epraccur", 60), madeUpDay)
	codes := one[[]string](s, "select array_agg(code order by code) from profile where status = 'open'")[:len(cases)]
	for _, code := range s.codes() {
		x.dos.SeedOrganization(code, strings.ToUpper(s.field(code, "name")))
	}
	s.serve()
	s.waitUntilPushed()
	var took []time.Duration
	for i, c := range cases {
		code := codes[i]
		before := x.dos.Organizations(code)[0]
		require.True(t, before.Active)
		s.write(strings.Replace(c.bad, " where", ", status = 'closed' where", 1), code)
		began := time.Now()
		x.until(c.field+" does not stop the closure", func() bool { return !x.dos.Organizations(code)[0].Active })
		took = append(took, time.Since(began))
		s.waitUntilPushed()
		p := s.requirePush(code, "dos")
		require.Len(t, p.LeftOut, 1, c.field)
		require.Equal(t, []string{c.field, c.why}, []string{p.LeftOut[0].Field, p.LeftOut[0].Reason})
		after := x.dos.Organizations(code)[0]
		after.Active = true
		require.Equal(t, before, after, "all else stays")
	}
	requireWithinASecond(t, took)
	_, rows := s.drift(0, "dos")
	require.Empty(t, rows, "what is left out is not drift")

	// A value that was refused is not tried again with every other change, but if a
	// person asks.
	refused := x.dos.Summary().Requests["422"]
	s.edit(codes[1], "email", "other@nhs.net")
	s.waitUntilPushed()
	require.Equal(t, refused, x.dos.Summary().Requests["422"])
	require.Len(t, s.requirePush(codes[1], "dos").LeftOut, 1)
	s.exits(0, "push", "retry", codes[1], "--sink", "dos")
	s.waitUntilPushed()
	require.Equal(t, refused+1, x.dos.Summary().Requests["422"])
	require.Len(t, s.requirePush(codes[1], "dos").LeftOut, 1)

	for i, c := range cases {
		requireMended(t, s, codes[i], c)
	}
	attempts := s.count("select count(*) from push_attempt")
	_, rows = s.drift(0, "dos", "--repair")
	require.Empty(t, rows)
	s.waitUntilPushed()
	require.Equal(t, attempts, s.count("select count(*) from push_attempt"), "a second push changes nothing")
}
