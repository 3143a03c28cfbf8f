// Package accessstore stores who may use the API and the console, and what they did
// with it.
//
//	tokens.go    tokens of machines, stored hashed
//	sessions.go  sessions of people who have signed in, stored hashed
//	actions.go   the audit of what was done
//	keys.go      requests that may be repeated, with their answers
//
// # What fences each write
//
//	write                            fence
//	token: added                     a living token has a name of its own: whoever adds it second is refused
//	token: revoked                   it has not been revoked yet
//	token: the day of its last use   the day is later than the one that stands
//	session: begun                   none: its cookie is new
//	session: extended                it has not ended: a request that was under way when its person signed out writes nothing; the
//	                                 new end is later than the one that stands
//	session: ended                   none: whoever ends it again finds it ended
//	sessions of a person: ended      they have not ended: whoever ends them second is told that there are none
//	action: begun                    none: the request is refused if its action cannot be written, and nothing is done
//	action: its outcome              outcome begun
//	key: begun                       the key is one principal's, and no row has it; without an answer, the process of the row has
//	                                 ended with all of its sessions, or the lease has
//	key: its answer                  it has none, and no other process has begun it again
package accessstore

import (
	"context"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore/accesssql"
)

// Store stores tokens, sessions, actions and repeated requests.
type Store struct {
	db *postgres.DB
	q  *accesssql.Queries
}

// New returns the store of a database.
func New(db *postgres.DB) *Store { return &Store{db: db, q: accesssql.New(db)} }

// pruneMost is how many rows housekeeping removes in one statement.
const pruneMost = 5_000

// Prune removes sessions that have expired, the keys of requests of more than a day ago,
// and actions of more than 400 days ago. Tokens stay.
func (s *Store) Prune(ctx context.Context) error {
	for _, prune := range []func(context.Context, int) (int64, error){s.q.PruneSessions, s.q.PruneKeys, s.q.PruneActions} {
		for removed := int64(pruneMost); removed == pruneMost; {
			var err error
			if removed, err = prune(ctx, pruneMost); err != nil {
				return postgres.Wrap(err, "removing old sessions, keys and actions")
			}
		}
	}
	return nil
}
