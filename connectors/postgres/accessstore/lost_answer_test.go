package accessstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// Somebody whose command lost its answer gives it again. The token that nobody was shown
// has its name: it is revoked, and another one made.
func TestALostAnswerAboutTokensAndSessions(t *testing.T) {
	t.Parallel()
	const left = `select concat_ws(' ', 'token', name, revoked_by, count(*)) from access_token group by name, revoked_by
		union all select concat_ws(' ', 'session', actor, length(data), ended_at is null) from session
		union all select concat_ws(' ', 'action', actor, operation, subject, outcome, count(*)) from action
			group by actor, operation, subject, outcome`
	pgtest.RequireOnce(t, map[string]pgtest.LostAnswer{
		"a new token": {Statement: "AddToken", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			db := pgtest.New(t)
			store := accessstore.New(db.DB)
			return pgtest.Write{Database: db, Rows: left, Try: func() error {
				err := store.AddToken(t.Context(), "nightly", hash(1), []string{"read"}, never, ann)
				if err != nil && strings.Contains(err.Error(), "there is a token nightly already") {
					return nil
				}
				return err
			}}
		}},
		"a revoked token": {Statement: "RevokeToken", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			db := pgtest.New(t)
			store := accessstore.New(db.DB)
			require.NoError(t, store.AddToken(t.Context(), "nightly", hash(1), []string{"read"}, never, ann))
			return pgtest.Write{Database: db, Rows: left, Try: func() error {
				return pgtest.SeenOnce(store.RevokeToken(t.Context(), "nightly", bob))
			}}
		}},
		"a person signed out": {Statement: "EndSessionsOf", Begin: func(t *testing.T) pgtest.Write {
			t.Helper()
			db := pgtest.New(t)
			store := accessstore.New(db.DB)
			require.NoError(t, store.Sessions().CommitCtx(accessstore.Of(t.Context(), "u-1"), "hash", []byte("x"), time.Now().Add(time.Hour)))
			return pgtest.Write{Database: db, Rows: left, Try: func() error {
				return pgtest.SeenOnce(store.EndSessions(t.Context(), "u-1", bob))
			}}
		}},
	})
}
