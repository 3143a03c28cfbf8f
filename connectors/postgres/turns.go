package postgres

import (
	"context"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres/dbsql"
)

const (
	// paceMargin is added to the time between turns, lateTurn is how late a turn
	// may be taken: the margin of ten turns outweighs it, so that no second ever
	// sees one request more than it should.
	paceMargin = 0.011
	lateTurn   = 10 * time.Millisecond
)

// Turn waits until it is the client's turn, under a limit that all processes
// share: so many requests a second. A turn that comes too late is given up for
// one with more room behind it.
func (db *DB) Turn(ctx context.Context, client string, perSecond float64) error {
	every := time.Duration(float64(time.Second) * (1 + paceMargin) / perSecond)
	for room := time.Duration(0); ; room = 2*room + lateTurn {
		asked := time.Now() //nolint:forbidigo // how late a timer is can only be measured
		seconds, err := db.q.TakeTurn(ctx, dbsql.TakeTurnParams{Client: client, Every: every + room})
		if err != nil {
			return Wrap(err, "waiting for the turn of "+client)
		}
		wait := time.Duration(max(seconds, 0) * float64(time.Second))
		timer := time.NewTimer(wait) // from the answer on: never before the turn
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
