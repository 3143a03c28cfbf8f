package peoplestore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/people"
)

// An account ends only if both warnings about its last activity have gone out, the
// last of them long enough ago, whatever they were when it was judged.
func TestOneWarningEndsNoAccount(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	spoilt := map[string]string{
		"one warning":            "delete from letter where account_id = $1 and kind = 'inactive-7-days'",
		"one of two was not":     "update letter set accepted_at = null, state = 'due' where account_id = $1 and kind = 'inactive-7-days'",
		"two of one kind":        "update letter set kind = 'inactive-30-days' where account_id = $1",
		"of an earlier absence":  "update letter set since = since - 1 where account_id = $1",
		"the last one yesterday": "update letter set accepted_at = '2026-11-01' where account_id = $1 and kind = 'inactive-7-days'",
		"on leave until today":   "update account set leave_from = '2026-10-01', leave_until = '2026-11-02' where id = $1",
	}
	accounts := make(map[string]people.AccountID)
	for name := range spoilt {
		accounts[name] = c.person(pgtest.One[string](c.Database, "select replace($1, ' ', '-')", name), "2026-04-01")
		c.warned(accounts[name], 30, 7)
	}
	whole := c.person("whole", "2026-04-01")
	c.warned(whole, 30, 7)
	plan, err := c.inactivity().Plan(t.Context())
	require.NoError(t, err)
	require.Len(t, plan.End, len(spoilt)+1)
	for name, change := range spoilt {
		c.Exec(change, int64(accounts[name]))
	}
	run, err := c.inactivity().Apply(t.Context(), plan, "test")
	require.NoError(t, err)
	require.Equal(t, 1, run.Ended)
	require.Equal(t, "deactivated", c.state(whole))
	for name, id := range accounts {
		require.Equal(t, "active", c.state(id), name)
	}
}

// Sign-ins arrive in any order: the last of them is the last activity.
func TestAnEarlierSignInTakesNoActivityBack(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	ann := c.person("ann", "2026-10-01 09:00+01")
	active := func() string {
		return pgtest.One[string](c.Database, "select (last_active_at at time zone 'UTC')::text from account where id = $1", int64(ann))
	}
	c.Exec("insert into sign_in (account_id, at) values ($1, '2026-10-20 08:00+00')", int64(ann))
	require.Equal(t, "2026-10-20 08:00:00", active())
	c.Exec("insert into sign_in (account_id, at) values ($1, '2026-10-10 08:00+00')", int64(ann))
	require.Equal(t, "2026-10-20 08:00:00", active())
}
