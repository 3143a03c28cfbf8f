package watchstore_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

func TestNothingStandsInAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	now, err := watchstore.New(w.DB).Standing(t.Context())
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), now.At, time.Minute)
	now.At = time.Time{}
	require.Equal(t, watchstore.Standing{Letters: watchstore.LettersNow{State: "sending"}}, now)
	_, err = watchstore.New(pgtest.OpenURL(t, pgtest.Empty(t))).Standing(t.Context())
	require.ErrorIs(t, err, postgres.ErrNotMigrated)
}

// instant is an hour of a day of July 2025.
func instant(day, hour int) time.Time {
	return time.Date(2025, time.July, day, hour, 0, 0, 0, time.UTC).Local()
}

func TestStandingCountsWhatStands(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	for _, sql := range []string{
		"insert into profile (code, name, type) values ('FA001', 'First', 'pharmacy'), ('FA002', 'Second', 'pharmacy')",
		"insert into listing (source, report, as_of, records) values ('ods', 'etr', '2025-06-01', 5)",
		"insert into watermark (source, stream, until) values ('ods', 'changes', '2025-07-01')",
		`insert into run (source, report, kind, as_of, actor, state, ended_at) values ('ods', 'etr', 'listing', '2025-06-01', 'x',
			'withheld', '2025-07-01T09:00Z'),
			('ods', 'etr', 'listing', '2025-06-02', 'x', 'withheld', '2025-07-02T09:00Z')`,
		`insert into plan_row (run_id, code, field, type, verb, old, new, reason, withheld, digest, waits)
			select r.id, c, 'name', 'pharmacy', 'update', 'a', 'b', 'upstream', 'mass-change', '', c <> 'FA003'
			from run r cross join unnest('{FA001,FA002,FA003}'::text[]) c where r.id = 1 or c = 'FA003'`,
		`insert into cases (kind, subject, about, code, board, facts, opened_at, deadline, state, waits_for, until, reason, gone_at)
			values ('k', '1', '', '', '', '{}', '2025-07-01T10:00Z', current_date - 1, 'open', '', null, '', null),
			('k', '2', '', '', '', '{}', '2025-07-01T08:00Z', current_date + 1, 'open', '', null, '', null),
			('k', '3', '', '', '', '{}', '2025-07-01T07:00Z', current_date - 1, 'waiting', 'them', current_date, '', null),
			('k', '4', '', '', '', '{}', '2025-07-01T06:00Z', current_date - 1, 'set-aside', '', current_date, 'x', null),
			('k', '5', '', '', '', '{}', '2025-07-01T05:00Z', current_date - 1, 'gone', '', null, '', now())`,
		`insert into closure (code, said_by, said_at, reason, confirmed_by, confirmed_at) values ('FA001', 'x', '2025-07-01T09:00Z', 'x',
			null, null),
			('FA002', 'x', '2025-07-01T08:00Z', 'x', 'y', now())`,
		`insert into route (sink, route, paused, paused_at) values ('dos', 'fhir', 'down', '2025-07-01T09:00Z'), ('website', 'profile',
			'', null)`,
		`insert into drift_check (sink, actor, whole, ended_at, state, checked, drifted, missing) values ('dos', 'x', true,
			'2025-07-01T02:30Z', 'done', 9, 0, 0),
			('dos', 'x', true, '2025-07-02T02:30Z', 'alarm', 9, 1, 2), ('dos', 'x', false, '2025-07-02T05:30Z', 'done', 1, 0, 0)`,
		`insert into report (day, from_at, until_at, floor, rows, digest, frozen_at)
			values ('2025-07-01', '2025-07-01T00:00Z', '2025-07-02T00:00Z', '1', 17, 'x', '2025-07-02T05:30Z')`,
		"insert into report_delivery (report_id, list, channel) values (1, '', 'directory'), (1, 'QAA', 'mail')",
		"update mail_gate set stopped_at = '2025-07-01T09:00Z', stopped_by = 'x', reason = 'x'",
		`insert into letter (reference, kind, list, state, made_at) select s || n, 'report', 'QAA', s, now() - n * interval '6 days'
			from unnest('{due,claimed,refused,bounced,delivered,cancelled}'::text[]) s, generate_series(1, 2) n`,
		`insert into process (name, seen_at, ended_at) values ('quiet', now() - interval '1 minute', null), ('ended',
			now() - interval '1 minute', now()),
			('command', now() + interval '1 hour', null)`,
	} {
		w.Exec(sql)
	}
	w.Exec(`insert into push (code, sink, state, route, wanted_at) values ('FA001', 'dos', 'waits', 'r', '2025-07-01T09:00Z'),
		('FA002', 'dos', 'waits', 'r', '2025-07-01T10:00Z'), ('FA001', 'website', 'accepted', 'r', '2025-07-01T10:00Z')`)
	now, err := watchstore.New(w.DB).Standing(t.Context())
	require.NoError(t, err)
	require.Equal(t, []watchstore.AcceptedListing{{profile.SourceODS, "etr", profile.NewDate(2025, 6, 1), 5}}, now.Listings)
	require.Equal(t, []watchstore.Watermark{{profile.SourceODS, "changes", profile.NewDate(2025, 7, 1)}}, now.Watermarks)
	require.Equal(t, watchstore.WithheldNow{Rows: 2, Runs: 1, Since: instant(1, 9)}, now.Withheld)
	require.Equal(t, watchstore.CasesNow{Open: 2, Overdue: 1, Waiting: 1, SetAside: 1, Since: instant(1, 8)}, now.Cases)
	require.Equal(t, watchstore.ClosuresNow{Said: 1, Since: instant(1, 9)}, now.Closures)
	require.Equal(t, []watchstore.PushesNow{{push.SinkDoS, push.Waits, 2, instant(1, 9)}}, now.Pushes)
	require.Equal(t, []watchstore.PausedNow{{push.SinkDoS, "fhir", "down", instant(1, 9)}}, now.Paused)
	at := instant(2, 2).Add(30 * time.Minute)
	require.Equal(
		t,
		[]watchstore.DriftNow{{Sink: push.SinkDoS, State: push.DriftAlarm, At: at, Checked: 9, Missing: 2, Profiles: 1}},
		now.Drift,
	)
	require.Equal(
		t,
		watchstore.LettersNow{State: "stopped", Since: instant(1, 9), Waiting: 4, Refused: 2},
		now.Letters,
		"the others are older than a week",
	)
	require.Equal(
		t,
		watchstore.ReportNow{Day: profile.NewDate(2025, 7, 1), At: instant(2, 5).Add(30 * time.Minute), Rows: 17, Delivered: 2},
		now.Report,
	)
	require.Len(t, now.Processes, 2)
	require.False(t, now.Processes[0].Silent)
	require.Equal(t, "quiet", now.Processes[1].Name)
	require.True(t, now.Processes[1].Silent)
	w.Exec("update mail_gate set stopped_at = null, paused_until = now() + interval '1 hour'")
	now, err = watchstore.New(w.DB).Standing(t.Context())
	require.NoError(t, err)
	require.Equal(t, "paused", now.Letters.State)
	require.WithinDuration(t, time.Now().Add(time.Hour), now.Letters.Until, time.Minute)
}

// A daemon is told from a command by the lock that its session holds.
func TestStandingKnowsWhichProcessesAreDaemons(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	announced, err := db.DB.Announce(t.Context(), true, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = announced.Close(context.WithoutCancel(t.Context())) })
	now, err := watchstore.New(db.DB).Standing(t.Context())
	require.NoError(t, err)
	require.Len(t, now.Processes, 1)
	require.True(t, now.Processes[0].Daemon)
	require.Equal(t, db.DB.Process(), now.Processes[0].Name)
}

// Whatever is settled is found by no query, however much of it there is.
func TestStandingReadsNothingThatIsSettled(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	for _, sql := range []string{
		"insert into profile (code, name, type) select 'F' || to_char(n, 'FM0000'), 'A pharmacy', 'pharmacy' from generate_series(1, 5000) n",
		"insert into push (code, sink, state, route) select code, s, 'accepted', " +
			"'r' from profile, unnest('{dos,website}'::text[]) s on conflict do nothing",
		"update push set state = 'accepted'",
		"insert into run (source, report, kind, as_of, actor, state) values ('ods', 'etr', 'listing', '2025-06-01', 'x', 'done')",
		`insert into plan_row (run_id, code, field, type, verb, old, new, reason, withheld, digest, waits)
			select 1, code, 'name', 'pharmacy', 'update', 'a', 'b', 'upstream', 'mass-change', '', false from profile`,
		`insert into letter (reference, kind, list, state) select code, 'report', 'QAA', 'delivered' from profile`,
		"analyze push", "analyze plan_row", "analyze letter",
	} {
		w.Exec(sql)
	}
	text, err := os.ReadFile("standing.sql")
	require.NoError(t, err)
	explained := 0
	for statement := range strings.SplitSeq(string(text), "-- name: ") {
		name, query, _ := strings.Cut(statement, "\n")
		if strings.TrimSpace(query) == "" {
			continue
		}
		query = strings.ReplaceAll(query, "@grace::interval", "interval '10 s'")
		plan := strings.Join(pgtest.All[string](w, "explain "+query), "\n")
		for _, table := range []string{"push", "plan_row", "letter"} {
			require.NotContains(t, plan, "Seq Scan on "+table, name)
		}
		explained++
	}
	require.Equal(t, 13, explained)
}
