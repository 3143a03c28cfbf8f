package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// peopleSite is a site with three people at two pharmacies and a surgery, whose
// mail goes to a directory.
type peopleSite struct{ *site }

const (
	personCanary = "canary"
	personSecret = "Jane Canary"
)

func newPeopleSite(t *testing.T) peopleSite {
	t.Helper()
	s := newSite(t)
	s.env = append(s.env, "MODE=test", "MAIL=directory", "MAIL_DIRECTORY="+filepath.Join(s.dir, "mail"),
		`LISTS={"QAA":"canary.list@example.nhs.uk"}`)
	s.write(`insert into profile (code, name, type, icb) values ('FA001', 'First', 'pharmacy', 'QAA'), ('FA002', 'Second', 'pharmacy', 'QAA'),
		('A00001', 'Surgery', 'gp-practice', 'QAA')`)
	s.write(`insert into account (email, name, state, created_at, last_active_at) select 'canary' || n || '@example.nhs.uk',
		'Jane Canary ' || n, 'active', '2026-09-01', '2026-09-01' from generate_series(1, 3) n`)
	s.write(`insert into membership (account_id, code, role) values (1, 'FA001', 'account-manager'), (1, 'A00001', 'editor'),
		(2, 'FA001', 'editor'), (3, 'FA002', 'editor')`)
	// Last quarter's checks were made, and the surgery's from last year expire in this quarter.
	s.write(`insert into section_check (code, section, account_id, at) select code, s, 1, at::timestamptz
		from (values ('FA001', '2026-08-01'), ('FA002', '2026-08-01'), ('A00001', '2025-11-01')) o (code, at),
			unnest('{contact,opening-times,services,facilities,bank-holiday-times}'::text[]) s`)
	s.write(`insert into dated_opening_period (code, date) select c, d
		from unnest('{FA001,FA002}'::text[]) c, unnest('{2026-12-25,2026-12-28}'::date[]) d`)
	s.write("update account set last_active_at = '2026-09-01'")
	return peopleSite{s}
}

// began lets a daemon start its schedules.
func (p peopleSite) began(instant string) {
	p.t.Helper()
	d := p.at(instant).serve()
	p.eventually(1, "select count(*) from schedule_run where name = 'housekeeping'")
	d.stop()
}

// at returns the site at another time.
func (p peopleSite) at(instant string) peopleSite { return peopleSite{p.with("NOW=" + instant)} }

// messages returns the collected messages, by the name of their text.
func (p peopleSite) messages() map[string][]string {
	p.t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, "mail", "*.eml"))
	require.NoError(p.t, err)
	found := map[string][]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(p.t, err)
		kind := filepath.Base(file)
		kind = kind[:strings.LastIndexByte(kind, '-')]
		found[kind] = append(found[kind], string(text))
	}
	return found
}

// previewedReminder is a row of `remind --preview`, spelt out here so that a
// renamed key in the code is noticed.
type previewedReminder struct {
	Stage   string   `json:"stage"`
	Quarter string   `json:"quarter"`
	To      string   `json:"to"`
	Missing []string `json:"missing"`
}

func TestAQuarterOfReminders(t *testing.T) {
	t.Parallel()
	p := newPeopleSite(t)
	first := p.at("2026-10-01T08:30:00Z")
	preview := first.exits(0, "remind", "--preview")
	require.Contains(t, preview.out, "FA001 First (pharmacy, every quarter): contact details")
	require.Len(t, list[previewedReminder](t, first.exits(0, "remind", "--preview", "--format", "json")), 3)
	first.exits(0, "remind", "--post")
	require.Contains(t, first.exits(0, "mail", "send").out, "3")
	require.Len(t, p.messages()["check-opening"], 3)
	require.NotContains(t, first.exits(0, "remind", "--preview").out, "FA001", "a second preview finds nothing")
	first.exits(0, "remind", "--post")
	first.exits(0, "mail", "send")
	require.Len(t, p.messages()["check-opening"], 3)

	p.write(`insert into section_check (code, section, account_id, at) select 'FA001', s, 2, '2026-10-20 10:00+01'
		from unnest('{contact,opening-times,services,facilities,bank-holiday-times}'::text[]) s`)
	p.write(`insert into dated_opening_period (code, date) select 'FA001', d
		from unnest('{2027-01-01,2027-03-26,2027-03-28,2027-03-29}'::date[]) d`)
	later := p.at("2026-12-03T09:30:00Z")
	require.Contains(t, later.exits(0, "remind", "--preview", "--date", "2026-12-17").out, "14-days")
	later.exits(0, "remind", "--post")
	later.exits(0, "mail", "send")
	require.Len(t, p.messages()["check-28-days"], 2, "people who completed everything get none")

	over := p.at("2027-01-04T09:30:00Z")
	over.exits(0, "remind", "--post")
	over.exits(0, "mail", "send")
	require.Len(t, p.messages()["check-overdue"], 1, "only to the board's list: the only account manager has completed everything")
}

func TestTheDaemonRemindsAndSends(t *testing.T) {
	t.Parallel()
	p := newPeopleSite(t)
	p.began("2026-09-30T11:00:00Z")
	d := p.at("2026-10-01T08:30:00Z").serve()
	p.eventually(3, "select count(*) from letter where state = 'delivered' and kind = 'check-opening'")
	status, metrics := d.get("/metrics")
	require.Equal(t, 200, status)
	require.Contains(t, metrics, `profilesync_open_letters{kind="check-opening",state="delivered"} 3`)
	d.stop()
	p.at("2026-10-01T08:30:00Z").exits(0, "mail", "stop", "--reason", "a wrong text")
	require.Contains(t, p.at("2026-10-01T08:31:00Z").exits(0, "mail", "show").out, "stopped by")
	p.exits(0, "mail", "resume")
}

func TestAnIdleAccountIsWarnedTwiceAndEnds(t *testing.T) {
	t.Parallel()
	p := newPeopleSite(t)
	look := func(day string) {
		q := p.at(day + "T07:00:00Z")
		q.exits(0, "accounts", "inactive", "--apply")
		q.exits(0, "mail", "send")
	}
	p.write("insert into sign_in (account_id, at) values (2, '2027-01-30 10:00+00')")
	look("2027-02-07") // 190 days after 1 September 2026 are over on 10 March 2027
	require.Empty(t, p.messages())
	look("2027-02-08")
	require.Len(t, p.messages()["inactive-30-days"], 2)
	look("2027-03-03")
	require.Len(t, p.messages()["inactive-7-days"], 2)
	look("2027-03-09")
	require.Equal(t, 0, p.count("select count(*) from account where state = 'deactivated'"))
	require.Contains(t, p.at("2027-03-10T07:00:00Z").exits(0, "accounts", "inactive", "--preview").out, "keep")
	look("2027-03-10")
	require.Equal(t, 1, p.count("select count(*) from account where state = 'deactivated'"))
	require.Equal(t, 3, p.count("select id::int from account where state = 'deactivated'"), "the account manager stays")
	require.Len(t, p.messages()["account-ended"], 1)
	require.Len(t, p.messages()["last-manager-idle"], 1)
	look("2027-03-11")
	require.Equal(t, 1, p.count("select count(*) from account where state = 'deactivated'"))
	after := p.at("2027-03-12T07:00:00Z")
	after.exits(0, "accounts", "reactivate", "u-3", "--reason", "back from abroad", "--actor", "desk")
	require.Contains(t, after.exits(0, "accounts", "show", "u-3").out, "back from abroad")
	after.exits(1, "accounts", "reactivate", "u-3", "--reason", "twice")
	after.exits(0, "accounts", "leave", "u-3", "--until", "2027-12-31", "--reason", "parental leave")
	after.exits(2, "accounts", "leave", "u-3", "--until", "2029-12-31", "--reason", "too long")
	after.exits(0, "accounts", "leave", "u-3", "--end", "--reason", "back")
	require.Contains(t, after.exits(0, "accounts", "list").out, "u-3")
}

// Must hold 6: names and addresses are in the messages and nowhere else.
func TestNamesStayInTheMessages(t *testing.T) {
	t.Parallel()
	p := newPeopleSite(t)
	p.began("2026-09-30T11:00:00Z")
	p.write("alter table account disable trigger account_is_plain") // an address from before the rule
	p.write("insert into account (email, name, state) values ('canary.@bad..example.nhs.uk', 'Jane Canary', 'active')")
	p.write("alter table account enable trigger account_is_plain")
	p.write("insert into membership (account_id, code, role) values (4, 'FA002', 'editor')")
	now := p.at("2026-10-01T08:30:00Z")
	d := now.serve()
	p.eventually(4, "select count(*) from letter where state in ('delivered', 'refused', 'cancelled') and kind like 'check-%'")
	_, metrics := d.get("/metrics")
	d.stop()
	texts := map[string]string{"log": d.log(), "metrics": metrics}
	for _, command := range [][]string{
		{"remind", "--preview", "--date", "2026-12-03"},
		{"accounts", "list"},
		{"accounts", "show", "u-1"},
		{"mail", "list"},
		{"mail", "show"},
		{"accounts", "inactive", "--preview", "--date", "2027-03-10"},
		{"profile", "history", "FA001"},
	} {
		o := now.do(command...)
		texts[strings.Join(command, " ")] = o.out + o.err
	}
	broken := p.with("NOW=2026-12-03T09:00:00Z", "MAIL=smtp", "SMTP_HOST=127.0.0.1", "SMTP_PORT=1", "SMTP_TLS=none")
	o := broken.do("remind", "--post")
	sent := broken.do("mail", "send")
	texts["mail that fails"] = o.out + o.err + sent.out + sent.err
	texts["settings"] = p.with(`LISTS={"QAA":"canary list"}`).do("mail", "show").err
	for table, query := range map[string]string{
		"letters": "select coalesce(string_agg(t::text, E'\n'), '') from letter t",
		"audit":   "select coalesce(string_agg(t::text, E'\n'), '') from account_change t",
		"job arguments": `select coalesce(string_agg(args::text || metadata::text || coalesce(errors::text, ''), E'\n'), '')
			from river.river_job`,
	} {
		texts[table] = one[string](p.site, query)
	}
	require.NotEmpty(t, p.messages()["check-opening"])
	require.Contains(t, strings.Join(p.messages()["check-opening"], ""), personSecret)
	for what, text := range texts {
		require.NotEmpty(t, text, what)
		require.NotContains(t, strings.ToLower(text), personCanary, what)
	}
}

func TestMailTemplatesAreForNotify(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	require.Contains(t, s.exits(0, "mail", "templates", "check-opening").out, "((organisations))")
	s.exits(2, "mail", "templates", "nonsense")
	for setting, want := range map[string]string{
		"MAIL=pigeon": "PROFILESYNC_MAIL", "MAIL=notify": "PROFILESYNC_MAIL=notify", "MAIL=smtp": "PROFILESYNC_MAIL=smtp",
		"CHECK_RULES=florist=contact@quarter": "CHECK_RULES", "IDLE_MEMBER_DAYS=20": "IDLE_MEMBER_DAYS",
		`LISTS=["x"]`: "PROFILESYNC_LISTS", "MAIL_PER_DAY=0": "MAIL_PER_DAY",
	} {
		require.Contains(t, s.with(setting).exits(2, "accounts", "list").err, want, setting)
	}
}

func TestNobodyIsRemindedOfAPlaceThatHasClosed(t *testing.T) {
	t.Parallel()
	p := newPeopleSite(t)
	first := p.at("2026-10-01T08:30:00Z")
	require.Contains(t, first.exits(0, "remind", "--preview").out, "FA001 First")
	p.exits(0, "closure", "confirm", "FA001", "--reason", "rang the board")
	require.NotContains(t, first.exits(0, "remind", "--preview").out, "FA001 First")
	require.Contains(t, first.exits(0, "remind", "--preview").out, "FA002 Second")
	p.exits(0, "closure", "take-back", "FA001", "--reason", "it is open")
	require.Contains(t, first.exits(0, "remind", "--preview").out, "FA001 First")
}
