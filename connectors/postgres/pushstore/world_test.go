package pushstore_test

import (
	"testing"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is a database and its store of pushes.
type world struct {
	*pgtest.Database

	store *pushstore.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := pgtest.New(t)
	return &world{db, pushstore.New(db.DB)}
}

func day(n int) profile.Date { return profile.NewDate(2025, time.April, n) }
