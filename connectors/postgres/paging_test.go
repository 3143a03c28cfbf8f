package postgres_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// paged are the statements that read a page of a list which grows with time, from the key of
// its hundredth page on. Whatever was before it is not read again.
var paged = []struct{ file, name, key, code string }{
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
		from generate_series(1, 20000) n;
	analyze`

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

func TestTheHundredthPageCostsAsTheFirst(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, pgtest.New(t).URL)
	require.NoError(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, rowsOfLists)
	require.NoError(t, err)
	for _, list := range paged {
		statement := statementOf(t, list.file, list.name)
		for argument, value := range map[string]string{
			"before": list.key, "after": list.key, "most": "101", "source": "''", "state": "''", "account": "0",
			"code": list.code, "actor": "'ann'", "sink": "'dos'", "wanted": "timestamptz '2026-01-08'", "seen": "timestamptz '2026-01-08'",
			"after_code": "''", "after_sink": "''", "after_report": "''", "after_line": "0", "after_id": "0", "report": "''",
		} {
			statement = replaceArgument(statement, argument, value)
		}
		require.NotContains(t, statement, "@", "%s: an argument has no value", list.name)
		var text []byte
		require.NoError(t, conn.QueryRow(ctx, "explain (analyze, timing off, format json) "+statement).Scan(&text), list.name)
		var plans []struct {
			Plan step `json:"Plan"`
		}
		require.NoError(t, json.Unmarshal(text, &plans))
		require.InDelta(t, 101, plans[0].Plan.Rows, 1, list.name)
		require.LessOrEqual(t, plans[0].Plan.readBy(), 400.0, "%s: rows that it read for a page of 101\n%s", list.name, text)
	}
}
