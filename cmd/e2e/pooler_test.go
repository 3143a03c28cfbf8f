package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

func TestBehindAPoolerInTransactionModeNothingStarts(t *testing.T) {
	t.Parallel()
	const sessions = `select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
	for name, direct := range map[string]string{"migrated": pgtest.URL(t), "empty": pgtest.Empty(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := bareSite(t)
			s.url = direct
			pooled := s.with("DATABASE_URL="+pgproxy.NewPooler(t, direct, pgproxy.PoolerOptions{Ready: 2}), "ODS_DOWNLOADS_URL="+nobody,
				"HTTP_ADDRESS=127.0.0.1:0", "API_ADDRESS=off")
			for _, args := range [][]string{{"migrate"}, {"serve"}, {"runs", "list"}, {"reconcile", "--report", "etr", "--wait"}} {
				o := pooled.exits(1, args...)
				require.Contains(t, o.err, postgres.ErrPooled.Error())
				require.Empty(t, o.out)
			}
			require.Positive(t, s.count(sessions), "the pooler keeps its sessions")
			require.Zero(t, s.count(`select count(*) from pg_locks l join pg_database d on d.oid = l.database
				where d.datname = current_database() and l.pid <> pg_backend_pid()`), "nothing is locked")
			require.Zero(t, s.count(`select count(*) from pg_prepared_xacts`))
			if name == "empty" {
				require.Zero(t, s.count(`select count(*) from pg_namespace where nspname = 'profilesync'`), "nothing was made")
			}
			s.with("DATABASE_URL="+direct).exits(0, "migrate")
		})
	}
}

func TestBehindAPoolerInSessionModeItWorks(t *testing.T) {
	t.Parallel()
	direct := pgtest.Empty(t)
	pooled := pgproxy.NewPooler(t, direct, pgproxy.PoolerOptions{InSessionMode: true})
	s := bareSite(t).with("ODS_DOWNLOADS_URL="+nobody, "DATABASE_URL="+pooled)
	s.url = direct
	s.exits(0, "migrate")
	require.Equal(t, "done", s.reconcile(0, madeUp(t, "edispensary", 20), madeUpDay).State)
	d := s.serve()
	d.stop()
}
