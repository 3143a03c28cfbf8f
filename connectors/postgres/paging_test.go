package postgres_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

type pagedList struct{ file, name, key, code string }

// paged are the statements that read a page of a list which grows with time, from the key of
// its hundredth page on. Whatever was before it is not read again.
var paged = []pagedList{
	{"runstore/runs.sql", "ListRuns", "10000", "''"},
	{"peoplestore/mail.sql", "ListLetters", "10000", "''"},
	{"peoplestore/people.sql", "ListAccounts", "10000", "''"},
	{"profiles.sql", "History", "(select min(id) + 10000 from change where code = 'FA000')", "'FA000'"},
	{"pushstore/push.sql", "ListPushes", "", "''"},
	{"qualitystore/records.sql", "ListQuarantine", "", "''"},
	{"accessstore/people.sql", "ListActions", "10000", "''"},
	{"accessstore/people.sql", "ListActionsOf", "10000", "''"},
}

// rowsOfLists are 20,000 rows of each list; a page has 100 of them.
const rowsOfLists = `
	alter table run set (autovacuum_enabled = false);
	alter table account set (autovacuum_enabled = false);
	alter table letter set (autovacuum_enabled = false);
	alter table action set (autovacuum_enabled = false);
	alter table change set (autovacuum_enabled = false);
	alter table push set (autovacuum_enabled = false);
	alter table quarantine set (autovacuum_enabled = false);
	alter table profile set (autovacuum_enabled = false);
	insert into run (kind, source, report, as_of, actor, state)
		select 'delta', 'ods', 'etr', '2026-01-01', 'ann', 'done' from generate_series(1, 20000);
	insert into account (email, name) select 'a' || n || '@example.nhs.uk', 'A' from generate_series(1, 20000) n;
	insert into letter (reference, kind, account_id, since) select 'x/' || n, 'cases', n, '2026-01-01' from generate_series(1, 20000) n;
	insert into action (actor, person, verb, operation, subject, request)
		select 'ann', true, 'approve', 'approve', '', '' from generate_series(1, 20000);
	insert into profile (code, name, type) values ('FA000', 'Chemist', 'pharmacy');
	insert into change (at, xid, database_role, code, field, old, new, actor)
		select now(), pg_current_xact_id(), 'ann', 'FA000', 'phone', 'x', n::text, 'ann' from generate_series(1, 20000) n;
	insert into profile (code, name, type) select 'FB' || 10000 + n, 'A', 'pharmacy' from generate_series(1, 20000) n;
	insert into push (code, sink, route, state, wanted_at)
		select 'FB' || 10000 + n, 'dos', '', 'accepted', timestamptz '2026-01-01' + interval '1 minute' * n from generate_series(1, 20000) n
		on conflict (code, sink) do update set wanted_at = excluded.wanted_at;
	insert into quarantine (source, report, code, line, field, value, reason, raw, raw_hash, last_seen)
		select 'ods', 'etr', 'FA' || n, n, '', '', '', '', sha256(n::text::bytea), timestamptz '2026-01-01' + interval '1 minute' * n
		from generate_series(1, 20000) n`

// readBy counts the rows that a plan read, whether they are in the result or not.
func (s step) readBy() float64 {
	rows := (s.Filter + s.Recheck) * s.Loops
	if len(s.Plans) == 0 {
		rows += s.Rows * s.Loops
	}
	for _, below := range s.Plans {
		rows += below.readBy()
	}
	return rows
}

// planOf is the plan by which a statement was carried out, with what it read.
func planOf(t *testing.T, conn *pgx.Conn, statement string) (plan step, text []byte) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), "explain (analyze, timing off, format json) "+statement).Scan(&text), statement)
	var plans []struct {
		Plan step `json:"Plan"`
	}
	require.NoError(t, json.Unmarshal(text, &plans))
	return plans[0].Plan, text
}

func TestTheHundredthPageCostsAsTheFirst(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, pgtest.New(t).URL)
	require.NoError(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, rowsOfLists)
	require.NoError(t, err)
	for _, known := range []string{"", "analyze"} { // whatever Postgres knows of the tables
		_, err = conn.Exec(ctx, known)
		require.NoError(t, err)
		for _, list := range paged {
			plan, text := planOf(t, conn, list.statement(t))
			require.InDelta(t, 101, plan.Rows, 1, list.name)
			require.LessOrEqual(t, plan.readBy(), 400.0, "%s: rows that it read for a page of 101\n%s", list.name, text)
		}
	}
}

// statement is the statement of a list, for a page of 101 rows from its key on.
func (l pagedList) statement(t *testing.T) string {
	t.Helper()
	statement := statementOf(t, l.file, l.name)
	for argument, value := range map[string]string{
		"before": l.key, "after": l.key, "most": "101", "source": "''", "state": "''", "account": "0",
		"code": l.code, "actor": "'ann'", "sink": "'dos'", "wanted": "timestamptz '2026-01-08'", "seen": "timestamptz '2026-01-08'",
		"after_code": "''", "after_sink": "''", "after_report": "''", "after_line": "0", "after_id": "0", "report": "''",
	} {
		statement = replaceArgument(statement, argument, value)
	}
	require.NotContains(t, statement, "@", "%s: an argument has no value", l.name)
	return statement
}
