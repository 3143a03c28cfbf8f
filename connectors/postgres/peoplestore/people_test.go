package peoplestore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// crowd is a world with people.
type crowd struct {
	*world
	today profile.Date
}

// idleLimits are the default settings (reconcile/RULES.md "Inactivity").
var idleLimits = people.IdleLimits{Member: 190, Lead: 90, Administrator: 90, Invitation: 28}

// newCrowd has two pharmacies of one board and a surgery.
func newCrowd(t *testing.T) *crowd {
	t.Helper()
	return newCrowdAt(t, "")
}

// newCrowdAt sets the time at which the profiles are written.
func newCrowdAt(t *testing.T, instant string) *crowd {
	t.Helper()
	c := &crowd{newWorld(t), profile.NewDate(2026, time.November, 2)}
	c.Exec("set profilesync.now = '" + instant + "'")
	c.Exec(`insert into profile (code, name, type, icb) values ('FA001', 'First', 'pharmacy', 'QAA'), ('FA002', 'Second', 'pharmacy', 'QAA'),
		('A00001', 'Surgery', 'gp-practice', 'QBB')`)
	return c
}

// person makes an account, last active at a given time, with roles at
// organisations.
func (c *crowd) person(name, lastActive string, roles ...string) people.AccountID {
	c.Helper()
	id := pgtest.One[int64](c.Database, `insert into account (email, name, state, created_at, last_active_at)
		values ($1 || '@example.nhs.uk', $1, 'active', $2::timestamptz, $2::timestamptz) returning id`, name, lastActive)
	for i := 0; i < len(roles); i += 2 {
		c.Exec("insert into membership (account_id, code, role) values ($1, $2, $3)", id, roles[i], roles[i+1])
	}
	return people.AccountID(id)
}

func (c *crowd) inactivity() *peoplejobs.Inactivity {
	return &peoplejobs.Inactivity{
		People: c.store, Limits: idleLimits, Guard: people.DefaultIdleGuard(),
		Now: func() time.Time { return c.today.Time().Add(12 * time.Hour) },
	}
}

// warned stores both warnings about a person's last activity, as accepted that
// many days before today.
func (c *crowd) warned(id people.AccountID, first, last int) {
	c.Helper()
	for kind, days := range map[people.LetterKind]int{people.LetterInactive30: first, people.LetterInactive7: last} {
		c.Exec(`insert into letter (reference, kind, account_id, since, ends, state, accepted_at)
			select 'idle/' || id || '/' || $2::text, $2, id, (last_active_at at time zone 'Europe/London')::date, $3::date, 'accepted', $4::date
			from account where id = $1`, int64(id), string(kind), c.today.String(), c.today.AddDays(-days).String())
	}
}

func (c *crowd) state(id people.AccountID) string {
	c.Helper()
	return pgtest.One[string](c.Database, "select state from account where id = $1", int64(id))
}

func TestPeopleAreLoadedWithWhatRulesNeed(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	ann := c.person("ann", "2026-10-01 09:00+01", "FA001", "account-manager", "A00001", "editor")
	c.Exec("insert into section_check (code, section, account_id, at) values ('FA001', 'contact', $1, '2026-10-05 10:00+01')", int64(ann))
	c.Exec("insert into dated_opening_period (code, date) values ('FA001', '2026-12-25'), ('FA001', '2025-12-25')")
	c.person("bob", "2026-10-01 09:00+01")
	var all []people.Person
	for people, err := range c.store.People(t.Context(), people.Filter{}, c.today) {
		require.NoError(t, err)
		all = append(all, people...)
	}
	require.Len(t, all, 2)
	require.Equal(t, "ann@example.nhs.uk", all[0].Address.Reveal())
	require.Equal(t, "2026-10-05T09:00:00Z", all[0].LastActive.UTC().Format(time.RFC3339), "a check is activity")
	require.Len(t, all[0].Orgs, 2)
	pharmacy := all[0].Orgs[1]
	require.Equal(t, people.RoleManager, pharmacy.Role)
	require.Equal(t, []profile.Date{profile.NewDate(2026, time.December, 25)}, pharmacy.Stated)
	require.Contains(t, pharmacy.Checked, people.SectionContact)
	c.Exec("update profile set status = 'closed' where code = 'FA001'")
	for people, err := range c.store.People(t.Context(), people.Filter{Codes: []profile.ODSCode{"A00001"}}, c.today) {
		require.NoError(t, err)
		require.Len(t, people, 1)
		require.Len(t, people[0].Orgs, 1, "closed organisations need no checks")
	}
}

func TestAnEditOfAPersonChecksItsSection(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	ann := c.person("ann", "2026-01-01", "FA001", "editor")
	c.Exec("update profile set phone = '0113 496 0001' where code = 'FA001'")
	require.Zero(t, pgtest.One[int](c.Database, "select count(*) from section_checked"), "our own writes are no check")
	c.Exec("set profilesync.actor = 'u-" + ann.String()[2:] + "'")
	c.Exec("update profile set phone = '0113 496 0002', website = 'https://a.example' where code = 'FA001'")
	c.Exec("insert into dated_opening_period (code, date) values ('FA001', '2026-12-25')")
	c.Exec("update profile set name = 'Ours' where code = 'FA001'")
	require.Equal(t, "bank-holiday-times,contact",
		pgtest.One[string](c.Database, "select string_agg(section, ',' order by section) from section_checked"))
	require.True(t, pgtest.One[bool](c.Database,
		"select last_active_at > now() - interval '1 minute' from account where id = $1", int64(ann)))
	require.Equal(t, 2, pgtest.One[int](c.Database, "select count(*) from section_check where edited and account_id = $1", int64(ann)))
}

func TestTheNewestCheckOfEachSectionSaysWhose(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	ann, bob := c.person("ann", "2026-01-01", "FA001", "editor"), c.person("bob", "2026-01-01", "FA001", "editor")
	for _, check := range []struct {
		code, section, at string
		by                people.AccountID
	}{
		{"FA001", "contact", "2026-10-01T09:00:00Z", ann},
		{"FA001", "contact", "2026-10-05T09:00:00Z", bob},
		{"FA001", "services", "2026-10-05T09:00:00Z", ann},
		{"FA001", "services", "2026-10-05T09:00:00Z", bob}, // at the same instant
		{"FA001", "contact", "2026-10-02T09:00:00Z", ann},  // which arrives late
		{"A00001", "contact", "2026-10-05T09:00:00Z", ann},
	} {
		c.Exec("insert into section_check (code, section, account_id, at) values ($1, $2, $3, $4)",
			check.code, check.section, int64(check.by), check.at)
	}
	confirmed, err := c.store.Confirmed(t.Context(), "FA001")
	require.NoError(t, err)
	said := make(map[people.Section]string)
	for _, one := range confirmed {
		said[one.Section] = one.Account.String() + " " + one.At.UTC().Format(time.RFC3339)
		require.False(t, one.Edited)
	}
	require.Equal(t, map[people.Section]string{
		people.SectionContact: bob.String() + " 2026-10-05T09:00:00Z", people.SectionServices: bob.String() + " 2026-10-05T09:00:00Z",
	}, said)
}

func TestOnlyIdsLeaveTheAccountTable(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	ann := c.person("canary", "2026-01-01", "FA001", "editor")
	c.Exec("update account set email = 'canary2@example.nhs.uk', name = 'Canary Two', kind = 'lead' where id = $1", int64(ann))
	require.Equal(t, "account, membership, kind, email, name",
		pgtest.One[string](c.Database, "select string_agg(what, ', ' order by id) from account_change"))
	require.Zero(t, pgtest.One[int](c.Database, "select count(*) from account_change h where h::text ilike '%canary%'"))
}

func TestTheTablesRefuseNonsense(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	ann := c.person("ann", "2026-01-01", "FA001", "account-manager")
	bob := c.person("bob", "2026-01-01")
	c.Exec("update account set state = 'deactivated' where id = $1", int64(bob))
	for name, statement := range map[string]string{
		"no address":            "insert into account (email, name) values ('nobody', 'x')",
		"the same address":      "insert into account (email, name) values ('ANN@example.nhs.uk', 'x')",
		"two account managers":  "insert into membership (account_id, code, role) values (1, 'FA001', 'account-manager')",
		"membership of an ex":   "insert into membership (account_id, code, role) select id, 'FA002', 'editor' from account where name = 'bob'",
		"a leave without end":   "update account set leave_from = '2026-01-01', leave_until = '2028-01-01' where name = 'ann'",
		"deleting an account":   "delete from account where name = 'ann'",
		"rewriting the audit":   "update account_change set reason = 'x'",
		"deleting a membership": "delete from membership",
		"an unknown section":    "insert into section_check (code, section, account_id) values ('FA001', 'colour', 1)",
	} {
		_, err := c.SQL.Exec(t.Context(), statement)
		require.Error(t, err, name)
	}
	require.Equal(t, "active", c.state(ann))
}

func TestAnAccountEndsOnlyWarnedAndIdle(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	idle := c.person("idle", "2026-04-01", "FA001", "editor")
	warnedLate := c.person("late", "2026-04-01")
	manager := c.person("manager", "2026-04-01", "FA002", "account-manager", "FA001", "editor")
	first := c.person("boss", "2026-10-30", "FA001", "account-manager")
	c.warned(idle, 30, 7)
	c.warned(warnedLate, 30, 6)
	c.warned(manager, 40, 10)
	plan, err := c.inactivity().Plan(t.Context())
	require.NoError(t, err)
	require.Len(t, plan.End, 1)
	require.Equal(t, idle, plan.End[0].Account)
	require.Len(t, plan.Keep, 1)
	run, err := c.inactivity().Apply(t.Context(), plan, "test")
	require.NoError(t, err)
	require.Equal(t, 1, run.Ended)
	require.Equal(t, []string{"deactivated", "active", "active", "active"},
		[]string{c.state(idle), c.state(warnedLate), c.state(manager), c.state(first)})
	require.Equal(t, "account-ended u-1, account-ended-cc u-4, last-manager-idle QAA", pgtest.One[string](c.Database,
		`select string_agg(kind || ' ' || coalesce('u-' || account_id, list), ', ' order by kind) from letter where kind not like 'inactive%'`))
	require.Equal(t, 1, pgtest.One[int](c.Database,
		"select count(*) from membership where account_id = $1 and ended_at is null", int64(idle)),
		"nothing is taken away")
	changed, err := c.store.Reactivate(t.Context(), idle, "desk", "she called")
	require.NoError(t, err)
	require.True(t, changed)
	require.True(t, pgtest.One[bool](c.Database,
		"select last_active_at > now() - interval '1 minute' from account where id = $1", int64(idle)))
	account, err := c.store.Account(t.Context(), idle)
	require.NoError(t, err)
	require.Equal(t, []string{"state", "deactivated", "active", "desk", "she called"}, []string{
		account.History[0].What, account.History[0].Old, account.History[0].New, account.History[0].Actor, account.History[0].Reason,
	})
}

// Must hold 4: a sign-in between judging and ending wins, committed or not yet.
func TestASignInInBetweenWins(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	committed, open := c.person("committed", "2026-04-01"), c.person("open", "2026-04-01")
	stays := c.person("becomes-manager", "2026-04-01")
	for _, id := range []people.AccountID{committed, open, stays} {
		c.warned(id, 30, 7)
	}
	plan, err := c.inactivity().Plan(t.Context())
	require.NoError(t, err)
	require.Len(t, plan.End, 3)
	c.Exec("insert into sign_in (account_id) values ($1)", int64(committed))
	tx, err := c.SQL.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "insert into sign_in (account_id) values ($1)", int64(open))
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "insert into membership (account_id, code, role) values ($1, 'FA002', 'account-manager')", int64(stays))
	require.NoError(t, err)
	ended := make(chan people.IdleRun)
	go func() {
		run, err := c.inactivity().Apply(t.Context(), plan, "test")
		if err != nil {
			t.Error(err)
		}
		ended <- run
	}()
	other := pgtest.Connect(t, c.URL)
	for waiting := 0; waiting == 0; {
		require.NoError(t, other.QueryRow(t.Context(),
			"select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()").Scan(&waiting))
	}
	require.NoError(t, tx.Commit(t.Context()))
	require.Zero(t, (<-ended).Ended)
	for _, id := range []people.AccountID{committed, open, stays} {
		require.Equal(t, "active", c.state(id))
	}
}

func TestTooManyEndingsWaitForAPerson(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	var last people.AccountID
	for i := range 12 {
		last = c.person("idle"+string(rune('a'+i)), "2026-04-01")
		c.warned(last, 30, 7)
	}
	require.NoError(t, c.inactivity().Run(t.Context(), "test"))
	require.NoError(t, c.inactivity().Run(t.Context(), "test"))
	runs, err := c.store.IdleRuns(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, runs, 1, "judged again each day, and only one waits")
	require.Equal(t, "withheld", runs[0].State)
	require.Equal(t, "active", c.state(last))
	c.Exec("insert into sign_in (account_id) values ($1)", int64(last))
	run, err := c.store.ApproveEndings(t.Context(), runs[0].ID, "Ann", c.today, func(p people.Person) people.IdleVerdict {
		return idleLimits.Judge(p, c.today)
	})
	require.NoError(t, err)
	require.Equal(t, 11, run.Ended, "all but the one who signed in")
	require.Equal(t, "active", c.state(last))
	_, err = c.store.ApproveEndings(t.Context(), runs[0].ID, "Ann", c.today, nil)
	require.ErrorIs(t, err, postgres.ErrNotFound)
}

func TestMembershipsOfClosedOrganisationsEndAtTheSecondLook(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	ann := c.person("ann", "2026-10-30", "FA001", "editor", "FA002", "editor")
	c.Exec("update profile set status = 'closed' where code = 'FA001'")
	for i, want := range []int{0, 0, 1} {
		ended, err := c.store.EndClosed(t.Context(), "test", c.today.AddDays(i/2))
		require.NoError(t, err)
		require.Equal(t, want, ended, i)
	}
	require.Equal(t, "FA002", pgtest.One[string](c.Database, "select string_agg(code, '') from membership where ended_at is null"))
	require.Equal(t, "active", c.state(ann))
}

func TestTheCalendarForgetsNothing(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	day := func(y int, m time.Month, d int) people.Holiday {
		return people.Holiday{Date: profile.NewDate(y, m, d), Title: "x"}
	}
	require.NoError(t, c.store.SaveHolidays(t.Context(), []people.Holiday{day(2020, 1, 1), day(2026, 12, 25), day(2026, 12, 28)}, nil))
	require.NoError(t, c.store.SaveHolidays(t.Context(), []people.Holiday{day(2026, 12, 25)}, []people.Holiday{day(2026, 12, 28)}))
	days, vanished, err := c.store.Holidays(t.Context())
	require.NoError(t, err)
	require.Len(t, days, 3)
	require.Equal(t, []people.Holiday{day(2026, 12, 28)}, vanished)
	require.NoError(t, c.store.SaveHolidays(t.Context(), []people.Holiday{day(2026, 12, 28)}, nil))
	_, vanished, err = c.store.Holidays(t.Context())
	require.NoError(t, err)
	require.Empty(t, vanished)
}
