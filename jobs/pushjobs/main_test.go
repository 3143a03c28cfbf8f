package pushjobs

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/jobs/queue"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// database is a test's own database, with a client that queues jobs there.
type database struct {
	db     *postgres.DB
	store  *pushstore.Store
	client *queue.Client
	conn   *pgx.Conn
}

func newDatabase(t *testing.T) database {
	t.Helper()
	address := pgtest.URL(t)
	pool, err := postgres.RiverPool(t.Context(), address, postgres.NewProcess())
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	client, err := queue.NewClient(riverpgxv5.New(pool), postgres.RiverSchema)
	require.NoError(t, err)
	db := pgtest.OpenURL(t, address)
	return database{db: db, store: pushstore.New(db), client: client, conn: pgtest.Connect(t, address)}
}

func (x database) count(t *testing.T, query string) (n int) {
	t.Helper()
	require.NoError(t, x.conn.QueryRow(t.Context(), query).Scan(&n))
	return n
}
