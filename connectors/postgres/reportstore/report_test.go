package reportstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/report"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// pressed is a database whose reports are made.
type pressed struct {
	*pgtest.Database

	store  *reportstore.Store
	people *peoplestore.Store
	today  profile.Date
}

// newPressed has two pharmacies of one board and a surgery, written in spring.
func newPressed(t *testing.T) *pressed {
	t.Helper()
	db := pgtest.New(t)
	p := &pressed{Database: db, store: reportstore.New(db.DB), people: peoplestore.New(db.DB)}
	p.at("2026-03-20 09:00+00")
	p.Exec(`insert into profile (code, name, type, icb) values ('FA001', 'First', 'pharmacy', 'QAA'), ('FA002', 'Second', 'pharmacy', 'QAA'),
		('A00001', 'Surgery', 'gp-practice', 'QBB')`)
	return p
}

// at sets the time for all following writes.
func (p *pressed) at(instant string) { p.Exec("set profilesync.now = '" + instant + "'") }

func (p *pressed) reporter() *peoplejobs.Reporter {
	now := func() time.Time { return p.today.Time().Add(7 * time.Hour) }
	return &peoplejobs.Reporter{
		Store: p.store, People: p.people, Calendar: p.people, Now: now,
		Reminders: &peoplejobs.Reminders{People: p.people, Calendar: p.people, Rules: people.DefaultCheckRules(), Now: now},
	}
}

// makes makes the reports that are due on the morning of a day.
func (p *pressed) makes(day string) []profile.Date {
	p.Helper()
	var err error
	p.today, err = profile.ParseDate(day)
	require.NoError(p, err)
	made, err := p.reporter().Make(p.Context())
	require.NoError(p, err)
	return made
}

// rows are the rows of a section of a report.
func (p *pressed) rows(day, section, icb string) (rows [][]string) {
	p.Helper()
	date, err := profile.ParseDate(day)
	require.NoError(p, err)
	r, err := p.store.Report(p.Context(), date, profile.ODSCode(icb))
	require.NoError(p, err)
	for _, s := range r.Sections {
		if s.Name != section {
			continue
		}
		for cells, err := range s.Rows {
			require.NoError(p, err)
			require.Len(p, cells, len(s.Columns))
			rows = append(rows, cells)
		}
		require.Len(p, rows, s.Count)
	}
	return rows
}

// whole is the complete report of a board.
func (p *pressed) whole(day, icb string) string {
	p.Helper()
	date, err := profile.ParseDate(day)
	require.NoError(p, err)
	r, err := p.store.Report(p.Context(), date, profile.ODSCode(icb))
	require.NoError(p, err)
	var text strings.Builder
	fmt.Fprintln(&text, r.Header, r.Figures, r.Charts)
	for _, s := range r.Sections {
		fmt.Fprintln(&text, s.Name, s.Title, s.Note, s.Columns, s.Count)
		for cells, err := range s.Rows {
			require.NoError(p, err)
			fmt.Fprintf(&text, "%q\n", cells)
		}
	}
	return text.String()
}

// reported returns how many rows of the audit are in a report, and how many
// there are in all.
func (p *pressed) reported() (in, of int) {
	p.Helper()
	return pgtest.One[int](p.Database, "select count(*) from report_change"), pgtest.One[int](p.Database, "select count(*) from change")
}

func TestAReportCoversWhatTheLastOneDidNot(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.at("2026-11-19 09:00+00") // Thursday
	p.Exec("update profile set phone = '0113 496 0001' where code = 'FA001'")
	require.Len(t, p.makes("2026-11-20"), 1)
	require.Empty(t, p.makes("2026-11-20"), "once")
	p.at("2026-11-20 23:59:59+00")
	p.Exec("update profile set phone = '0113 496 0002' where code = 'FA001'")
	p.at("2026-11-21 12:00+00") // Saturday
	p.Exec("insert into opening_period (code, day, opens, closes) values ('FA001', 'mon', '09:00', '17:30')")
	p.at("2026-11-23 00:00:00+00") // Monday's first instant
	p.Exec("update profile set phone = '0113 496 0003' where code = 'FA001'")
	require.Empty(t, p.makes("2026-11-22"), "a Sunday")
	require.Equal(t, []profile.Date{profile.NewDate(2026, time.November, 23)}, p.makes("2026-11-23"))
	rows := p.rows("2026-11-23", report.SectionChanges, "")
	require.Len(t, rows, 2)
	require.Equal(t, []string{"cmsopentimemonday", "Opening hours: Monday", "add", "", "09:00-17:30", "2026-11-21T12:00:00Z"}, rows[0][10:16])
	require.Equal(t, []string{"cmstelephoneno", "Telephone", "modify", "0113 496 0001", "0113 496 0002"}, rows[1][10:15])
	require.Equal(t, "2026-11-20T23:59:59Z", rows[1][15])
	require.Len(t, p.makes("2026-11-25"), 2, "a missed day is caught up")
	require.Len(t, p.rows("2026-11-24", report.SectionChanges, ""), 1)
	require.Empty(t, p.rows("2026-11-25", report.SectionChanges, ""))
}

func TestAReportStaysAsItWasFrozen(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.Exec("insert into push (code, sink, route, state) values ('FA001', 'dos', 'change-event', 'wanted')")
	p.at("2026-11-19 09:00+00")
	p.Exec("update profile set phone = '0113 496 0001' where code = 'FA001'")
	p.makes("2026-11-20")
	before := p.rows("2026-11-20", report.SectionChanges, "")
	require.Equal(t, "PENDING", before[0][22])
	whole := p.whole("2026-11-20", "QAA")
	p.Exec("update push set state = 'accepted', accepted_at = '2026-11-20 10:00+00' where code = 'FA001'")
	p.Exec("update profile set name = 'Another' where code = 'FA001'")
	p.Exec("insert into region_name (code, name) values ('QAA', 'A name that was learnt later')")
	require.Equal(t, before, p.rows("2026-11-20", report.SectionChanges, ""))
	require.Equal(t, whole, p.whole("2026-11-20", "QAA"), "the same to the letter")
	p.makes("2026-11-23")
	updates := p.rows("2026-11-23", report.SectionUpdates, "")
	require.NotEmpty(t, updates)
	require.Equal(t, []string{"dos", "ACCEPTED", "2026-11-20T10:00:00Z"}, updates[0][4:7])
	p.makes("2026-11-24")
	require.Empty(t, p.rows("2026-11-24", report.SectionUpdates, ""), "reported once")
	verified, err := p.store.VerifyReport(t.Context(), profile.NewDate(2026, time.November, 20))
	require.NoError(t, err)
	require.True(t, verified.Rows)
	require.Zero(t, verified.Differ)
	p.Exec(`update report_row set cells[15] = 'forged' where section = 'changes'
		and cells[2] = (select max(change_id)::text from report_change where report_id = 1)`)
	verified, err = p.store.VerifyReport(t.Context(), profile.NewDate(2026, time.November, 20))
	require.NoError(t, err)
	require.False(t, verified.Rows)
	require.Equal(t, 1, verified.Differ)
	p.Exec(`insert into report_row (report_id, section, icb, position, cells)
		select report_id, section, icb, 1000, array_replace(cells, cells[2], '123456') from report_row
		where section = 'changes' and report_id = 1 limit 1`)
	verified, err = p.store.VerifyReport(t.Context(), profile.NewDate(2026, time.November, 20))
	require.NoError(t, err)
	require.Equal(t, 2, verified.Differ, "a row of no audit row differs too")
}

// A report is verified as soon as it is made, before Postgres has counted its rows: as
// a nested loop, which the planner chooses for few rows, a month of changes took minutes.
func TestVerifyingIsNoNestedLoopOfAllRows(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.makes("2026-11-20")
	query, err := os.ReadFile("verify.sql")
	require.NoError(t, err)
	plan := pgtest.All[string](p.Database, "explain "+strings.ReplaceAll(string(query), "$1", "1"))
	require.Regexp(t, `^(Hash|Merge) Full Join`, plan[0])
}

func TestWhyPushesWereRefusedAndWhatWasRepairedIsCounted(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.Exec(`insert into push (code, sink, route, state, reason) values ('FA001', 'dos', 'change-event', 'refused', 'no such phone'),
		('FA002', 'dos', 'change-event', 'refused', 'no such phone'), ('A00001', 'website', 'profile', 'refused', 'too long')`)
	p.Exec(`insert into drift_check (sink, actor, whole, state, repaired, started_at) values
		('dos', 'x', true, 'done', 0, '2026-11-19 08:00+00'), ('dos', 'x', true, 'done', 1, '2026-11-19 09:00+00'), ('website', 'x', true,
			'done', 0, '2026-11-19 09:00+00')`)
	p.Exec(`insert into drift (check_id, code, entry, field, want, shown, given_up) values (1, 'FA001', '', 'phone', 'a', 'b', false),
		(2, 'FA001', '', 'phone', 'a', 'b', false), (2, 'FA002', 'service 7 (type 148)', 'phone', 'a', 'b', true),
		(3, 'FA001', '', 'phone', 'a', 'c', false)`)
	p.makes("2026-11-20")
	r, err := p.store.Report(t.Context(), profile.NewDate(2026, time.November, 20), "")
	require.NoError(t, err)
	at := slices.IndexFunc(r.Charts, func(c report.Chart) bool { return c.Name == "by-reason" })
	require.Equal(t, []report.Bar{{Label: "no such phone", Count: 2}, {Label: "too long", Count: 1}}, r.Charts[at].Bars)
	for _, f := range r.Figures {
		switch f.Name {
		case report.FigureRepaired:
			require.Equal(t, 1, f.Count)
		case report.SectionDrift, report.SectionPushFailures:
			require.Equal(t, 3, f.Count)
		}
	}
	require.Equal(t, []string{"dos phone repaired", "website phone not repaired", "dos phone of service 7 (type 148) given up"},
		pgtest.All[string](p.Database, `select cells[1] || ' ' || cells[4] || ' ' || cells[7] from report_row
			where section = 'drift' order by position`), "one row a field, however many checks found it")
	verified, err := p.store.VerifyReport(t.Context(), profile.NewDate(2026, time.November, 20))
	require.NoError(t, err)
	require.True(t, verified.Rows)
	p.Exec("update report_figure set count = count + 1 where name = 'repaired'")
	verified, err = p.store.VerifyReport(t.Context(), profile.NewDate(2026, time.November, 20))
	require.NoError(t, err)
	require.False(t, verified.Rows, "figures are sealed too")
}

func TestPushesThatWaitAndWhatOthersOverwroteAreReported(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.Exec(`insert into push (code, sink, route, state, reason, wanted_at) values
		('FA001', 'dos', 'change-event', 'waits', 'website differs', '2026-11-18 09:00+00'),
		('FA002', 'dos', 'change-event', 'accepted', '', '2026-11-18 09:00+00')`)
	p.Exec(`insert into push_overwrite (code, sink, sequence, entry, field, before, after, at) values
		('FA002', 'dos', 7, 'service 2 (type 148)', 'website', 'a', 'b', '2026-11-19 10:00+00'),
		('FA002', 'dos', 7, '', 'phone', 'not visible', '', '2026-11-19 10:00+00'),
		('FA002', 'dos', 8, '', 'phone', 'x', 'y', '2027-01-01 10:00+00')`)
	p.makes("2026-11-20")
	rows := func(section string) []string {
		return pgtest.All[string](p.Database,
			"select array_to_string(cells, '|') from report_row where section = $1 order by position", section)
	}
	name := func(code string) string {
		return pgtest.One[string](p.Database, "select name from profile where code = $1", code)
	}
	require.Equal(t, []string{"dos|FA001|" + name("FA001") + "|pharmacy|website differs|2026-11-18T09:00:00Z"}, rows("push-waits"))
	require.Equal(t, []string{
		"dos|FA002|" + name("FA002") + "|phone|not visible||2026-11-19T10:00:00Z",
		"dos|FA002|" + name("FA002") + "|website of service 2 (type 148)|a|b|2026-11-19T10:00:00Z",
	}, rows("overwritten"), "those of this report's days")
}

func TestATransactionThatIsOpenIsInTheNextReport(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.at("2026-11-19 09:00+00")
	other := pgtest.Connect(t, p.URL)
	tx, err := other.Begin(t.Context())
	require.NoError(t, err)
	for _, statement := range []string{
		"set local profilesync.now = '2026-11-19 08:00+00'", "update profile set phone = '0113 496 0009' where code = 'FA002'",
	} {
		_, err = tx.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	p.Exec("update profile set phone = '0113 496 0001' where code = 'FA001'")
	p.makes("2026-11-20")
	require.NotContains(t, fmt.Sprint(p.rows("2026-11-20", report.SectionChanges, "")), "0113 496 0009")
	require.NoError(t, tx.Commit(t.Context()))
	p.makes("2026-11-23")
	require.Contains(t, fmt.Sprint(p.rows("2026-11-23", report.SectionChanges, "")), "0113 496 0009")
}

func TestNoiseIsCountedAndRegionsGetTheirOwn(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.at("2026-11-19 09:00+00")
	p.Exec("update profile set name = 'FIRST' where code = 'FA001'")
	p.Exec("update profile set phone = '0113 496 0001' where code in ('FA001', 'A00001')")
	p.Exec("insert into region_name (code, name) values ('QAA', 'NHS Example ICB'), ('QZZ', 'A board that was')")
	p.makes("2026-11-20")
	p.Exec("update region_name set name = 'Another name'")
	r, err := p.store.Report(t.Context(), profile.NewDate(2026, time.November, 20), "QAA")
	require.NoError(t, err)
	require.Equal(t, "NHS Example ICB", r.Name)
	require.Equal(t, map[profile.ODSCode]string{"QAA": "NHS Example ICB", "QBB": "QBB", "QZZ": "A board that was"}, r.Sections[0].Names)
	figures := map[string]int{}
	for _, f := range r.Figures {
		figures[f.Name] = f.Count
	}
	require.Equal(t, 1, figures[report.FigureNoise])
	for _, s := range r.Sections {
		require.Len(t, p.rows("2026-11-20", s.Name, "QAA"), figures[s.Name], "the head counts the rows of %s", s.Name)
	}
	ours, others := p.rows("2026-11-20", report.SectionChanges, "QAA"), p.rows("2026-11-20", report.SectionChanges, "QBB")
	for _, row := range ours {
		require.Equal(t, []string{"QAA", "NHS Example ICB"}, row[2:4])
	}
	require.Len(t, p.rows("2026-11-20", report.SectionChanges, ""), len(ours)+len(others))
	require.NotEmpty(t, others)
}

// Must hold 2: a year of churn, one report a working day, every audit row in
// exactly one.
func TestAYearOfReports(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.makes("2026-03-31")
	changes, reports := 0, 0
	for day := profile.NewDate(2026, time.April, 1); day.Before(profile.NewDate(2027, time.April, 1)); day = day.AddDays(1) {
		for n := range 1 + int(day.Time().Unix()/86400)%4 {
			p.at(fmt.Sprintf("%sT%02d:30:00 Europe/London", day, 6*n+3))
			p.Exec("update profile set phone = '0113 496 ' || to_char($1::int, 'FM0000') where code = 'FA001'", changes%10000)
			changes++
		}
		reports += len(p.makes(day.String()))
	}
	p.Exec("reset profilesync.now")
	reports += len(p.makes("2027-04-01"))
	require.Equal(t, 252, reports, "working days from 1 April to 1 April")
	listed := pgtest.One[int](p.Database, "select count(*) from report_row where section = 'changes' and cells[11] = 'cmstelephoneno'")
	require.Equal(t, changes, listed)
	in, of := p.reported()
	require.Equal(t, of, in)
	require.Equal(t, of, pgtest.One[int](p.Database, "select sum(rows)::int from report"))
	require.Zero(t, pgtest.One[int](p.Database, "select count(*) from report a join report b on a.id < b.id where a.until_at > b.from_at"))
}

// brought counts the deliveries of a channel, and fails once.
type brought struct {
	lists []string
	fail  int
}

func (*brought) Name() string { return "test" }

func (b *brought) Deliver(_ context.Context, day profile.Date, list profile.ODSCode) error {
	b.lists = append(b.lists, day.String()+" "+string(list))
	if b.fail--; b.fail == 0 {
		return errors.New("the folder is full")
	}
	return nil
}

func TestEachListGetsAReportOnce(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.makes("2026-11-20")
	channel := &brought{fail: 2}
	reporter := p.reporter()
	reporter.Lists, reporter.Channels = []profile.ODSCode{"QAA", "QBB"}, []peoplejobs.ReportChannel{channel}
	require.Error(t, reporter.Run(t.Context()))
	require.NoError(t, reporter.Run(t.Context()))
	require.NoError(t, reporter.Run(t.Context()))
	require.Equal(t, []string{"2026-11-20 ", "2026-11-20 QAA", "2026-11-20 QBB", "2026-11-20 QAA"}, channel.lists)
}

// Must hold 6: whatever a killed process leaves behind, afterwards there is
// exactly one report per window.
func TestAKilledReportLeavesNothing(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.at("2026-11-19 09:00+00")
	p.Exec("update profile set phone = '0113 496 0001' where code = 'FA001'")
	for _, table := range []string{"report_row", "report_figure", "report_change"} {
		tx, err := p.SQL.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "lock table "+table+" in share mode")
		require.NoError(t, err)
		p.today = profile.NewDate(2026, time.November, 20)
		failed := make(chan error)
		go func() {
			_, err := p.reporter().Make(context.WithoutCancel(t.Context()))
			failed <- err
		}()
		other := pgtest.Connect(t, p.URL)
		for killed := 0; killed == 0; {
			require.NoError(t, other.QueryRow(t.Context(), `select count(*) from (select pg_terminate_backend(pid) from pg_stat_activity
				where wait_event_type = 'Lock' and datname = current_database()) k`).Scan(&killed))
		}
		require.Error(t, <-failed, table)
		require.NoError(t, tx.Rollback(t.Context()))
		require.Zero(t, pgtest.One[int](p.Database,
			"select (select count(*) from report) + (select count(*) from report_row) + (select count(*) from report_change)"))
	}
	require.Len(t, p.makes("2026-11-20"), 1)
	require.Empty(t, p.makes("2026-11-20"))
	in, of := p.reported()
	require.Equal(t, of, in)
}

func TestAFindingIsNamedOnce(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.at("2026-11-20 03:30+00")
	p.Exec(`insert into quality_finding (code, kind, service, about, detail, owner, first_check, last_check) values
		('FA002', 'open-all-hours', 'service 1 (type 13)', '', 'marked', 'dos-lead', 1, 1),
		('FA001', 'no-dos-place', '', 'SRV0560', 'no place', 'dos-lead', 1, 1)`)
	p.makes("2026-11-20")
	require.Equal(t, [][]string{
		{"no-dos-place", "FA001", "First", "", "SRV0560", "no place", "dos-lead", "2026-11-20T03:30:00Z"},
		{"open-all-hours", "FA002", "Second", "service 1 (type 13)", "", "marked", "dos-lead", "2026-11-20T03:30:00Z"},
	}, p.rows("2026-11-20", report.SectionQuality, "QAA"))
	p.Exec("update quality_finding set detail = 'other words', last_check = 2")
	p.makes("2026-11-23")
	require.Empty(t, p.rows("2026-11-23", report.SectionQuality, ""), "named already")
	require.Contains(t, p.whole("2026-11-23", "QAA"), "{lasting Quality findings that last 2 }", "and counted while it lasts")
	p.Exec("update quality_finding set gone_at = clock() where code = 'FA001'")
	p.Exec("update quality_finding set report_id = null where code = 'FA002'") // it has come back
	p.makes("2026-11-24")
	require.Len(t, p.rows("2026-11-24", report.SectionQuality, ""), 1)
	require.Contains(t, p.whole("2026-11-24", ""), "{lasting Quality findings that last 1 }")
}
