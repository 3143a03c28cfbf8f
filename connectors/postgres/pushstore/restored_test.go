package pushstore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// A dump that is restored on a new server has a new count of transactions: every
// profile is asked for once, and changes are read from then on.
func TestDispatchGoesOnAfterARestore(t *testing.T) {
	t.Parallel()
	for name, moved := range map[string]string{
		"a server that has counted less": "update dispatch set horizon = '4000000000'",
		"a server that has counted more": "update dispatch set server = 'another', horizon = pg_snapshot_xmax(pg_current_snapshot())",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := many(t, 3)
			w.dispatch()
			require.Empty(t, w.noted())
			w.Exec(moved)
			w.Exec("update profile set phone = '111' where code = 'FA00001'")
			w.dispatch()
			require.Contains(t, w.noted(), "FA00001")
			w.dispatch()
			require.Empty(t, w.noted(), "nothing is read twice")
			w.Exec("update profile set phone = '222' where code = 'FA00002'")
			w.dispatch()
			require.Equal(t, []string{"FA00002"}, w.noted())
		})
	}
}

// After a restore every push has to read its sink first: also before the dispatcher has
// noted it. Once it was sent, or seen, it has not.
func TestAfterARestoreSinksAreReadFirst(t *testing.T) {
	t.Parallel()
	for name, moved := range map[string]string{
		"another server":   "update dispatch set place = '1' || place",
		"another timeline": "update dispatch set place = replace(place, '/0', '/F')",
		"another table":    "update dispatch set place = place || '0'",
		"a snapshot":       "update profilesync.dispatch set place = ''", // README.md, "Backup and restore"
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := many(t, 3)
			w.dispatch()
			restored := func() (all []bool) {
				pushes, err := w.store.LoadPushes(t.Context(), push.SinkDoS, []profile.ODSCode{"FA00001", "FA00002"}, day(2))
				require.NoError(t, err)
				for _, p := range pushes {
					all = append(all, p.Restored)
				}
				return all
			}
			require.Equal(t, []bool{false, false}, restored())
			w.Exec("insert into session (token_hash, data, expires_at, actor) values ('a', 'x', now() + interval '1 hour', 'u-1')")
			w.dispatch()
			const signedIn = "select count(*) from session where ended_at is null"
			require.Equal(t, 1, pgtest.One[int](w.Database, signedIn))
			w.Exec(moved)
			require.Equal(t, []bool{true, true}, restored(), "before the first round")
			w.dispatch()
			require.Zero(t, pgtest.One[int](w.Database, signedIn), "who was signed out since is not signed in again")
			require.Equal(t, []bool{true, true}, restored(), "noted for each push")
			w.Exec("update push set job_id = 7 where code = 'FA00001' and sink = 'dos'")
			numbers, err := w.store.StagePushes(t.Context(), push.SinkDoS, []push.Staged{{Code: "FA00001", Job: 7}})
			require.NoError(t, err)
			require.NotZero(t, numbers[0])
			require.Equal(t, []bool{false, true}, restored(), "what is sent from now on is known")
			w.dispatch()
			require.Equal(t, []bool{false, true}, restored())
		})
	}
}

// What a push is queued for: the edit, or the job whose run changed the profile; nothing
// once it was answered.
func TestTheCausesOfPushes(t *testing.T) {
	t.Parallel()
	w := many(t, 3)
	w.dispatch()
	w.Exec("update profile set phone = '111' where code = 'FA00001'")
	w.dispatch()
	causes := func() (found []push.Cause) {
		_, err := w.store.WithDispatch(t.Context(), push.Routes{}, func(d *pushstore.Dispatch) (err error) {
			found, err = d.Causes(t.Context(), []push.Due{{Code: "FA00002", Sink: push.SinkDoS}, {Code: "FA00001", Sink: push.SinkDoS}})
			return err
		})
		require.NoError(t, err)
		return found
	}
	newest := pgtest.One[int64](w.Database, "select max(id) from change where code = 'FA00001'")
	w.Exec("update push set answered = asked where code = 'FA00002'")
	found := causes()
	require.Empty(t, found[0].Kind, "answered")
	require.Equal(t, push.CauseEdit, found[1].Kind)
	require.Equal(t, newest, found[1].ID)
	require.False(t, found[1].At.IsZero())
}

// Noting a restore takes seconds, however many pushes there are and whatever Postgres knows
// of them: it goes through them once, and no other statement does.
func TestARestoreOfManyPushesIsNotedInSeconds(t *testing.T) {
	t.Parallel()
	w := many(t, 3)
	w.Exec(`alter table push set (autovacuum_enabled = false); alter table profile set (autovacuum_enabled = false);
		set session_replication_role = replica;
		insert into profile (code, name, type) select 'FB' || lpad(i::text, 5, '0'), 'A', 'pharmacy' from generate_series(1, 50000) i;
		insert into push (code, sink, state, route) select code, s, 'accepted', 'r' from profile, unnest('{dos,website}'::text[]) s
			where code like 'FB%';
		reset session_replication_role;
		update dispatch set place = '1' || place`)
	began := time.Now()
	w.dispatch()
	took := time.Since(began)
	require.Less(t, took, 30*time.Second)
	require.Equal(t, 100_006, pgtest.One[int](w.Database, "select count(*) from push where restored"))
	began = time.Now()
	w.dispatch()
	require.Less(t, time.Since(began), time.Second+took/4, "once")

	began = time.Now()
	pushes, err := w.store.LoadPushes(t.Context(), push.SinkDoS, []profile.ODSCode{"FB00001", "FB40000"}, day(2))
	require.NoError(t, err)
	require.Len(t, pushes, 2)
	require.Less(t, time.Since(began), time.Second+took/4, "they are found by the key")
	t.Logf("noted in %s", took)
}
