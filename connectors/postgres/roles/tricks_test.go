package roles_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// tricks are what somebody with an editor's login may try, to write, hide, date or
// attribute a row of the audit wrongly. After each, the same session saves a
// profile, and all that was written must be in the audit as it was.
var tricks = map[string][]string{
	"another present":        {"select set_config('profilesync.now', '2999-01-01', false)"},
	"a past present":         {"set profilesync.now = '1999-01-01'"},
	"a present that is none": {"set profilesync.now = 'tomorrow, perhaps'"},
	"somebody else's run":    {"set profilesync.run = '1'"},
	"a run that is none":     {"set profilesync.run = 'x'"},
	"the report of a run":    {"set profilesync.report = 'edispensary'"},
	"a run and its report": {
		"set profilesync.run = '1'; set profilesync.report = 'edispensary'; set profilesync.actor = 'schedule'",
	},
	"an actor with escapes": {
		`select set_config('profilesync.actor', e'u-1\u001b[2K\nu-2', false)`,
		"update profile set phone = '333'",
		"reset profilesync.actor",
	},
	"an overlong actor": {
		"select set_config('profilesync.actor', repeat('u', 201), false)",
		"update profile set phone = '333'",
		"reset profilesync.actor",
	},
	"a reason with line breaks": {
		`select set_config('profilesync.reason', e'a\nb', false)`,
		"update profile set phone = '333'",
		"reset profilesync.reason",
	},
	"another role":     {"set role pgtest_daemon"},
	"the owner's role": {"set role profilesync", "set local role profilesync"},
	"another login":    {"set session authorization pgtest_daemon", "set session authorization default"},
	"becoming a member": {
		"grant pgtest_daemon to pgtest_editor",
		"alter role pgtest_editor superuser",
		"alter role pgtest_daemon password 'x'",
	},
	"a search path of one's own": {
		"set search_path = pg_temp, pg_catalog, profilesync",
		"set search_path = profilesync, pg_temp",
	},
	"a temporary audit": {
		"create temp table change (like profilesync.change)",
		"set search_path = pg_temp, profilesync, pg_catalog",
	},
	"temporary owners of fields": {
		"create temp table field_owner (field text, owner text)",
		"set search_path = pg_temp, profilesync",
	},
	"a temporary function": {
		"create function pg_temp.clock() returns timestamptz language sql return '2999-01-01'::timestamptz",
		"create function pg_temp.session_user() returns text language sql return 'u-1'",
	},
	"a function in the schema": {
		"create or replace function profilesync.audit_actor() returns text language sql return 'u-1'",
		"create or replace function profilesync.is_daemon() returns boolean language sql return true",
	},
	"the mark of a demo": {
		"create or replace function profilesync.plays_now() returns boolean language sql immutable return true",
	},
	"triggers off": {
		"alter table profile disable trigger all",
		"drop trigger profile_updated on profile",
		"alter table change disable trigger user",
	},
	"a trigger of one's own": {
		"create trigger mine before update on profile for each row execute function suppress_redundant_updates_trigger()",
	},
	"replication": {
		"set session_replication_role = replica",
		"select set_config('session_replication_role', 'replica', false)",
	},
	"rows of the audit": {
		"insert into change (code, field, actor, at, xid) values ('FA0000', 'name', 'u-1', now(), pg_current_xact_id())",
		"update change set actor = 'u-1'",
		"delete from change",
		"truncate change",
	},
	"rows of the people's audit": {
		"insert into account_change (account_id, what, old, new, actor, reason, at, xid) values (1, 'state', '', '', '', '', now(), '1')",
		"delete from account_change",
	},
	"copying into the audit":    {"copy change from program 'cat /dev/null'", "copy change (code) from '/dev/null'"},
	"truncating with a cascade": {"truncate profile cascade", "truncate opening_period"},
	"deleting with a cascade": {
		"delete from profile",
		"delete from account",
		"alter table opening_period drop constraint opening_period_profile_fkey",
	},
	"whose a field is": {
		"update field_owner set owner = 'editor'",
		"insert into field_owner values ('name', 'editor')",
		"delete from field_owner",
	},
	"a record that is settled": {
		"update upstream_record set settled = true",
		"update report set until_at = 'infinity'",
		"insert into report_change select id, 1 from change",
	},
	"a block": {
		"do $$ begin perform set_config('role', 'profilesync', false); delete from profilesync.change; exception when others then null; end $$",
	},
	"an error that is caught": {
		"do $$ begin update profilesync.profile set name = 'Caught'; raise 'x'; exception when others then null; end $$",
	},
	"a savepoint": {
		"begin; savepoint a; update profile set name = 'Gone'; rollback to a; update profile set phone = '444'; commit",
	},
	"a prepared transaction": {"begin; update profile set phone = '555'; prepare transaction 'mine'", "rollback"},
	"a rule": {
		"create rule mine as on insert to change do instead nothing",
		"create or replace view profile as select 1",
	},
	"an event trigger": {
		"create event trigger mine on ddl_command_start execute function pg_notify()",
		"create extension dblink",
	},
	"row security": {
		"alter table change enable row level security",
		"create policy mine on profile using (false)",
	},
	"large objects": {
		"select lo_import('/etc/passwd')",
		"select lo_export(1, '/tmp/x')",
		"select pg_read_file('postgresql.conf')",
	},
	"catalogues": {
		"update pg_trigger set tgenabled = 'D'",
		"delete from pg_proc where proname = 'profile_updated'",
		"alter system set session_replication_role = replica",
	},
	"versions and dates": {
		"update profile set version = 1",
		"update profile set updated_at = '1999-01-01'",
		"update profile set created_at = '1999-01-01'",
		"update profile set kind = 'hospital'",
	},
	"another code": {
		"update profile set code = 'FA0009'",
		"insert into profile (code, name, type, created_at) values ('FA0008', 'X', 'pharmacy', '1999-01-01')",
	},
	"services of e-RS": {
		"insert into service (code, source, external_id, name) values ('FA0000', 'ers', '8', 'Mine')",
		"update service set source = 'editor', external_id = null",
		"delete from service",
		"update service set withdrawn = true",
	},
	"ending the daemon's session": {
		"select pg_terminate_backend(pid), pg_cancel_backend(pid) from pg_stat_activity where usename = 'pgtest_daemon'",
	},
	"locks of daemons": {
		"select pg_advisory_lock(hashtextextended('profilesync.dispatch', 0))",
		"select pg_try_advisory_lock_shared(hashtextextended('profilesync report', 0))",
		"lock table change in share mode",
	},
	"sequences": {"select setval('change_id_seq', 1)", "alter sequence change_id_seq restart"},
	"the check of a person": {
		"insert into section_check (code, section, account_id, at) values ('FA0000', 'contact', 1, '2999-01-01')",
		"insert into sign_in (account_id, at) values (1, '2999-01-01')",
		"update account set last_active_at = '2999-01-01'",
	},
	"false news": {"notify profilesync_change, 'x'"},
	"a false plan": {
		"set plan_cache_mode = force_generic_plan; prepare mine as update profile set phone = '666'; execute mine",
	},
	"no standard strings": {
		"set standard_conforming_strings = off; set client_encoding = 'LATIN1'; set datestyle = 'German'; set timezone = '+14'",
	},
	"no constraints":            {"set constraints all deferred; set default_transaction_isolation = 'serializable'"},
	"made a statement time out": {"set statement_timeout = 1"},
}

// harmless are the tricks of which no statement has to be refused: they change
// nothing that counts.
var harmless = strings.Split("another present, a past present, a present that is none, somebody else's run, a run that is none, "+
	"the report of a run, a run and its report, a search path of one's own, a temporary audit, temporary owners of fields, "+
	"a temporary function, an error that is caught, a savepoint, a block, false news, a false plan, no standard strings, no constraints, "+
	"made a statement time out", ", ")

// Must hold 1.
func TestWhatAnEditorMayTry(t *testing.T) {
	t.Parallel()
	require.Greater(t, len(tricks), 40)
	for _, name := range harmless {
		require.Contains(t, tricks, name)
	}
	for name, statements := range tricks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWritten(t)
			before, began := w.audit(), w.now()
			session, err := pgx.Connect(t.Context(), pgtest.As(t, w.URL, pgtest.Roles(t).Editor)+"&search_path=profilesync")
			require.NoError(t, err)
			defer func() { _ = session.Close(context.WithoutCancel(t.Context())) }()
			refused := false
			for _, statement := range statements {
				_, err := session.Exec(t.Context(), statement)
				refused = refused || err != nil
			}
			_, _ = session.Exec(t.Context(), "rollback") // of what is left open
			require.True(t, refused || slices.Contains(harmless, name), "nothing was refused")
			_, err = session.Exec(t.Context(),
				"set statement_timeout = 0; update profilesync.profile set name = 'Renamed', email = 'new@example.org'")
			require.NoError(t, err)
			w.requireTold(before, began)
		})
	}
}

// written is a database with a profile that a run wrote and that agrees with its
// register, a service of e-RS, and an account.
type written struct{ *pgtest.Database }

func newWritten(t *testing.T) written {
	t.Helper()
	w := written{newGranted(t)}
	tx, err := w.DB.Begin(t.Context()) // as the daemon
	require.NoError(t, err)
	for _, statement := range []string{
		"insert into run (kind, source, report, as_of, actor) values ('listing', 'ods', 'edispensary', '2026-11-19', 'schedule')",
		"set local profilesync.run = '1'", "set local profilesync.report = 'edispensary'", "set local profilesync.actor = 'schedule'",
		"insert into profile (code, name, type) values ('FA0000', 'First', 'pharmacy')",
		"insert into service (code, source, external_id, name) values ('FA0000', 'ers', '7', 'Feet')",
		`insert into upstream_record (source, report, code, raw_hash, facts, facts_hash, rules_version, settled)
			values ('ods', 'edispensary', 'FA0000', '', '{}', '', 1, true)`,
		"update profile set name = 'Second'",
	} {
		_, err := tx.Exec(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	require.NoError(t, tx.Commit(t.Context()))
	w.Exec("insert into account (email, name) values ('ann@example.nhs.uk', 'Ann')")
	require.True(t, pgtest.One[bool](w.Database, "select settled from upstream_record"), "the run speaks for its report")
	require.Equal(t, "1 schedule pgtest_daemon", pgtest.One[string](w.Database,
		"select run_id || ' ' || actor || ' ' || database_role from change where field = 'name'"))
	return w
}

func (w written) audit() []string {
	w.Helper()
	return pgtest.All[string](w.Database, "select c::text from change c union all select a::text from account_change a")
}

func (w written) now() time.Time {
	w.Helper()
	return pgtest.One[time.Time](w.Database, "select clock_timestamp()")
}

// requireTold wants the audit to have all it had, and what the editor wrote since, in
// the editor's name, at its time, to its end.
func (w written) requireTold(before []string, began time.Time) {
	w.Helper()
	require.Subset(w, w.audit(), before, "what stood in the audit stands there")
	role := pgtest.Roles(w.TB).Editor
	later := fmt.Sprintf("from change where at >= '%s'", began.Format(time.RFC3339Nano))
	require.Zero(w, pgtest.One[int](w.Database, "select count(*) "+later+" and (database_role <> $1 or run_id is not null "+
		"or at > clock_timestamp() or xid > pg_current_xact_id() or has_control(actor || reason) "+
		"or actor in ('schedule', 'pgtest_daemon', 'profilesync'))", role)-
		w.saidToBeTheSchedule(later))
	require.Len(w, w.audit(), len(before)+pgtest.One[int](w.Database, "select count(*) "+later), "no row of another time")
	for field, old := range map[string]string{"name": "Second", "email": ""} {
		require.Equal(w, old, pgtest.One[string](w.Database,
			"select coalesce((select old "+later+" and field = $1 order by id limit 1), 'none')", field))
		require.Equal(w, pgtest.One[string](w.Database, "select to_jsonb(p) ->> $1 from profile p", field),
			pgtest.One[string](w.Database, "select new "+later+" and field = $1 order by id desc limit 1", field))
	}
	require.Equal(w, pgtest.One[string](w.Database, "select phone from profile"),
		pgtest.One[string](w.Database, "select coalesce((select new from change where field = 'phone' order by id desc limit 1), '')"))
	require.False(w, pgtest.One[bool](w.Database, "select settled from upstream_record"), "a field of the register is compared again")
	require.Equal(w, "FA0000 7 Feet f", pgtest.One[string](w.Database,
		"select concat_ws(' ', code, external_id, name, withdrawn) from service"))
	require.Zero(w, pgtest.One[int](w.Database, "select count(*) from pg_trigger where tgenabled <> 'O'"))
	require.Equal(w, "ods", pgtest.One[string](w.Database, "select owner from field_owner where field = 'name'"))
	require.NoError(w, w.DB.Ping(w.Context()))
}

// saidToBeTheSchedule counts rows whose actor the editing application named so: that
// is its word, and beside it stands its role.
func (w written) saidToBeTheSchedule(later string) int {
	w.Helper()
	return pgtest.One[int](w.Database, "select count(*) "+later+" and actor = 'schedule' and database_role = $1 and run_id is null",
		pgtest.Roles(w.TB).Editor)
}
