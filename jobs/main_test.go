package jobs

import (
	"context"
	"testing"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// testStore lets the real store serve the jobs' interfaces, as the program does.
type testStore struct{ *postgres.Store }

func (s testStore) Lock(ctx context.Context, source profile.Source) (Session, error) {
	x, err := s.Session(ctx, source)
	return testSession{x}, err
}

func (s testStore) WithLedger(ctx context.Context, work func(Ledger) error) error {
	return s.Store.WithLedger(ctx, func(l *postgres.Ledger) error { return work(l) })
}

type testSession struct{ *postgres.Session }

func (s testSession) Draft(ctx context.Context, run runs.Run, types []profile.OrgType) (Draft, error) {
	return s.Session.Draft(ctx, run, types)
}

func (s testSession) ServiceDraft(ctx context.Context, run runs.Run) (ServiceDraft, error) {
	return s.Session.ServiceDraft(ctx, run)
}
