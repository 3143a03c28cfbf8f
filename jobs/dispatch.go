package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/reconcile"
)

// Dispatch is one round of turning changes into pushes, in one transaction.
type Dispatch interface {
	Tx() pgx.Tx
	Enrol(ctx context.Context) error
	FindLost(ctx context.Context) error
	Read(ctx context.Context, today reconcile.Date, settle time.Duration) error
	Due(ctx context.Context, most int) ([]reconcile.DuePush, error)
	Queued(ctx context.Context, pushes []reconcile.DuePush, jobs []int64) error
	Next(ctx context.Context) (wait time.Duration, ok bool, err error)
}

// dispatchStore gives rounds to one process at a time, and wakes whoever waits
// for changes.
type dispatchStore interface {
	WithDispatch(ctx context.Context, routes reconcile.Routes, work func(Dispatch) error) error
	Wakeups(ctx context.Context, wake func()) error
}

// Dispatcher reads the audit and queues the pushes that its changes call for. It
// wakes when somebody commits a change, and sweeps now and then in case a
// wake-up was lost.
type Dispatcher struct {
	Store  dispatchStore
	Routes reconcile.Routes
	Today  func() reconcile.Date
	Settle time.Duration // how long an edit waits for the next one
	Log    *slog.Logger
}

const (
	// queuedMost is how many jobs of a sink are queued at a time: the rest waits
	// in the push table, where it costs nothing.
	queuedMost = 1000
	// sweepEvery is how often a dispatcher looks without being woken.
	sweepEvery = 2 * time.Minute
	// breath is how long it waits at least between two rounds, so that a burst of
	// commits makes one.
	breath = 10 * time.Millisecond
	// refill is how soon it looks again when more is due than may be queued.
	refill = 100 * time.Millisecond
)

// Run dispatches until the context ends.
func (d *Dispatcher) Run(ctx context.Context, client *QueueClient) error {
	woken := make(chan struct{}, 1)
	var listener sync.WaitGroup
	listener.Go(func() { d.listen(ctx, woken) })
	defer listener.Wait()
	var swept time.Time
	for ctx.Err() == nil {
		sweep := time.Since(swept) >= sweepEvery
		wait, err := d.round(ctx, client, sweep, swept.IsZero())
		switch {
		case err != nil && ctx.Err() == nil:
			d.Log.ErrorContext(ctx, "dispatching pushes", "error", err)
			wait = time.Second
		case sweep && err == nil:
			swept = time.Now()
		}
		rest(ctx, woken, wait)
	}
	return nil
}

// rest waits until somebody calls, or for so long; but never less than a breath.
func rest(ctx context.Context, woken <-chan struct{}, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-woken:
		select {
		case <-ctx.Done():
		case <-time.After(breath):
		}
	}
}

// listen wakes the dispatcher, through lost connections, too.
func (d *Dispatcher) listen(ctx context.Context, woken chan<- struct{}) {
	for ctx.Err() == nil {
		err := d.Store.Wakeups(ctx, func() {
			select {
			case woken <- struct{}{}:
			default:
			}
		})
		if ctx.Err() == nil {
			d.Log.WarnContext(ctx, "listening for changes: trying again", "error", err)
			rest(ctx, nil, time.Second)
		}
	}
}

// round reads what changed and queues what is due. It returns how long it is
// until the next round.
func (d *Dispatcher) round(ctx context.Context, client *QueueClient, sweep, first bool) (wait time.Duration, err error) {
	err = d.Store.WithDispatch(ctx, d.Routes, func(round Dispatch) error {
		if first {
			if err := round.Enrol(ctx); err != nil {
				return err
			}
		}
		if sweep {
			if err := round.FindLost(ctx); err != nil {
				return err
			}
		}
		if err := round.Read(ctx, d.Today(), d.Settle); err != nil {
			return err
		}
		if err := d.queue(ctx, client, round); err != nil {
			return err
		}
		next, due, err := round.Next(ctx)
		wait = sweepEvery
		if due {
			wait = min(max(next, refill), wait)
		}
		return err
	})
	return wait, err
}

// queue inserts the jobs of due pushes.
func (d *Dispatcher) queue(ctx context.Context, client *QueueClient, round Dispatch) error {
	due, err := round.Due(ctx, queuedMost)
	if err != nil || len(due) == 0 {
		return err
	}
	inserts := make([]river.InsertManyParams, len(due))
	for i, push := range due {
		inserts[i] = river.InsertManyParams{Args: pushArgs(push)}
	}
	inserted, err := client.InsertManyTx(ctx, round.Tx(), inserts)
	if err != nil {
		return fmt.Errorf("queueing %d pushes: %w", len(due), err)
	}
	ids := make([]int64, len(due))
	for i, in := range inserted {
		ids[i] = in.Job.ID
	}
	return round.Queued(ctx, due, ids)
}
