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
