package reportstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/report"
)

// A change whose push was pending is reported again once a later acceptance holds
// it. One of before the change says nothing of it.
func TestAPendingChangeWaitsForALaterAcceptance(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.Exec("insert into push (code, sink, route, state) values ('FA001', 'dos', 'change-event', 'wanted')")
	p.at("2026-11-19 09:00+00")
	p.Exec("update profile set phone = '0113 496 0001' where code = 'FA001'")
	p.makes("2026-11-20")
	require.Equal(t, 1, pgtest.One[int](p.Database, "select count(*) from report_pending where field = 'phone'"))

	p.Exec("update push set state = 'accepted', accepted_at = '2026-03-20 08:59+00'")
	p.makes("2026-11-23")
	require.Empty(t, p.rows("2026-11-23", report.SectionUpdates, ""))
	require.Equal(t, 1, pgtest.One[int](p.Database, "select count(*) from report_pending where field = 'phone'"))

	p.Exec("update push set accepted_at = '2026-11-19 09:00+00'")
	p.makes("2026-11-24")
	require.Len(t, p.rows("2026-11-24", report.SectionUpdates, ""), 2, "its creation too")
	require.Zero(t, pgtest.One[int](p.Database, "select count(*) from report_pending where field = 'phone'"))
}

func TestWhatNoLongerWaitsIsNotReported(t *testing.T) {
	t.Parallel()
	p := newPressed(t)
	p.Exec(`insert into run (kind, source, report, as_of, actor, state, started_at, ended_at)
		select 'listing', 'ods', 'etr', '2026-11-18', 'schedule', 'withheld', now(), now() from generate_series(1, 2)`)
	p.Exec(`insert into plan_row (run_id, code, field, fact, type, verb, old, new, reason, withheld, waits, decision, decided_in, digest)
		values (1, 'FA001', 'name', 'name', 'pharmacy', 'update', 'a', 'b', 'upstream', 'mass-change', false, 'replaced', 2, ''),
			(2, 'FA001', 'name', 'name', 'pharmacy', 'update', 'a', 'c', 'upstream', 'mass-change', true, '', null, '')`)
	p.makes("2026-11-20")
	rows := p.rows("2026-11-20", report.SectionWithheld, "")
	require.Len(t, rows, 1)
	require.Equal(t, "2", rows[0][0], "the run that withholds it now")
}
