package peoplestore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/people"
)

const allOfPeople = `
		select concat_ws(' ', 'letter', reference, kind, state, reason, tries, untouched, provider_id, accepted_at is null) from letter
		union all select concat_ws(' ', 'account', id, state, dead_at is not null) from account
		union all select concat_ws(' ', 'change', account_id, what, old, new, actor, reason) from account_change
		union all select concat_ws(' ', 'member', account_id, code, closed_since, extract(year from ended_at) = 2020) from membership
		union all select concat_ws(' ', 'look', state, actor, ending, accounts, decided_by, extract(year from decided_at) = 2020) from idle_run
		union all select concat_ws(' ', 'ending', account_id, step, since, done) from idle_ending
		union all select concat_ws(' ', 'kept', account_id, step, codes::text) from idle_kept`

// idle is a crowd in which some people are idle and were warned.
func idle(t *testing.T, people int) *crowd {
	t.Helper()
	c := newCrowd(t)
	c.person("manager", "2026-10-30", "FA001", "account-manager")
	for i := range people {
		id := c.person("idle"+string(rune('a'+i)), "2026-04-01", "FA001", "editor")
		c.warned(id, 30, 7)
	}
	only := c.person("only", "2026-04-01", "FA002", "account-manager")
	c.warned(only, 30, 7)
	c.person("quiet", "2026-05-05", "FA002", "editor")
	return c
}

func TestALostAnswerAboutPeople(t *testing.T) {
	t.Parallel()
	looking := func(people int) func(t *testing.T) pgtest.Write {
		t.Helper()
		return func(t *testing.T) pgtest.Write {
			t.Helper()
			c := idle(t, people)
			c.Exec("update profile set status = 'closed' where code = 'A00001'")
			c.person("closed", "2026-10-30", "A00001", "editor")
			c.Exec("update membership set closed_since = '2026-10-30' where code = 'A00001'")
			return pgtest.Write{
				Database: c.Database, Try: func() error { return c.inactivity().Run(t.Context(), "schedule") }, Rows: allOfPeople,
				Between: func() { c.Exec("update membership set ended_at = '2020-01-01' where ended_at is not null") },
			}
		}
	}
	pgtest.RequireOnce(t, map[string]pgtest.LostAnswer{
		"reminders": {Statement: "InsertLetters", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			m := newMailed(t, 5)
			return pgtest.Write{Database: m.Database, Rows: allOfPeople, Try: func() error {
				_, err := m.reminders().MakeDue(t.Context())
				return err
			}}
		}},
		"ending memberships":    {Statement: "EndClosed", Begin: looking(1)},
		"warning":               {Statement: "InsertLetters", Begin: looking(1)},
		"keeping":               {Statement: "KeepIdle", Begin: looking(1)},
		"ending accounts":       {Statement: "EndAccounts", Begin: looking(1)},
		"too many to be ended":  {Statement: "InsertIdleEndings", Begin: looking(12)},
		"approving the endings": {Statement: "ApproveIdleRun", Begin: approving},
		"the calendar": {Statement: "SaveHolidays", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			c := newCrowd(t)
			gone := people.Holiday{Date: c.today.AddDays(9), Title: "gone"}
			require.NoError(t, c.store.SaveHolidays(t.Context(), []people.Holiday{gone}, nil))
			return pgtest.Write{
				Database: c.Database, Try: func() error {
					return c.store.SaveHolidays(t.Context(), []people.Holiday{{Date: c.today, Title: "x"}}, []people.Holiday{gone})
				},
				Rows:    "select concat_ws(' ', date, title, extract(year from vanished_at) = 2020) from holiday",
				Between: func() { c.Exec("update holiday set vanished_at = '2020-01-01' where vanished_at is not null") },
			}
		}},
		"the status of a letter": {Statement: "RecordStatus", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			m := newMailed(t, 1)
			m.makeDue(1)
			m.deliver(1, 0)
			return pgtest.Write{
				Database: m.Database, Rows: allOfPeople, Try: func() error {
					return m.store.RecordStatus(t.Context(), people.Acceptance{ID: m.service.sent[0], State: people.MailDead})
				},
				Between: func() { m.Exec("update account set dead_at = null") }, // the address works again
			}
		}},
	})
}

// A person may give the same instruction twice: it is audited once.
func TestALostAnswerToAPerson(t *testing.T) {
	t.Parallel()
	const mail = `select concat_ws(' ', stopped_at is null, stopped_by, reason) from mail_gate
		union all select concat_ws(' ', 'sent', sent) from mail_canary
		union all select concat_ws(' ', about, field, new, actor, count(*)) from decision_change group by about, field, new, actor`
	accounts := func(does func(c *crowd) error) func(*testing.T) pgtest.Write {
		return func(t *testing.T) pgtest.Write {
			t.Helper()
			c := newCrowd(t)
			c.person("ann", "2026-10-01", "FA001", "editor")
			c.person("bob", "2026-01-01", "FA001", "editor")
			c.Exec("update account set state = 'deactivated' where id = 2")
			return pgtest.Write{Database: c.Database, Rows: allOfPeople, Try: func() error { return does(c) }}
		}
	}
	pgtest.RequireOnce(t, map[string]pgtest.LostAnswer{
		"reactivating": {Statement: "ReactivateAccount", Begin: accounts(func(c *crowd) error {
			_, err := c.store.Reactivate(t.Context(), 2, "jo", "asked")
			return err
		})},
		"a leave": {Statement: "SetLeave", Begin: accounts(func(c *crowd) error {
			_, err := c.store.SetLeave(t.Context(), 1, c.today, c.today.AddDays(9), "jo", "asked")
			return err
		})},
		"stopping mail": {Statement: "StopMail", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := newWorld(t)
			return pgtest.Write{Database: w.Database, Rows: mail, Try: func() error { return w.store.StopMail(t.Context(), "jo", "a mistake") }}
		}},
		"letting it go on": {Statement: "ResumeMail", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			w := newWorld(t)
			require.NoError(t, w.store.StopMail(t.Context(), "jo", "a mistake"))
			w.Exec("insert into mail_canary (kind, version, sent) values ('check', 1, 2)")
			return pgtest.Write{Database: w.Database, Rows: mail, Try: func() error { return w.store.ResumeMail(t.Context(), "jo") }}
		}},
	})
}

func approving(t *testing.T) pgtest.Write {
	t.Helper()
	c := idle(t, 12)
	require.NoError(t, c.inactivity().Run(t.Context(), "schedule"))
	look := pgtest.One[int64](c.Database, "select id from idle_run")
	return pgtest.Write{Database: c.Database, Rows: allOfPeople, Between: func() {
		c.Exec("update account set state = 'active' where state = 'deactivated'") // and one has been reactivated
		c.Exec("update idle_run set decided_at = '2020-01-01'")
	}, Try: func() error {
		_, err := c.store.ApproveEndings(t.Context(), look, "Ann", c.today, func(p people.Person) people.IdleVerdict {
			return idleLimits.Judge(p, c.today)
		})
		return pgtest.SeenOnce(err)
	}}
}

// Whichever answer about a letter is lost, the letter goes out exactly once,
// even if the mail service cannot tell whether it was sent.
func TestALostAnswerAboutLetters(t *testing.T) {
	t.Parallel()
	for _, statement := range []string{"ReleaseUntouched", "ClaimLetters", "BeginLetter", "RecordLetterOutcome"} {
		for _, lookup := range []bool{true, false} {
			t.Run(statement+map[bool]string{true: ", and one can ask"}[lookup], func(t *testing.T) {
				t.Parallel()
				m := newMailed(t, 20)
				m.service.lookup = lookup
				m.makeDue(20)
				lost := m.AlongALine().SwallowCommitAfter(statement, 1)
				_, _, err := m.sender.Deliver(t.Context())
				require.Error(t, err)
				require.Equal(t, 1, lost.Happened())
				require.Eventually(t, func() bool { // the server may hold the lock of the lost session a moment longer
					_, waiting, err := m.sender.Deliver(t.Context())
					return err == nil && waiting == 0
				}, 20*time.Second, 10*time.Millisecond)
				require.Equal(t, "accepted 20", m.states())
				require.Len(t, m.service.sent, 20)
				slices.Sort(m.service.sent)
				require.Len(t, slices.Compact(m.service.sent), 20, "nobody got it twice")
				require.Equal(t, 20, pgtest.One[int](m.Database, "select sum(sent) from mail_canary"), "each counts")
				require.Equal(t, []int{1}, pgtest.All[int](m.Database, "select distinct tries from letter"))
			})
		}
	}
}
