package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// longHistory is a profile that was edited 20,000 times, among others, and of which Postgres has no statistics.
const longHistory = `
	alter table change set (autovacuum_enabled = false);
	insert into profile (code, name, type) select 'FA' || lpad(n::text, 3, '0'), 'Chemist', 'pharmacy' from generate_series(0, 99) n;
	insert into change (at, xid, database_role, code, field, old, new, actor)
		select now() - n * interval '1 minute', pg_current_xact_id(), 'ann', 'FA000', 'phone', 'x', n::text, 'ann'
		from generate_series(1, 20000) n;
	insert into push (code, sink) values ('FA000', 'dos') on conflict do nothing`

// However often a profile was edited, to push it costs the same.
func TestALongHistorySlowsNoPush(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, pgtest.New(t).URL)
	require.NoError(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, longHistory)
	require.NoError(t, err)
	statement := statementOf(t, "pushstore/push.sql", "LoadPushes")
	for argument, value := range map[string]string{"today": "date '2026-06-02'", "sink": "'dos'", "codes": "'{FA000}'"} {
		statement = replaceArgument(statement, argument, value)
	}
	for _, known := range []string{"", "analyze"} { // whatever Postgres knows of the tables
		_, err = conn.Exec(ctx, known)
		require.NoError(t, err)
		plan, text := planOf(t, conn, statement)
		require.InDelta(t, 1, plan.Rows, 0)
		require.LessOrEqual(t, plan.readBy(), 400.0, "%s", text)
	}
}
