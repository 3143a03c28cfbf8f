package wiring

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestHousekeepingPrunesEveryRoom(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(`insert into upload (name, created_at) values ('runs', now() - interval '2 days')`)
	db.Exec(`insert into schedule_run (name, due_at) values ('schedules', now() - interval '500 days'), ('schedules', now())`)
	db.Exec(`insert into drift_check (sink, actor, whole, started_at) values ('dos', 'pushes', true, now() - interval '500 days')`)
	db.Exec("insert into idempotency_key (principal, key, at) values ('x', 'old', now() - interval '25 hours'), ('x', 'new', now())")
	db.Exec("insert into session (token_hash, data, expires_at) values ('old', '', now() - interval '1 minute')")
	left := func() int {
		return pgtest.One[int](db, `select (select count(*) from upload) + (select count(*) from schedule_run) +
			(select count(*) from drift_check) + (select count(*) from idempotency_key) + (select count(*) from session)`)
	}
	require.Equal(t, 7, left())
	require.NoError(t, JobStore{newStore(db.DB)}.Prune(t.Context(), time.Now().AddDate(0, 0, -400)))
	require.Equal(t, 2, left(), "the entry from which the schedule continues, and a key of today")
}
