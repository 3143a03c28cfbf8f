package casestore_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/cases"
)

// withheld plants a run of trusts with rows that wait.
func (w *world) withheld(reason string, codes ...string) {
	w.Exec("insert into profile (code, name, type) select unnest($1::text[]), 'Trust', 'trust' on conflict do nothing", codes)
	w.Exec(`with r as (
		insert into run (kind, source, report, as_of, actor, state, ended_at)
		values ('listing', 'ods', 'etr', '2026-11-02', 'schedule', 'withheld', now()) returning id
	)
	insert into plan_row (run_id, code, type, verb, field, fact, old, new, reason, withheld, waits, digest)
	select r.id, unnest($1::text[]), 'trust', 'update', 'icb', 'icb', 'QAA', 'QBB', '', $2, true, '' from r`, codes, reason)
}

func TestACaseOpensOnceAndEndsWithItsReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.True(t, w.looks().Empty())
	w.withheld("mass-change", "RA1", "RA2")
	require.Len(t, w.looks().Open, 1)
	const standing = "mass-change-withheld | ods etr | trust icb | open"
	require.Equal(t, []string{standing}, w.stand())
	w.withheld("mass-change", "RA3")
	require.Len(t, w.looks().Update, 1)
	w.Exec("update cases set state = state") // which audits nothing
	w.Exec("update plan_row set waits = false")
	require.Len(t, w.looks().End, 1)
	require.Empty(t, w.stand())
	w.withheld("mass-change", "RA4")
	require.Len(t, w.looks().Open, 1)
	require.Equal(t, []string{standing}, w.stand())
	require.Equal(t, []string{
		"mass-change-withheld opened", "mass-change-withheld changed", "mass-change-withheld gone", "mass-change-withheld opened",
	}, w.steps())
}

// Two looks at a time: the second does nothing.
func TestOneLookAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tx, err := w.DB.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }() // has ended, if all is well
	_, err = tx.Exec(t.Context(), "select pg_advisory_xact_lock(hashtextextended('profilesync cases', 0))")
	require.NoError(t, err)
	_, err = w.store.Look(t.Context(), w.at, nil)
	require.ErrorIs(t, err, casestore.ErrBusy)
	require.NoError(t, tx.Rollback(t.Context()))
	require.True(t, w.looks().Empty())
}

// Who decides on a case that ended and opened again meanwhile has not seen it.
func TestADecisionCountsForTheOpeningThatWasSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withheld("mass-change", "RA1")
	w.looks()
	seen, err := w.store.List(t.Context(), casestore.Filter{}, w.at)
	require.NoError(t, err)
	require.Len(t, seen, 1)
	w.Exec("update cases set state = 'gone', gone_at = clock()")
	w.looks()
	aside := casestore.Decision{State: cases.SetAside, Until: w.at.Today(), Reason: "later", Actor: "rita"}
	require.ErrorIs(t, w.store.Decide(t.Context(), seen[0], aside), casestore.ErrMoved)
	now, err := w.store.List(t.Context(), casestore.Filter{}, w.at)
	require.NoError(t, err)
	require.NoError(t, w.store.Decide(t.Context(), now[0], aside))
}

// What is gone for a moment, such as a refused push that is tried again, keeps its
// deadline: trying again does not put off the next owner.
func TestACaseThatIsBackSoonKeepsItsDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec(ordinary + refusedPush)
	w.looks()
	w.Exec("update cases set deadline = '2026-01-05'")
	for _, gone := range []struct{ ago, want string }{{"23 hours", "2026-01-05"}, {"25 hours", ""}} {
		w.Exec("update push set state = 'wanted'")
		require.Len(t, w.looks().End, 1)
		w.Exec("update cases set gone_at = now() - $1::interval", gone.ago)
		w.Exec("update push set state = 'refused'")
		opens := w.looks().Open
		require.Len(t, opens, 1)
		if gone.want == "" {
			gone.want = opens[0].Deadline.String()
		}
		require.Equal(t, gone.want, pgtest.One[string](w.Database, "select deadline::text from cases"), gone.ago)
	}
}

// A new profile waits for an account manager however long that takes.
func TestAProfileWithoutAnAccountManagerIsNotForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec(ordinary)
	w.Exec(loaded + "insert into profile (code, name, type, icb) values ('FA002', 'New Pharmacy', 'pharmacy', 'QAA')")
	w.looks()
	standing := []string{"no-account-manager | FA002 | open"}
	require.Equal(t, standing, w.stand())
	w.Exec("update run set created_at = created_at - interval '100 days', started_at = started_at - interval '100 days'")
	require.True(t, w.looks().Empty())
	require.Equal(t, standing, w.stand())
	w.Exec("insert into membership (account_id, code, role) values (1, 'FA002', 'account-manager')")
	require.Len(t, w.looks().End, 1)
}

// A look that fails is no progress, which an alert shows.
func TestALookThatFailsIsNoProgress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	progress := func() int {
		return pgtest.One[int](w.Database,
			"select count(*) from forward_progress where activity = 'cases' and at > clock_timestamp() - interval '1 minute'")
	}
	require.Zero(t, progress())
	w.looks()
	require.Equal(t, 1, progress())
	w.Exec("update forward_progress set at = at - interval '1 hour'")
	w.Exec(ordinary + recorded(endsInMay, "flag", "'left-type'") + `update upstream_record set facts = '{"closed": "no day"}'`)
	_, err := w.store.Look(t.Context(), w.at, nil)
	require.Error(t, err)
	require.Zero(t, progress())
}
