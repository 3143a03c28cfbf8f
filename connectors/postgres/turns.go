package postgres

import (
	"context"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres/dbsql"
)

const (
	// paceMargin is added to the time between turns. lateTurn is how late a turn
	// may be taken: the margin of ten turns is larger, so that no second ever has
	// more requests than the limit.
	paceMargin = 0.011
	lateTurn   = 10 * time.Millisecond
)

// Turn waits until it is the client's turn, under a limit on requests per
// second that all processes share. A turn that comes too late is given up for
// one with more room after it.
func (db *DB) Turn(ctx context.Context, client string, perSecond float64) error {
	every := time.Duration(float64(time.Second) * (1 + paceMargin) / perSecond)
	for room := time.Duration(0); ; room = 2*room + lateTurn {
		asked := time.Now() //nolint:forbidigo // how late a timer is can only be measured
		seconds, err := db.q.TakeTurn(ctx, dbsql.TakeTurnParams{Client: client, Every: every + room})
		if err != nil {
			return Wrap(err, "waiting for the turn of "+client)
		}
		wait := time.Duration(max(seconds, 0) * float64(time.Second))
		timer := time.NewTimer(wait) // counted from the answer: never before the turn
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		if late := time.Since(asked) - wait; late <= lateTurn+room { //nolint:forbidigo // the same
			return nil
		}
	}
}
