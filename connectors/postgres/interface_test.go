package postgres_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// What editing applications write is refused where no sink could take it, or where
// it would hide what it is.
func TestWhatThePublishedInterfaceRefuses(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	w.Exec(`insert into opening_period (code, day, opens, closes)
		select 'FA0000', 'sun', make_time(h, 0, 0), make_time(h, 30, 0) from generate_series(1, 8) h`)
	w.Exec("insert into dated_opening_period (code, date) values ('FA0000', '2026-12-25')")
	w.Exec("insert into dated_opening_period (code, date, opens, closes) values ('FA0000', '2026-12-26', '10:00', '12:00')")
	w.Exec("insert into account (email, name) values ('jo@example.nhs.uk', 'Jo')")
	set := func(column, value string) string { return fmt.Sprintf("update profile set %s = %s", column, value) }
	facility := func(name, value string) string {
		return fmt.Sprintf("insert into facility (code, name, value) values ('FA0000', %s, %s)", name, value)
	}
	service := func(name string) string {
		return fmt.Sprintf("insert into service (code, source, name) values ('FA0000', 'editor', %s)", name)
	}
	detail := func(column, value string) string {
		return fmt.Sprintf("insert into service (code, source, name, %s) values ('FA0000', 'editor', 'Feet', %s)", column, value)
	}
	text := func(value string) string {
		return fmt.Sprintf("insert into service_text (code, external_id, text) values ('FA0000', '7', %s)", value)
	}
	hold := func(reason, actor string) string {
		return fmt.Sprintf("insert into hold (code, sink, reason, actor) values ('FA0000', 'dos', %s, %s)", reason, actor)
	}
	account := func(name string) string {
		return fmt.Sprintf("insert into account (email, name) values ('ann@example.nhs.uk', %s)", name)
	}
	weekly := func(values string) string {
		return "insert into opening_period (code, day, opens, closes) values ('FA0000', " + values + ")"
	}
	dated := func(values string) string {
		return "insert into dated_opening_period (code, date, opens, closes) values ('FA0000', " + values + ")"
	}
	for statement, why := range map[string]string{
		set("name", `e'A\x1b[2J'`):                                         "control characters",
		set("name", `e'A\nB'`):                                             "line breaks",
		set("name", `e'A\u202eB'`):                                         "control characters",
		set("name", "' '"):                                                 "blank",
		set("name", "repeat('n', 101)"):                                    "too many characters",
		set("address", `array[e'1 High Street\nLeeds']`):                   "line break",
		set("address", `array_fill('1 High Street, Leeds'::text, '{99}')`): "too many characters",
		set("postcode", `e'LS1\r1AA'`):                                     "line breaks",
		set("phone", "'ring the bell'"):                                    "no telephone number",
		set("phone", "'12'"):                                               "no telephone number",
		set("phone", "'0113 496 0000; 0113 496 0001'"):                     "no telephone number",
		set("phone", `e'0113 496 0000\u0085'`):                             "control characters",
		set("email", "'nobody'"):                                           "no e-mail address",
		set("email", "'Jo <jo@example.org>'"):                              "no e-mail address",
		set("email", "'a@b.uk,c@d.uk'"):                                    "no e-mail address",
		set("website", "'https://x.uk/' || repeat('x', 500)"):              "too many characters",
		set("website", `e'https://x.uk/\u0007'`):                           "control characters",
		set("description", `e'A\u0007'`):                                   "control characters",
		set("description", "repeat('d', 10001)"):                           "too many characters",
		facility("' '", "'Yes'"):                                           "of facility: it ",
		facility("''", "'Yes'"):                                            "of facility: it ",
		facility("'Parking: free'", "'Yes'"):                               "of facility: it ",
		facility(`e'Parking\nToilet'`, "'Yes'"):                            "of facility: it ",
		facility("'Parking'", "''"):                                        "of facility: it ",
		facility("'Parking'", "'free: Yes'"):                               "of facility: it ",
		facility("'Parking'", "repeat('x', 201)"):                          "of facility: it ",
		service("' '"):                                                     "of service: it ",
		service(`e'Feet\nSRV0560 Blood pressure'`):                         "of service: it ",
		service("repeat('x', 201)"):                                        "of service: it ",
		`insert into service (code, source, name, contacts)
			values ('FA0000', 'editor', 'Feet', '[{"value": "a\u001b"}]')`: "of service: it ",
		text(`e'A\u0007'`):                         "of service_text: it ",
		text("repeat('x', 4001)"):                  "of service_text: it ",
		set("description", `e' \t\r\n\u00a0'`):     "description of profile FA0000: it is blank: write what visitors should know, or",
		detail("hours", `e'\u00a0'`):               "hours of service: it is blank: write",
		detail("instructions", `e'\n\n'`):          "instructions of service: it is blank: write",
		detail("booking", `e' \t'`):                "booking of service: it is blank: write",
		detail("contacts", `'[{"value": " "}]'`):   "contacts of service: a text of it is blank",
		text(`e'\u2003\n'`):                        "text of service_text: it is blank",
		hold(`e'\u00a0'`, "'jo'"):                  "reason of hold: it is blank",
		hold("'A'", "' '"):                         "actor of hold: it is blank",
		hold(`e'A\nB'`, "'jo'"):                    "line breaks",
		hold("'A'", `e'jo\u001b'`):                 "control characters",
		account(`e'Ann\nBcc: all@example.nhs.uk'`): "line breaks",
		account("repeat('A', 201)"):                "too many characters",
		weekly("'mon', '09:00:30', '17:00'"):       "no seconds",
		weekly("'mon', '09:00', '24:00'"):          "24:00 is not a time",
		weekly("'mon', '09:00:00.5', '17:00'"):     "no seconds",
		weekly("'sun', '20:00', '21:00'"):          "more than 8 periods",
		"update opening_period set code = 'FA0000', day = 'sun', opens = '24:00' where opens = '01:00'": "24:00 is not a time",
		dated("'2026-12-25', null, null"):                     "closed twice",
		dated("'2026-12-25', '09:00', '10:00'"):               "closed and open",
		dated("'2026-12-26', null, null"):                     "closed and open",
		dated("'infinity', null, null"):                       "dated_opening_period_in_reach",
		dated("'1899-12-31', null, null"):                     "dated_opening_period_in_reach",
		dated("'2101-01-01', null, null"):                     "dated_opening_period_in_reach",
		"update dated_opening_period set date = '2026-12-25'": "closed and open",
	} {
		_, err := w.SQL.Exec(t.Context(), statement)
		require.ErrorContains(t, err, why, statement)
		require.ErrorContains(t, err, "23514", statement)
	}
	for _, statement := range []string{
		set("name", "'Sörensen''s Pharmacy (Leeds) & Co'"), set("address", "'{1 High Street,Leeds}'"),
		set("phone", "'+44 (0)113 496-0000 ext. 12'"),
		set("phone", "'111'"), set("phone", "''"), set("email", "'o''brien+leeds@example.nhs.uk'"),
		set("description", `e'Two\r\nlines\tand a tab'`), set("description", "''"), set("description", `e'\n A \n'`),
		detail("hours", "''"), detail("instructions", "''"), detail("booking", "''"), detail("contacts", `'[{"value": ""}]'`),
		facility("'Parking'", "'Yes'"), facility("'Play area #16'", "'09:00 to 17:00'"), service("'Feet: hands too'"),
		dated("'1900-01-01', null, null"), dated("'2100-12-31', '00:00', '00:00'"), dated("'2026-12-26', '22:00', '02:00'"),
		"delete from dated_opening_period where date = '2026-12-25'", dated("'2026-12-25', '09:00', '10:00'"),
		text(`e'Two\nlines'`),
	} {
		_, err := w.SQL.Exec(t.Context(), statement)
		require.NoError(t, err, statement)
	}
}

// Every text of a profile is checked; the others have constraints of their own.
func TestEveryTextOfAProfileIsChecked(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	want := pgtest.All[string](w, `select column_name::text from information_schema.columns
		where table_schema = 'profilesync' and table_name = 'profile' and data_type in ('text', 'ARRAY')
			and column_name not in ('code', 'type', 'status', 'kind')`)
	require.ElementsMatch(t, want, pgtest.All[string](w, "select t.field from profile p cross join lateral profile_texts(p) t"))
}

// Two who write hours of one profile at the same moment count each other's.
func TestADayIsCountedByAllWhoWriteIt(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	const days = "select date '2026-12-01' + n from generate_series(0, 29) n"
	w.Exec("insert into dated_opening_period (code, date) values ('FA0000', '2020-01-01')")
	var writers sync.WaitGroup
	for n := range 6 {
		conn := pgtest.Connect(t, w.URL)
		values := fmt.Sprintf("'%02d:00', '%02d:30'", n, n)
		if n%2 == 0 {
			values = "null, null"
		}
		writers.Go(func() {
			for _, day := range pgtest.All[time.Time](&pgtest.Database{TB: t, SQL: conn}, days) {
				_, _ = conn.Exec(t.Context(), // refused for most
					"insert into dated_opening_period (code, date, opens, closes) values ('FA0000', $1, "+values+")", day)
			}
		})
	}
	writers.Wait()
	require.Equal(t, 31, pgtest.One[int](w, "select count(*) from hours_day where periods > 0"))
	require.Empty(t, pgtest.All[string](w, "select day from hours_day where closed > 0 and periods > 1"))
}

// What registers say is checked when it is read, and never stops a run.
func TestARunWritesWhatItsRegisterSays(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec("select set_config('profilesync.run', '7', false)")
	w.Exec("insert into profile (code, name, type, phone) values ('FA0000', repeat('n', 150), 'pharmacy', 'none')")
	w.Exec("reset profilesync.run")
	w.Exec("update profile set hidden = true")
	_, err := w.SQL.Exec(t.Context(), "update profile set phone = 'none at all'")
	require.ErrorContains(t, err, "no telephone number")
}

// Rows from before a rule are listed and kept, and their other columns may be written;
// once they are mended, the constraint is valid.
func TestRowsFromBeforeARule(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	w.Exec(`alter table dated_opening_period drop constraint dated_opening_period_in_reach;
		alter table dated_opening_period disable trigger user; alter table profile disable trigger user;
		alter table facility disable trigger user; alter table service disable trigger user`)
	w.Exec("insert into facility (code, name, value) values ('FA0000', ' Parking', 'Yes')")
	w.Exec("insert into service (code, source, name) values ('FA0000', 'editor', e'Feet\u200b')")
	w.Exec("insert into dated_opening_period (code, date) values " +
		"('FA0000', '2026-12-25'), ('FA0000', '2026-12-25'), ('FA0000', '1850-01-01')")
	w.Exec("update profile set phone = 'ring', address = '{a,NULL}', roles = '{RO1|RO2}'")
	w.Exec(`alter table dated_opening_period add constraint dated_opening_period_in_reach
			check (date between '1900-01-01' and '2100-12-31') not valid;
		alter table dated_opening_period enable trigger user; alter table profile enable trigger user;
		alter table facility enable trigger user; alter table service enable trigger user`)
	invalid := func() int { return pgtest.One[int](w, "select count(*) from pg_constraint where not convalidated") }
	require.Positive(t, invalid())

	broken, err := postgres.CheckRules(t.Context(), w.URL)
	require.NoError(t, err)
	require.Equal(t, []postgres.BrokenRow{
		{Rule: "dated_opening_period_in_reach", Place: "dated_opening_period of profile FA0000", Why: "rows: 1"},
		{
			Rule: "facility_is_plain", Place: "facility 1 of profile FA0000",
			Why: "name: it has spaces before or behind it, or spaces that are none of the keyboard's",
		},
		{Rule: "opening_times_are_days", Place: "profile FA0000", Why: "2026-12-25: it is closed twice"},
		{Rule: "profile_is_plain", Place: "profile FA0000", Why: "address: a line of it is blank"},
		{Rule: "profile_is_plain", Place: "profile FA0000", Why: "phone: " +
			"it is no telephone number: give digits, spaces, brackets and hyphens, " +
			"as +44 113 496 0000 or 0113 496 0000 ext 12"},
		{Rule: "profile_is_plain", Place: "profile FA0000", Why: "roles: a role has a |"},
		{Rule: "service_is_plain", Place: "service 1 of profile FA0000", Why: "name: it has characters that nobody sees"},
	}, broken)
	require.Equal(t, 1, invalid(), "all others are valid")
	w.Exec("update profile set hidden = true")
	w.Exec("update facility set value = 'No'")
	w.Exec("update service set hours = 'Mornings'")

	w.Exec("update facility set name = 'Parking'")
	w.Exec("update service set name = 'Feet'")
	w.Exec("delete from dated_opening_period where id >= (select max(id) - 1 from dated_opening_period)")
	w.Exec("update profile set phone = '111', address = '{a}', roles = '{RO1,RO2}'")
	for range 2 {
		broken, err = postgres.CheckRules(t.Context(), w.URL)
		require.NoError(t, err)
		require.Empty(t, broken)
		require.Zero(t, invalid())
	}
}

// Each run makes whole what no row breaks any more, while others write: it waits for
// no writer, and none for it.
func TestConstraintsOfOpeningTimesBecomeWhole(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	const rule = "check (why_no_period(opens, closes) is null) not valid"
	for table, values := range map[string]string{"opening_period": "day", "dated_opening_period": "date"} {
		w.Exec(fmt.Sprintf(`alter table %[1]s drop constraint %[1]s_to_the_minute; alter table %[1]s disable trigger user;
			insert into %[1]s (code, %[2]s, opens, closes) values ('FA0000', $$%[3]s$$, '09:00:30', '17:00');
			alter table %[1]s add constraint %[1]s_to_the_minute %[4]s; alter table %[1]s enable trigger user`,
			table, values, map[string]string{"day": "mon", "date": "2026-12-25"}[values], rule))
	}
	unsure := func() []string {
		return pgtest.All[string](w, "select conname::text from pg_constraint where not convalidated order by 1")
	}
	check := func() (places []string) {
		writer, err := pgtest.Connect(t, w.URL).Begin(t.Context())
		require.NoError(t, err)
		defer func() { _ = writer.Rollback(t.Context()) }()
		_, err = writer.Exec(t.Context(), "insert into opening_period (code, day, opens, closes) values ('FA0000', 'tue', '09:00', '17:00')")
		require.NoError(t, err)
		broken, err := postgres.CheckRules(t.Context(), w.URL)
		require.NoError(t, err)
		for _, b := range broken {
			places = append(places, b.Rule+": "+b.Place)
		}
		return places
	}
	both := []string{"dated_opening_period_to_the_minute", "opening_period_to_the_minute"}
	for range 2 {
		require.Equal(t, []string{
			both[0] + ": dated_opening_period of profile FA0000", both[1] + ": opening_period of profile FA0000",
		}, check())
		require.Equal(t, both, unsure())
	}
	w.Exec("update opening_period set opens = '09:00'")
	require.Equal(t, []string{both[0] + ": dated_opening_period of profile FA0000"}, check())
	require.Equal(t, both[:1], unsure())
	w.Exec("delete from dated_opening_period")
	for range 2 {
		require.Empty(t, check())
		require.Empty(t, unsure())
	}
}

// A day from before the rule may be made smaller, period by period.
func TestADayWithTooManyPeriodsIsMadeSmaller(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	w.Exec("alter table opening_period disable trigger user; delete from opening_period")
	w.Exec(`insert into opening_period (code, day, opens, closes)
		select 'FA0000', 'mon', make_time(n, 0, 0), make_time(n, 30, 0) from generate_series(0, 11) n`)
	w.Exec("alter table opening_period enable trigger user")
	w.Exec("update opening_period set closes = '00:45' where opens = '00:00'")
	_, err := w.SQL.Exec(t.Context(), "insert into opening_period (code, day, opens, closes) values ('FA0000', 'mon', '20:00', '21:00')")
	require.ErrorContains(t, err, "more than 8 periods")
	w.Exec("update opening_period set day = 'tue' where opens >= '10:00'")
	w.Exec("delete from opening_period where opens = '01:00'")
	_, err = w.SQL.Exec(t.Context(), "update opening_period set day = 'mon' where opens = '10:00'")
	require.ErrorContains(t, err, "more than 8 periods")
	w.Exec("delete from opening_period where opens = '02:00'")
	w.Exec("delete from opening_period where opens = '03:00'")
	w.Exec("update opening_period set day = 'mon' where opens = '10:00'")
}
