package roles_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/roles"
)

// asOwner opens a database as its owner.
func asOwner(t *testing.T, w *pgtest.Database) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), w.URL, postgres.Options{})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return db
}

// hosted is an empty database that an ordinary role owns, as on a hosted server.
type hosted struct {
	*pgtest.Database

	names  roles.Names
	tenant string // the role's address
	login  string
}

// newHosted makes one; may is what its role may do besides.
func newHosted(t *testing.T, may string) hosted {
	t.Helper()
	var h hosted
	pgtest.Roles(t) // of a throw-away cluster only
	prefix := "pgtest_" + strings.ToLower(fmt.Sprintf("%x", []byte(t.Name()[len(t.Name())-6:])))
	h.names = roles.Names{
		Owner: prefix + "_owner", Daemon: prefix + "_daemon", Editor: prefix + "_editor",
		Reader: prefix + "_reader", Console: prefix + "_console",
	}
	h.login = prefix + "_login"
	var admin string
	drop := func() { // roles outlive the database
		conn, err := pgx.Connect(context.WithoutCancel(t.Context()), admin)
		require.NoError(t, err)
		for _, role := range []string{h.names.Daemon, h.names.Editor, h.names.Reader, h.names.Console, h.names.Owner, h.login} {
			_, err := conn.Exec(context.WithoutCancel(t.Context()), "drop role if exists "+role)
			require.NoError(t, err)
		}
		require.NoError(t, conn.Close(context.WithoutCancel(t.Context())))
	}
	t.Cleanup(func() { drop() })
	address := pgtest.Empty(t)
	h.Database = &pgtest.Database{TB: t, URL: address, SQL: pgtest.Connect(t, address)}
	config := h.SQL.Config()
	admin = fmt.Sprintf("host=%s port=%d user=%s dbname=postgres", config.Host, config.Port, config.User)
	drop()
	h.Exec("create role " + h.login + " login " + may)
	h.Exec("alter database " + config.Database + " owner to " + h.login)
	h.tenant = pgtest.As(t, address, h.login)
	return h
}

func (h hosted) owners() []string {
	return pgtest.All[string](h.Database, `
		with ours as (select oid, nspowner from pg_namespace where nspname in ('profilesync', 'river', 'console'))
		select pg_get_userbyid(relowner)::text from pg_class where relnamespace in (select oid from ours)
		union select pg_get_userbyid(proowner)::text from pg_proc where pronamespace in (select oid from ours)
		union select pg_get_userbyid(nspowner)::text from ours`)
}

// A role that is no superuser, but may create roles, does all but the locks, which
// it says; a second time changes nothing, and what is made later is the owner's.
func TestGrantByAnOrdinaryRole(t *testing.T) {
	t.Parallel()
	h := newHosted(t, "createrole")
	_, err := postgres.Migrate(t.Context(), h.tenant, postgres.ForProduction)
	require.NoError(t, err)
	require.Equal(t, []string{h.login}, h.owners())
	require.NoError(t, roles.Renew(t.Context(), h.tenant, h.names), "nothing was granted yet")
	require.False(t, h.granted())
	for range 2 {
		locks, err := roles.Grant(t.Context(), h.tenant, h.names)
		require.NoError(t, err)
		require.False(t, locks)
		require.Equal(t, []string{h.names.Owner}, h.owners())
		require.True(t, h.granted())
		steps, err := postgres.Migrate(t.Context(), h.tenant, postgres.ForProduction)
		require.NoError(t, err)
		require.Empty(t, steps)
		_, err = postgres.CheckRules(t.Context(), h.tenant)
		require.NoError(t, err)
	}
	h.Exec("delete from profilesync.schema_version where version_id >= 25") // as if a later version made more
	h.Exec("revoke select on profilesync.run from " + h.names.Reader)
	require.NoError(t, roles.Renew(t.Context(), h.tenant, h.names))
	require.True(t, pgtest.One[bool](h.Database, "select has_column_privilege($1, 'profilesync.run', 'state', 'select')", h.names.Reader))

	temporary := func() bool {
		return pgtest.One[bool](h.Database, "select has_database_privilege($1, current_database(), 'temporary')", h.names.Editor)
	}
	h.Exec("grant temporary on database " + h.SQL.Config().Database + " to public") // as a restored dump has it
	require.True(t, temporary())
	require.NoError(t, roles.Renew(t.Context(), h.tenant, h.names))
	require.False(t, temporary())
}

// Roles of names from before keep their rights; what is said to take them takes them
// all, and then nothing more is said.
func TestRolesFromBefore(t *testing.T) {
	t.Parallel()
	h := newHosted(t, "createrole")
	_, err := postgres.Migrate(t.Context(), h.tenant, postgres.ForProduction)
	require.NoError(t, err)
	_, err = roles.Grant(t.Context(), h.tenant, h.names)
	require.NoError(t, err)
	others := func(n roles.Names) []roles.Other {
		found, err := roles.Others(t.Context(), h.tenant, n)
		require.NoError(t, err)
		return found
	}
	require.Empty(t, others(h.names))
	renamed := h.names
	renamed.Daemon, renamed.Editor = "pgtest_daemon_2", "pgtest_editor_2"
	renamed.Reader, renamed.Console = "pgtest_reader_2", "pgtest_console_2"
	h.Exec("revoke all on schema profilesync from " + h.names.Editor)
	var named []string
	for _, other := range others(renamed) {
		named = append(named, other.Name)
		_, err := pgtest.Connect(t, h.tenant).Exec(t.Context(), other.Revoke)
		require.NoError(t, err)
	}
	require.Equal(t, []string{h.names.Console, h.names.Daemon, h.names.Editor, h.names.Reader}, named, "the editor's rights on tables too")
	require.Empty(t, others(renamed))
	require.Empty(t, pgtest.All[string](h.Database, `select pg_describe_object(classid, objid, objsubid) || ' of ' || refobjid::regrole
		from pg_shdepend where dbid in (0, (select oid from pg_database where datname = current_database()))
			and refobjid::regrole::text = any($1) and deptype = 'a'`, named))
}

func (h hosted) granted() bool {
	return pgtest.One[int](h.Database, "select count(*) from pg_roles where rolname = $1", h.names.Daemon) == 1 &&
		pgtest.One[bool](h.Database, "select has_table_privilege($1, 'profilesync.run', 'insert')", h.names.Daemon)
}

// Whoever may not create roles changes nothing, and prints what an administrator has
// to run; after that, nothing is left to do.
func TestGrantByAnAdministrator(t *testing.T) {
	t.Parallel()
	h := newHosted(t, "")
	_, err := postgres.Migrate(t.Context(), h.tenant, postgres.ForProduction)
	require.NoError(t, err)
	_, err = roles.Grant(t.Context(), h.tenant, h.names)
	require.ErrorIs(t, err, roles.ErrAdministrator)
	require.ErrorContains(t, err, "create role")
	require.Zero(t, pgtest.One[int](h.Database, "select count(*) from pg_roles where rolname = $1", h.names.Owner))

	script, err := roles.Script(t.Context(), h.tenant, h.names)
	require.NoError(t, err)
	h.Exec(strings.Join(script, "\n"))
	require.True(t, h.granted())
	require.Equal(t, []string{h.names.Owner}, h.owners())
	require.False(t, pgtest.One[bool](h.Database,
		"select has_function_privilege($1, 'pg_advisory_lock(bigint)', 'execute')", h.names.Editor))
	_, err = roles.Grant(t.Context(), h.tenant, h.names)
	require.NoError(t, err, "the roles exist now")
	_, err = postgres.Migrate(t.Context(), h.tenant, postgres.ForProduction)
	require.NoError(t, err)
}

// A database for work keeps the real time, whoever asks and whatever they set.
func TestOnlyADemosDatabasePlaysAnotherPresent(t *testing.T) {
	t.Parallel()
	h := newHosted(t, "createrole")
	_, err := postgres.Migrate(t.Context(), h.tenant, postgres.ForProduction)
	require.NoError(t, err)
	_, err = postgres.Migrate(t.Context(), h.tenant, postgres.ForDemo)
	require.NoError(t, err, "it keeps its purpose")
	const clock = "select profilesync.clock() = now()"
	h.Exec("set profilesync.now = '2999-01-01'")
	require.True(t, pgtest.One[bool](h.Database, clock), "even for a superuser")
	_, err = postgres.Open(t.Context(), h.tenant, postgres.Options{PlayedNow: pgtest.One[time.Time](h.Database, "select now()")})
	require.ErrorIs(t, err, postgres.ErrNotPlayed)

	played := pgtest.New(t)
	played.Exec("set profilesync.now = '2999-01-01'")
	require.False(t, pgtest.One[bool](played, clock))
	editor := pgtest.Connect(t, pgtest.As(t, played.URL, pgtest.Roles(t).Editor))
	_, err = editor.Exec(t.Context(), "set profilesync.now = '2999-01-01'")
	require.NoError(t, err)
	var same bool
	require.NoError(t, editor.QueryRow(t.Context(), clock).Scan(&same))
	require.True(t, same, "an editor plays nothing")
}

// A daemon at work holds tables, in an order of its own: granting gives way, and tries
// again until it gets all of them.
func TestGrantingGivesWayToADaemonAtWork(t *testing.T) {
	t.Parallel()
	w := pgtest.New(t)
	names := pgtest.Roles(t)
	w.Exec("alter table watermark owner to " + names.Console) // the script gives it back
	conn := pgtest.Connect(t, w.URL)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "select from profilesync.watermark")
	require.NoError(t, err)
	granted := make(chan error, 1)
	go func() {
		_, err := roles.Grant(t.Context(), w.URL, names)
		granted <- err
	}()
	const waits = "select count(*) from pg_locks where not granted and relation = 'profilesync.watermark'::regclass"
	for _, waiting := range []int{1, 0, 1} {
		require.Eventually(t, func() bool { return pgtest.One[int](w, waits) == waiting }, 30*time.Second, 5*time.Millisecond)
	}
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, <-granted)
}
