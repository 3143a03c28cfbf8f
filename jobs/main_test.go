package jobs

import (
	"context"
	"testing"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// testStore adapts the real store to the jobs' interfaces, as the program does.
type testStore struct {
	*runstore.Store
	db *postgres.DB
}

func newTestStore(db *postgres.DB) testStore { return testStore{runstore.New(db), db} }

func (s testStore) WithLedger(ctx context.Context, work func(Ledger) error) error {
	return s.db.WithLedger(ctx, func(l *postgres.Ledger) error { return work(l) })
}
