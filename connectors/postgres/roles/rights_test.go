package roles_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/roles"
)

// table is a table of the database with its columns and their types.
type table struct {
	Schema, Name string
	Columns      []string
	Types        []string
}

func tables(w *pgtest.Database) []table {
	w.Helper()
	rows, err := w.SQL.Query(w.Context(), `select n.nspname::text, c.relname::text, array_agg(a.attname::text order by a.attnum),
			array_agg(format_type(a.atttypid, a.atttypmod) order by a.attnum)
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		where n.nspname in ('profilesync', 'river', 'console') and c.relkind in ('r', 'p') group by 1, 2 order by 1, 2`)
	require.NoError(w, err)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[table])
	require.NoError(w, err)
	require.Greater(w, len(found), 50)
	return found
}

// newGranted is a database whose rights are granted anew: the copy that tests get has
// those of its template, and none on the database itself.
func newGranted(t *testing.T) *pgtest.Database {
	t.Helper()
	w := pgtest.New(t)
	locks, err := roles.Grant(t.Context(), w.URL, pgtest.Roles(t))
	require.NoError(t, err)
	require.True(t, locks)
	return w
}

func TestEveryTableHasItsRights(t *testing.T) {
	t.Parallel()
	var listed, found []string
	for _, r := range roles.Rights() {
		listed = append(listed, r.Table)
	}
	require.IsNonDecreasing(t, listed)
	for _, table := range tables(pgtest.New(t)) {
		found = append(found, table.Name)
	}
	require.ElementsMatch(t, found, listed, "a new table needs a row in roles/rights.go")
}

// mentioned finds one right with its columns: "add but (a, b)".
var mentioned = regexp.MustCompile(`(read|add|change|remove)( but)?(?: \(([^)]*)\))?`)

// allows reports whether a right, in the words of the table, allows a verb for a
// column.
func allows(right, verb, column string) bool {
	for _, m := range mentioned.FindAllStringSubmatch(right, -1) {
		if m[1] != verb {
			continue
		}
		named := slices.Contains(strings.Split(m[3], ", "), column)
		return m[3] == "" || named == (m[2] == "")
	}
	return false
}

// attempt is a statement without an effect, and whether it is allowed.
type attempt struct {
	statement string
	allowed   bool
}

// attempts are all statements on a table, given what a role may do with it.
func attempts(t table, right string) (all []attempt) {
	name := t.Schema + "." + t.Name
	for i, column := range t.Columns {
		all = append(all,
			attempt{fmt.Sprintf("select %q from %s limit 0", column, name), allows(right, "read", column)},
			attempt{
				fmt.Sprintf("insert into %s (%q) overriding system value select null::%s where false", name, column, t.Types[i]),
				allows(right, "add", column),
			},
			attempt{fmt.Sprintf("update %s set %q = default where false", name, column), allows(right, "change", column)})
	}
	return append(all,
		attempt{fmt.Sprintf("delete from %s where false", name), allows(right, "remove", "")},
		attempt{"truncate " + name, false},
		attempt{
			"lock table " + name + " in access exclusive mode nowait",
			allows(right, "change", "") && !strings.Contains(right, "change but") || allows(right, "remove", ""),
		},
		attempt{"create index on " + name + " ((1))", false},
		attempt{"alter table " + name + " disable trigger all", false},
		attempt{"drop table " + name + " cascade", false})
}

// Must hold 1: every statement of every role, what must fail included.
func TestEveryStatementOfEveryRole(t *testing.T) {
	t.Parallel()
	w := newGranted(t)
	names, all := pgtest.Roles(t), tables(w)
	rights := make(map[string]roles.Right)
	for _, r := range roles.Rights() {
		rights[r.Table] = r
	}
	allowed := make(map[string]int)
	for role, of := range map[string]func(roles.Right) string{
		names.Daemon:  func(r roles.Right) string { return r.Daemon },
		names.Editor:  func(r roles.Right) string { return r.Editor },
		names.Reader:  func(r roles.Right) string { return r.Reader },
		names.Console: func(roles.Right) string { return "" },
	} {
		conn := pgtest.Connect(t, pgtest.As(t, w.URL, role))
		for _, table := range all {
			for _, a := range attempts(table, of(rights[table.Name])) {
				if tried(t, conn, role, a) {
					allowed[role]++
				}
			}
		}
	}
	require.Greater(t, allowed[names.Daemon], 1000)
	require.Greater(t, allowed[names.Editor], 150)
	require.Greater(t, allowed[names.Reader], 250)
}

// tried runs a statement and takes it back, and reports whether it was allowed.
func tried(t *testing.T, conn *pgx.Conn, role string, a attempt) bool {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), a.statement)
	require.NoError(t, tx.Rollback(t.Context()))
	var refused *pgconn.PgError
	denied := errors.As(err, &refused) && refused.Code == "42501"
	if err != nil && !denied {
		require.ErrorContains(t, err, "refused", a.statement) // by a trigger: what no owner may either
	}
	require.Equal(t, a.allowed, !denied, "%s: %s: %v", role, a.statement, err)
	return !denied
}

func TestWhatIsNoTable(t *testing.T) {
	t.Parallel()
	w := newGranted(t)
	names := pgtest.Roles(t)
	daemon, editor, reader, console := names.Daemon, names.Editor, names.Reader, names.Console
	all := []string{daemon, editor, reader, console}
	w.Exec("create table console.session (id text primary key)")
	w.Exec("grant select, insert, update, delete on console.session to " + console) // as the next grant does
	for statement, may := range map[string][]string{
		"select 1": all,
		"select * from profilesync.change limit 0":                                                              {daemon},
		"select at, field from profilesync.change limit 0":                                                      {daemon, reader},
		"select * from profilesync.broken_row":                                                                  {},
		"select profilesync.analyze_plan()":                                                                     {daemon},
		"select profilesync.analyze_accepted()":                                                                 {daemon},
		"select nextval('profilesync.run_id_seq')":                                                              {daemon},
		"select nextval('profilesync.preview_number')":                                                          {daemon},
		"select nextval('profilesync.change_id_seq')":                                                           {},
		"select setval('profilesync.run_id_seq', 1)":                                                            {},
		"select nextval('river.river_job_id_seq')":                                                              {daemon},
		"select pg_try_advisory_xact_lock(1)":                                                                   {daemon},
		"select pg_advisory_lock(1), pg_advisory_unlock(1)":                                                     {daemon},
		"select pg_try_advisory_lock_shared(1, 2), pg_advisory_unlock_shared(1, 2)":                             {daemon},
		"create temp table mine (id int)":                                                                       {daemon},
		"create table profilesync.mine (id int)":                                                                {},
		"create table river.mine (id int)":                                                                      {},
		"create table public.mine (id int)":                                                                     {},
		"create schema mine":                                                                                    {},
		"create function profilesync.mine() returns int language sql return 1":                                  {},
		"create or replace function profilesync.plays_now() returns boolean language sql immutable return true": {},
		"create role mine":                                                                                      {},
		"set role " + names.Owner:                                                                               {},
		"set session authorization " + names.Owner:                                                              {},
		"set session_replication_role = replica":                                                                {},
		"select pg_read_file('/etc/passwd')":                                                                    {},
		"copy profilesync.profile to program 'cat'":                                                             {},
		"insert into console.session values ('x')":                                                              {console},
		"update console.session set id = 'y' where false":                                                       {console},
		"delete from console.session where false":                                                               {console},
		"select * from console.session":                                                                         {console},
	} {
		for _, role := range all {
			conn := pgtest.Connect(t, pgtest.As(t, w.URL, role))
			tried(t, conn, role, attempt{statement, slices.Contains(may, role)})
			require.NoError(t, conn.Close(t.Context()))
		}
	}
}

// The tests of the stores work with the daemon's rights, and no others.
func TestStoresAreTestedAsTheDaemon(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	var user string
	var super, owns bool
	require.NoError(t, w.DB.QueryRow(t.Context(), `select session_user, rolsuper, has_table_privilege('change', 'delete')
		from pg_roles where rolname = session_user`).Scan(&user, &super, &owns))
	require.Equal(t, pgtest.Roles(t).Daemon, user)
	require.False(t, super)
	require.False(t, owns)
	owner, err := w.DB.IsOwner(t.Context())
	require.NoError(t, err)
	require.False(t, owner)
	owner, err = asOwner(t, w).IsOwner(t.Context())
	require.NoError(t, err)
	require.True(t, owner)
}
