package accessstore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

func TestASessionThatHasExpiredIsNone(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	store := accessstore.New(db.DB)
	sessions := store.Sessions()
	for _, hash := range []string{"lives", "expired"} {
		require.NoError(t, sessions.CommitCtx(accessstore.Of(t.Context(), "u-"+hash), hash, []byte(hash), time.Now().Add(time.Hour)))
	}
	db.Exec("update session set expires_at = now() - interval '1 second' where token_hash = 'expired'")
	for hash, there := range map[string]bool{"lives": true, "expired": false} {
		_, found, err := sessions.FindCtx(t.Context(), hash)
		require.NoError(t, err)
		require.Equal(t, there, found, hash)
	}
	list, err := store.SignedIn(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "u-lives", list[0].Actor)
}

func TestKeysAreKeptForADay(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(
		`insert into idempotency_key (principal, key, at)
			select 'ann', h::text, now() - interval '1 hour' * h from unnest('{1,23,25}'::int[]) h`,
	)
	require.NoError(t, accessstore.New(db.DB).Prune(t.Context()))
	require.Equal(t, []string{"1", "23"}, pgtest.All[string](db, "select key from idempotency_key order by key"))
}

func TestTheLatestActionsOfAnActorComeFirst(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(`insert into action (actor, person, verb, operation, subject, outcome, ended_at)
		select case n % 2 when 0 then 'ann' else 'bob' end, true, 'approve', 'approve', n::text, 'done', now() from generate_series(1, 8) n`)
	done, err := accessstore.New(db.DB).Actions(t.Context(), accessstore.ActionFilter{Actor: "ann", Most: 3})
	require.NoError(t, err)
	var subjects []string
	for _, a := range done {
		subjects = append(subjects, a.Subject)
	}
	require.Equal(t, []string{"8", "6", "4"}, subjects)
}
