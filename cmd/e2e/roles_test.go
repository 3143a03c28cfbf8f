package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// The owner grants roles, or prints what an administrator has to run; what an editor
// wrote names both the person and the role.
func TestRolesAreGranted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	names := pgtest.Roles(t)
	owner := s.with("DATABASE_URL="+s.url, "ROLE_OWNER="+names.Owner, "ROLE_DAEMON="+names.Daemon, "ROLE_EDITOR="+names.Editor,
		"ROLE_READER="+names.Reader, "ROLE_CONSOLE="+names.Console)
	s.write("revoke update (phone) on profile from " + names.Editor)
	require.Contains(t, owner.exits(0, "migrate", "--roles").err, "up to date")
	script := owner.exits(0, "migrate", "--roles", "--print").out
	for _, part := range []string{"grant read", "but ("} {
		require.NotContains(t, script, part)
	}
	require.Contains(t, script, `grant select, insert, update on profilesync.push to "`+names.Daemon+`";`)
	require.Contains(t, script, `revoke execute on function pg_advisory_lock(bigint)`)
	for line := range strings.Lines(script) {
		require.True(t, strings.HasSuffix(line, ";\n"), line)
	}
	require.Contains(t, s.exits(2, "migrate", "--print").err, "--print goes with --roles")

	s.write("insert into profile (code, name, type) values ('FA001', 'First', 'pharmacy')")
	editor := pgtest.Connect(t, pgtest.As(t, s.url, names.Editor))
	_, err := editor.Exec(t.Context(), "set profilesync.actor = 'u-7'; update profile set phone = '0113 496 0001'")
	require.NoError(t, err)
	history := s.history("FA001")
	require.Equal(t, [2]string{"u-7", names.Editor}, [2]string{history[1].Actor, history[1].Role})
	require.Contains(t, s.exits(0, "profile", "history", "FA001").out, "u-7 (as "+names.Editor+")")
}

// A daemon that logged in as the owner says so, since nothing keeps it from changing
// the audit; as the daemon it says nothing.
func TestServeWarnsOfTheOwner(t *testing.T) {
	t.Parallel()
	const warning = "logged in as the owner of the tables"
	s := newSite(t)
	require.NotContains(t, s.serve().log(), warning)
	require.Contains(t, s.with("DATABASE_URL="+s.url).serve().log(), warning)
}

// A row from before a rule is listed by every migrate, until somebody mends it; then
// the rule is one for all rows.
func TestMigrateListsRowsFromBeforeARule(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.with("DATABASE_URL=" + s.url)
	const listed = "kept until somebody mends it: opening_period of profile FA001 breaks opening_period_to_the_minute (rows: 1)"
	const blank = "profile FA001 breaks profile_is_plain (description: it is blank: write what visitors should know, or leave it empty)"
	s.write("insert into profile (code, name, type) values ('FA001', 'First', 'pharmacy')")
	s.write(`alter table opening_period drop constraint opening_period_to_the_minute; alter table opening_period disable trigger user;
		insert into opening_period (code, day, opens, closes) values ('FA001', 'mon', '09:00:30', '17:00');
		alter table opening_period add constraint opening_period_to_the_minute check (why_no_period(opens, closes) is null) not valid;
		alter table opening_period enable trigger user; alter table profile disable trigger user;
		update profile set description = e' \n\u00a0'; alter table profile enable trigger user`)
	for range 2 {
		said := owner.exits(0, "migrate").err
		require.Contains(t, said, listed)
		require.Contains(t, said, blank)
	}
	s.write("update opening_period set opens = '09:00'")
	s.write("update profile set description = ''")
	require.NotContains(t, owner.exits(0, "migrate").err, "kept until")
	conn := pgtest.Connect(t, s.url)
	var unsure int
	require.NoError(t, conn.QueryRow(t.Context(), "select count(*) from pg_constraint where not convalidated").Scan(&unsure))
	require.Zero(t, unsure)
}
