package accessstore_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// aFlood is a night of many rows in every table, of which Postgres has no statistics.
const aFlood = `
alter table access_token set (autovacuum_enabled = false);
alter table session set (autovacuum_enabled = false);
alter table action set (autovacuum_enabled = false);
alter table idempotency_key set (autovacuum_enabled = false);
set session_replication_role = replica;
insert into access_token (name, hash, verbs, revoked_by, revoked_at)
	select 't' || n, sha256(n::text::bytea), '{read}', case when n > 5 then 'ann' else '' end, case when n > 5 then now() end
	from generate_series(1, 100000) n;
insert into session (token_hash, data, expires_at, actor)
	select 's' || n, 'x', now() + (n - 50000) * interval '1 s', case when n > 99900 then 'ann' else '' end from generate_series(1, 100000) n;
insert into action (actor, person, verb, operation, subject)
			select 'ann', true, 'read', 'x', n::text from generate_series(1, 100000) n;
insert into idempotency_key (principal, key, at, process)
	select 'ann', 'k' || n, now() - n * interval '2 s', 'p' || n from generate_series(1, 100000) n;
insert into process (name, ended_at, cleared_at) select 'p' || n, now(), now() from generate_series(1, 100000) n;
reset session_replication_role`

// step is a step of a plan that Postgres carried out.
type step struct {
	Kind  string  `json:"Node Type"`
	Table string  `json:"Relation Name"`
	Rows  float64 `json:"Actual Rows"`
	Loops float64 `json:"Actual Loops"`
	Vain  float64 `json:"Rows Removed by Filter"`
	Plans []step  `json:"Plans"`
}

// read counts the rows that were read, also in vain, and names the tables that were read
// from end to end.
func (s step) read() (rows float64, whole []string) {
	rows = (s.Rows + s.Vain) * s.Loops
	if s.Kind == "Seq Scan" {
		whole = append(whole, s.Table)
	}
	for _, below := range s.Plans {
		more, tables := below.read()
		rows, whole = rows+more, append(whole, tables...)
	}
	return rows, whole
}

// However many rows there are, and whatever Postgres knows of them, each statement finds its
// own by an index.
func TestAFloodSlowsNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(aFlood)
	requireFound(t, db)
	requireBatches(t, db)
}

func requireFound(t *testing.T, db *pgtest.Database) {
	t.Helper()
	values := map[string]string{
		"name": "t7", "hash": `\x` + strings.Repeat("07", 32), "verbs": "{read}", "expires_at": "2030-01-01",
		"everything": "false", "id": "50000",
		"data": `\x00`, "person": "true", "verb": "read", "operation": "x", "subject": "7", "request": "",
		"outcome": "done", "before": "50000", "most": "100", "principal": "ann", "key": "k7", "process": "p7", "digest": `\x07`,
		"status": "200", "content_type": "", "location": "", "body": `\x00`,
	}
	explained := 0
	for statement := range strings.SplitSeq(strings.ReplaceAll(statements(t), "sqlc.narg('expires_at')", "@expires_at"), "-- name: ") {
		name, query, found := strings.Cut(statement, " ")
		if !found || strings.HasPrefix(name, "--") || strings.HasPrefix(statement, "--") {
			continue
		}
		_, query, _ = strings.Cut(query, "\n")
		values["token_hash"], values["actor"] = "s60000", "ann"
		switch name {
		case "AddSession":
			values["token_hash"] = "new"
		case "Behind":
			values["actor"] = "token:t7"
		}
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			if name == "ListTokens" && mode == "force_generic_plan" {
				continue // a list of all tokens reads all
			}
			rows, whole := carriedOut(t, db, mode, query, values)
			require.Empty(t, whole, "%s, %s: read from end to end", name, mode)
			require.LessOrEqual(t, rows, 1_000.0, "%s, %s: rows read", name, mode)
		}
		explained++
	}
	require.Equal(t, 25, explained)
}

// statements are those of every file.
func statements(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("*.sql")
	require.NoError(t, err)
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}

// However few actions are an actor's, and whatever Postgres knows of the others', a page of them
// reads those alone.
func TestTheActionsOfARareActorAreFound(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(
		`insert into action (actor, person, verb, operation, subject) select 'rare', true, 'read', 'x', n::text from generate_series(1, 3) n;
		insert into action (actor, person, verb, operation, subject)
			select 'ann', true, 'read', 'x', n::text from generate_series(1, 100000) n`,
	)
	_, query, found := strings.Cut(statements(t), "-- name: ListActionsOf :many\n")
	require.True(t, found)
	query, _, _ = strings.Cut(query, "\n-- name: ")
	for _, known := range []string{"nothing", "that all are of ann"} {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			for _, actor := range []string{"rare", "nobody"} {
				rows, _ := carriedOut(t, db, mode, query, map[string]string{"actor": actor, "before": "100000", "most": "100"})
				require.LessOrEqual(t, rows, 10.0, "%s, %s, of %s: rows read", known, mode, actor)
			}
		}
		db.Exec("analyze action")
	}
}

var argument = regexp.MustCompile(`@\w+`)

// carriedOut carries a statement out, takes it back, and tells what it read.
func carriedOut(t *testing.T, db *pgtest.Database, mode, query string, values map[string]string) (rows float64, whole []string) {
	t.Helper()
	tx, err := db.SQL.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	var given []string
	query = argument.ReplaceAllStringFunc(query, func(name string) string {
		value, known := values[name[1:]]
		require.True(t, known, name)
		given = append(given, "'"+value+"'")
		return "$" + strconv.Itoa(len(given))
	})
	query = strings.TrimSuffix(strings.TrimSpace(query), ";")
	_, err = tx.Exec(t.Context(), "set local plan_cache_mode = "+mode+"; prepare explained as "+query)
	require.NoError(t, err, query)
	defer func() { _, _ = db.SQL.Exec(t.Context(), "deallocate explained") }()
	var text []byte
	execute := "explain (analyze, timing off, format json) execute explained"
	if len(given) > 0 {
		execute += "(" + strings.Join(given, ", ") + ")"
	}
	require.NoError(t, tx.QueryRow(t.Context(), execute).Scan(&text), query)
	var plans []struct {
		Plan step `json:"Plan"`
	}
	require.NoError(t, json.Unmarshal(text, &plans))
	return plans[0].Plan.read()
}

// requireBatches has old rows removed in batches, however many there are: none holds the
// others up.
func requireBatches(t *testing.T, db *pgtest.Database) {
	t.Helper()
	db.Exec(`create table batch (rows bigint);
		create function count_batch() returns trigger language plpgsql security definer as
			'begin insert into profilesync.batch select count(*) from gone; return null; end';
		create trigger counted after delete on session referencing old table as gone for each statement execute function count_batch();
		create trigger counted after delete on idempotency_key referencing old table as gone
			for each statement execute function count_batch()`)
	began := time.Now()
	require.NoError(t, accessstore.New(db.DB).Prune(t.Context()))
	require.Less(t, time.Since(began), 30*time.Second)
	require.LessOrEqual(t, pgtest.One[int](db, "select max(rows) from batch"), 5_000)
	require.InDelta(t, 50_000, pgtest.One[int](db, "select count(*) from session"), 100)
	require.InDelta(t, 43_200, pgtest.One[int](db, "select count(*) from idempotency_key"), 100)
}
