package watchstore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres/watchstore/watchsql"
)

// Queues counts the jobs that live, by queue and state, and says when each schedule was
// last due.
func (s *Store) Queues(ctx context.Context) (queues []QueueDepth, ran []ScheduleAge, err error) {
	var w Watched
	err = s.inTx(ctx, func(q *watchsql.Queries, _ pgx.Tx) error {
		if err := w.readQueues(ctx, q); err != nil {
			return err
		}
		return w.readSchedules(ctx, q)
	})
	return w.Queues, w.Schedules, err
}
