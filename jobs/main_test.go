package jobs

import (
	"context"
	"testing"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// testStore lets the real store serve the jobs' interfaces, as the program does.
type testStore struct{ *postgres.Store }

func (s testStore) WithLedger(ctx context.Context, work func(Ledger) error) error {
	return s.Store.WithLedger(ctx, func(l *postgres.Ledger) error { return work(l) })
}
