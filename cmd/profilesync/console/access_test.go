package console_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// Who administers makes no token for what they may not do, and signs others out.
func TestWhoAdministersGivesNoMoreThanTheyHave(t *testing.T) { //nolint:paralleltest // they would share two cores
	w := newWorld(t)
	eve := w.as("eve")
	eve.open("/tokens").form("Make the token").with("name", "names").with("verbs", "people").press().
		shows(http.StatusUnprocessableEntity, "You may not people yourself: leave it out")
	require.Zero(t, pgtest.One[int](w.db, "select count(*)::int from access_token"))
	eve.open("/tokens").form("Make the token").with("name", "reads").with("verbs", "read").press().shows(http.StatusOK)
	require.Equal(t, 1, pgtest.One[int](w.db, "select count(*)::int from access_token"))

	w.db.Exec("insert into session (token_hash, data, expires_at, actor) values ('x', 'x', now() + interval '1 hour', 'u-1')")
	eve.open("/actions").form("Sign out everywhere u-1").press().shows(http.StatusOK, "They are signed out everywhere", "End sessions", "u-1")
	require.Equal(t, 1, pgtest.One[int](w.db, "select count(*)::int from session where ended_at is not null"))

	eve.open("/tokens").form("Revoke reads").press().shows(http.StatusOK, "The token was revoked")
	require.Equal(t, "eve add-token reads, eve end-sessions u-1, eve revoke-token reads", pgtest.One[string](
		w.db,
		"select string_agg(concat_ws(' ', actor, operation, subject), ', ' order by id) from action where subject in ('reads', 'u-1')",
	), "each once")
}
