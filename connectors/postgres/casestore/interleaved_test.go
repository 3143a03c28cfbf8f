package casestore_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/cases"
)

// toggles are things that open a case, and end it again.
var toggles = []struct{ on, off, stands string }{
	{
		"update route set paused = 'down', paused_at = now() where sink = 'dos'", "update route set paused = '' where sink = 'dos'",
		"sink-paused dos change-event ",
	},
	{
		"update plan_row set waits = true where code = 'RA1'", "update plan_row set waits = false where code = 'RA1'",
		"mass-change-withheld ods etr trust icb",
	},
	{
		"update plan_row set waits = true where code = 'RA2'", "update plan_row set waits = false where code = 'RA2'",
		"removals-withheld ods etr trust icb",
	},
	{
		"update push set state = 'refused' where code = 'RA1'", "update push set state = 'accepted' where code = 'RA1'",
		"push-refused RA1 dos",
	},
	{
		"update quality_finding set gone_at = null", "update quality_finding set gone_at = now()",
		"dos-wrong-z-code RA2 service 1",
	},
	{
		"update upstream_record set contradiction = true", "update upstream_record set contradiction = false",
		"contradiction RA1 etr",
	},
}

// Whatever changes, whatever people decide, and whichever looks are killed: once it is
// quiet, exactly those cases stand that the tables give, and each opening and end is in
// the audit.
func TestCasesAreThoseThatTheTablesGive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withheld("mass-change", "RA1")
	w.withheld("too-many-removals", "RA2")
	w.Exec("insert into route (sink, route) values ('dos', 'change-event') on conflict do nothing")
	w.Exec("insert into push (code, sink, route, state) values ('RA1', 'dos', 'change-event', 'accepted')")
	w.Exec(`insert into quality_finding (code, kind, service, about, detail, owner, first_check, last_check)
		values ('RA2', 'wrong-z-code', 'service 1', '', 'x', 'dos-lead', 1, 1)`)
	w.Exec(`insert into upstream_record (source, report, code, raw_hash, facts, facts_hash, rules_version, settled)
		values ('ods', 'etr', 'RA1', '', '{}', '', 1, true)`)
	var quiet sync.WaitGroup
	for i, toggle := range toggles {
		quiet.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(i)))
			for range 30 {
				sql := toggle.on
				if random.IntN(2) == 0 {
					sql = toggle.off
				}
				if _, err := w.DB.Exec(t.Context(), sql); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 3 {
		quiet.Go(func() {
			random := rand.New(rand.NewPCG(11, uint64(i)))
			for range 25 {
				ctx, kill := context.WithTimeout(t.Context(), time.Duration(random.IntN(60))*time.Millisecond)
				_, _ = w.store.Look(ctx, w.at, nil) // killed, busy, or overtaken by a decision
				kill()
			}
		})
	}
	quiet.Go(func() {
		for i := range 40 {
			for _, l := range w.list() {
				d := casestore.Decision{State: cases.SetAside, Until: w.at.Today(), Reason: "later", Actor: "jo"}
				if i%2 == 1 {
					d = casestore.Decision{State: cases.Open, Actor: "jo"}
				}
				_ = w.store.Decide(t.Context(), l, d) // it may have gone meanwhile
			}
		}
	})
	quiet.Wait()
	want := []string{}
	for i, toggle := range toggles {
		sql := toggle.off
		if i%2 == 0 {
			sql = toggle.on
			want = append(want, toggle.stands)
		}
		w.Exec(sql)
	}
	w.NoTransaction()() // the server goes on for a moment with a look that was killed
	w.looks()
	require.ElementsMatch(t, want, pgtest.All[string](w.Database,
		"select concat_ws(' ', kind, subject, about) from cases where state <> 'gone'"))
	require.Zero(t, pgtest.One[int](w.Database, `select count(*) from cases c where c.openings <>
		(select count(*) from case_step s where s.case_id = c.id and s.step = 'opened')`), "each opening is in the audit")
	require.Zero(t, pgtest.One[int](w.Database, `select count(*) from cases c where (c.state = 'gone') <>
		(select s.step = 'gone' from case_step s where s.case_id = c.id order by s.id desc limit 1)`), "and each end")
}

func (w *world) list() []casestore.Listed {
	w.Helper()
	listed, err := w.store.List(w.Context(), casestore.Filter{}, w.at)
	require.NoError(w, err)
	return listed
}
