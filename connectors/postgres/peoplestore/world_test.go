package peoplestore_test

import (
	"testing"

	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is a database and its store of people.
type world struct {
	*pgtest.Database

	store *peoplestore.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := pgtest.New(t)
	return &world{db, peoplestore.New(db.DB)}
}
