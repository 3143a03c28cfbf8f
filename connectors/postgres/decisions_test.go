package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// decided is one row of the audit of decisions without its time.
type decided struct{ About, Field, Old, New, Actor, Role, Reason string }

func decisions(w *pgtest.Database) []decided {
	w.Helper()
	rows, err := w.SQL.Query(w.Context(), `select about, field, coalesce(old, '-'), coalesce(new, '-'), actor, database_role, reason
		from decision_change order by id`)
	require.NoError(w, err)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[decided])
	require.NoError(w, err)
	return found
}

// Whatever a person changes of a hold says who, of what role, from what and to what.
func TestAuditOfHolds(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	editor := pgtest.Roles(t).Editor
	app := pgtest.Connect(t, pgtest.As(t, w.URL, editor))
	for _, statement := range []string{
		"select set_config('profilesync.actor', 'u-7', false), set_config('profilesync.reason', 'flooded', false)",
		"insert into hold (code, sink, reason, actor, until) values ('FA0000', 'dos', 'A', 'jo', '2030-01-01')",
		"update hold set until = '2031-01-01'", "update hold set until = until", "update hold set until = null",
		"update hold set removed_at = clock(), removed_by = 'ann'",
	} {
		_, err := app.Exec(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	w.Exec("update hold set followed = true")
	removed := pgtest.One[string](w, "select to_jsonb(h) ->> 'removed_at' from hold h")
	row := func(field, before, after string) decided {
		return decided{"hold 1", field, before, after, "u-7", editor, "flooded"}
	}
	require.Equal(t, []decided{
		row("sink", "-", "dos"), row("reason", "-", "A"), row("until", "-", "2030-01-01"),
		row("until", "2030-01-01", "2031-01-01"), row("until", "2031-01-01", "-"),
		row("removed_by", "-", "ann"), row("removed_at", "-", removed),
	}, decisions(w))
	_, err := w.SQL.Exec(t.Context(), "delete from decision_change")
	require.ErrorContains(t, err, "append-only")
}

// What people decide of mail, boards, pushes and the register of services does not
// vanish with the next decision.
func TestAuditOfOtherDecisions(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec(creation)
	w.Exec("insert into push (code, sink) values ('FA0000', 'dos'); insert into mail_canary (kind, version, sent) values ('overdue', 1, 1)")
	w.Exec("insert into ers_service (id, origin, claimed, added_by) values ('7', 'editor', '{FA0000}', 'jo')")
	w.Exec("set profilesync.actor = 'jo'")
	me := pgtest.One[string](w, "select session_user::text")
	load := func(content string) {
		w.Exec(`insert into reference_report (source, report, name, as_of, records, content, actor)
			values ('ods', 'eccg', 'eccg.csv', '2026-12-01', 1, $1, 'jo')
			on conflict on constraint reference_report_pkey do update set content = excluded.content, kept_at = clock()`, []byte(content))
	}
	for _, c := range []struct {
		do   func()
		want []decided
	}{
		{
			func() { w.Exec("update mail_gate set stopped_at = now(), stopped_by = 'ann', reason = 'wrong text'") },
			[]decided{{"mail_gate", "stopped_by", "", "ann", "jo", me, ""}, {"mail_gate", "reason", "", "wrong text", "jo", me, ""}},
		},
		{
			func() { w.Exec("update mail_gate set stopped_at = null, stopped_by = '', reason = ''") },
			[]decided{{"mail_gate", "stopped_by", "ann", "", "jo", me, ""}, {"mail_gate", "reason", "wrong text", "", "jo", me, ""}},
		},
		{func() { w.Exec("update mail_gate set paused_until = '2030-01-01Z', reason = 'the service asks'") }, nil}, // by the daemon
		{
			func() { w.Exec("update mail_gate set paused_until = null") },
			[]decided{{"mail_gate", "paused_until", "2030-01-01T00:00:00+00:00", "-", "jo", me, ""}},
		},
		{func() { w.Exec("update mail_canary set sent = sent + 1") }, nil},
		{func() { w.Exec("update push set overwrite = false, forced = true") }, nil},
		{func() { w.Exec("update push set overwrite = true") }, []decided{{"push FA0000 dos", "overwrite", "false", "true", "jo", me, ""}}},
		{
			func() { w.Exec("update ers_service set claimed = array_append(claimed, 'FA0001'), state = 'active'") },
			[]decided{{"ers_service 7", "claimed", `["FA0000"]`, `["FA0000", "FA0001"]`, "jo", me, ""}},
		},
		{func() { w.Exec("update ers_service set claimed = claimed") }, nil},
		{
			func() { load("a") },
			[]decided{
				{"reference_report ods eccg", "name", "-", "eccg.csv", "jo", me, ""},
				{"reference_report ods eccg", "as_of", "-", "2026-12-01", "jo", me, ""},
				{"reference_report ods eccg", "records", "-", "1", "jo", me, ""},
				{"reference_report ods eccg", "content", "-", `\x61`, "jo", me, ""},
				{"reference_report ods eccg", "actor", "-", "jo", "jo", me, ""},
			},
		},
		{func() { load("a") }, nil},
		{func() { load("b") }, []decided{{"reference_report ods eccg", "content", `\x61`, `\x62`, "jo", me, ""}}},
	} {
		before := len(decisions(w))
		c.do()
		require.ElementsMatch(t, c.want, decisions(w)[before:])
	}
	w.Exec("update mail_canary set first_at = '-infinity'")
	load(string(make([]byte, 5000)))
	after := decisions(w)
	require.Equal(t, "mail_canary overdue 1", after[len(after)-2].About)
	require.Regexp(t, "^sha256 [0-9a-f]{64}$", after[len(after)-1].New)
}

// Who writes is asked once or twice a statement, not once a row: a run writes rows by
// the hundred thousand.
func TestARunIsAskedOnceAStatementWhoItIs(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	w.Exec("alter database " + w.SQL.Config().Database + " set track_functions = 'all'")
	for login, address := range map[string]string{
		"the daemon": pgtest.As(t, w.URL, pgtest.Roles(t).Daemon), "a superuser, as in a private database": w.URL,
	} {
		require.Empty(t, askedOften(t, pgtest.Connect(t, address)), login)
	}
}

// askedOften returns the functions about who is writing that a run of 200 rows, which is
// taken back, called about as often as it has rows.
func askedOften(t *testing.T, session *pgx.Conn) []string {
	t.Helper()
	tx, err := session.Begin(t.Context())
	require.NoError(t, err)
	for _, statement := range []string{
		"set local search_path = profilesync",
		"select set_config('profilesync.run', '7', true)",
		"insert into profile (code, name, type) select 'X' || lpad(n::text, 5, '0'), 'A', 'pharmacy' from generate_series(1, 200) n",
		"update profile set name = 'B'",
		"insert into service (code, source, external_id, name) select code, 'ers', right(code, 5), 'Feet' from profile",
		"update service set name = 'Hands'",
	} {
		_, err := tx.Exec(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	const calls = `select proname::text from pg_proc where pronamespace = 'profilesync'::regnamespace
		and proname in ('is_daemon', 'by_a_run', 'is_member_of_daemon', 'profile_is_plain')
		and coalesce(pg_stat_get_xact_function_calls(oid), 0) > 150`
	rows, err := tx.Query(t.Context(), calls)
	require.NoError(t, err)
	often, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.NoError(t, tx.Rollback(t.Context()))
	return often
}
