package watchstore

import (
	"context"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/watchstore/watchsql"
)

// DatabaseState is the state of the database's server and of the processes that use it.
type DatabaseState struct {
	Bytes   int // size of the database
	Used    int // connections of the server, to all its databases
	Allowed int // how many connections ordinary roles may have together
	Daemons int // that live now
	Lost    int // processes that were found gone in the last hour, instead of stopping
}

func (s *DatabaseState) read(ctx context.Context, q *watchsql.Queries) error {
	row, err := q.WatchDatabase(ctx)
	if err != nil {
		return postgres.Wrap(err, "server")
	}
	*s = DatabaseState(row)
	return nil
}
