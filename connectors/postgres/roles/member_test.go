package roles_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/roles"
)

// A login is believed if it is a member of the daemon's role, whether it inherits or
// not; a right to write all data makes nobody the daemon.
func TestWhoIsTheDaemon(t *testing.T) {
	t.Parallel()
	w := newGranted(t)
	names := pgtest.Roles(t)
	member, writer := w.SQL.Config().Database+"_member", w.SQL.Config().Database+"_writer"
	t.Cleanup(func() { // roles outlive the database
		both := member + ", " + writer
		_, err := w.SQL.Exec(context.WithoutCancel(t.Context()), "drop owned by "+both+"; drop role "+both)
		require.NoError(t, err)
	})
	w.Exec(fmt.Sprintf("create role %s login noinherit in role %s", member, names.Daemon))
	w.Exec(fmt.Sprintf("create role %[1]s login in role pg_write_all_data, pg_read_all_data; "+
		"grant usage on schema profilesync to %[1]s", writer))
	for role, want := range map[string]error{
		names.Daemon: nil, names.Editor: postgres.ErrNotDaemon, names.Reader: postgres.ErrNotDaemon,
		member: nil, writer: postgres.ErrNotDaemon,
	} {
		address := pgtest.As(t, w.URL, role)
		if role == member {
			address += "&role=" + names.Daemon
		}
		db, err := postgres.Open(t.Context(), address, postgres.Options{})
		require.NoError(t, err, role)
		require.ErrorIs(t, db.RequireDaemon(t.Context()), want, role)
		db.Close()
	}
}

// A dump that was restored whole has lost what was revoked of the server's own
// functions: migrating brings it back.
func TestRenewingKeepsEditorsFromLocks(t *testing.T) {
	t.Parallel()
	w := newGranted(t)
	w.Exec("grant execute on function pg_advisory_lock(bigint) to public")
	may := func() bool {
		return pgtest.One[bool](w, "select has_function_privilege($1, 'pg_advisory_lock(bigint)', 'execute')", pgtest.Roles(t).Editor)
	}
	require.True(t, may())
	require.NoError(t, roles.Renew(t.Context(), w.URL, pgtest.Roles(t)))
	require.False(t, may())
}
