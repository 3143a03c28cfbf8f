package pushjobs

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Dispatch is one round of turning changes into pushes, in one transaction.
type Dispatch interface {
	Tx() pgx.Tx
	NoteProgress(ctx context.Context) error
	Enrol(ctx context.Context) error
	FindLost(ctx context.Context) error
	// FindLeftBehind queues again what changes asked for and nothing would bring.
	FindLeftBehind(ctx context.Context) (pushes int, err error)
	Read(ctx context.Context, today profile.Date, settle time.Duration) error
	Due(ctx context.Context, most int) ([]push.Due, error)
	Queued(ctx context.Context, pushes []push.Due, jobs []int64) error
	Next(ctx context.Context) (wait time.Duration, ok bool, err error)
}

// dispatchStore gives rounds to one process at a time, and wakes whoever waits
// for changes.
type dispatchStore interface {
	// WithDispatch reports false while another process has a round.
	WithDispatch(ctx context.Context, routes push.Routes, work func(Dispatch) error) (ours bool, err error)
	Wakeups(ctx context.Context, wake func()) error
}

// Dispatcher reads the audit and queues the pushes that its changes call for. It
// wakes when somebody commits a change, and sweeps now and then in case a
// wake-up was lost.
type Dispatcher struct {
	Store  dispatchStore
	Routes push.Routes
	Today  func() profile.Date
	Settle time.Duration // how long an edit waits for the next one
	Passed func()        // told of every round that came through, and of every look while another process has one
	// LeftBehind is told how many pushes changes had asked for and nothing would
	// have brought: there must be none.
	LeftBehind func(pushes int)
	Log        *slog.Logger

	lastSweep time.Time // last
	lastNoted time.Time // that dispatching goes on
}

const (
	// queuedMost is how many jobs of a sink are queued at a time: the rest waits
	// in the push table, where it costs nothing.
	queuedMost = 1000
	// sweepEvery is how often a dispatcher looks for what jobs left behind.
	sweepEvery = 10 * time.Second
	// lookEvery is how often it looks without being woken; elsewhere, while another
	// process has a round, which may have begun before the change that woke this one.
	lookEvery      = 5 * time.Second
	whileElsewhere = 500 * time.Millisecond
	// minPause is how long it waits at least between two rounds, so that a burst of
	// commits makes one.
	minPause = 10 * time.Millisecond
	// refill is how soon it looks again when more is due than may be queued.
	refill = 100 * time.Millisecond
	// roundWithin bounds a round, the first one apart, which may enrol every profile:
	// a connection that fell silent must not hold this process for ever.
	roundWithin      = 30 * time.Second
	firstRoundWithin = 3 * time.Minute
)

// Run dispatches until the context ends.
func (d *Dispatcher) Run(ctx context.Context, client *queue.Client) error {
	woken := make(chan struct{}, 1)
	var listener sync.WaitGroup
	listener.Go(func() { d.listen(ctx, woken) })
	defer listener.Wait()
	for ctx.Err() == nil {
		wait, err := d.round(ctx, client)
		if err != nil && ctx.Err() == nil {
			d.Log.ErrorContext(ctx, "dispatching pushes", "error", err)
			wait = time.Second
		}
		waitUnlessWoken(ctx, woken, wait)
	}
	return nil
}

// waitUnlessWoken waits until somebody calls, or for so long; but never less than a breath.
func waitUnlessWoken(ctx context.Context, woken <-chan struct{}, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-woken:
		select {
		case <-ctx.Done():
		case <-time.After(minPause):
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
			waitUnlessWoken(ctx, nil, time.Second)
		}
	}
}

// round reads what changed and queues what is due. It returns how long it is
// until the next round.
func (d *Dispatcher) round(ctx context.Context, client *queue.Client) (wait time.Duration, err error) {
	began, within := time.Now(), roundWithin
	sweep := began.Sub(d.lastSweep) >= sweepEvery
	if d.lastSweep.IsZero() {
		within = firstRoundWithin
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	left := 0
	ours, err := d.Store.WithDispatch(ctx, d.Routes, func(round Dispatch) (err error) {
		if left, err = d.prepare(ctx, round, sweep, began); err != nil {
			return err
		}
		if err := round.Read(ctx, d.Today(), d.Settle); err != nil {
			return err
		}
		if err := d.queue(ctx, client, round); err != nil {
			return err
		}
		next, due, err := round.Next(ctx)
		wait = lookEvery
		if due {
			wait = min(max(next, refill), wait)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	d.Passed()
	if !ours {
		return whileElsewhere, nil
	}
	d.lastNoted = began
	if sweep {
		d.lastSweep = began
	}
	if left > 0 {
		d.LeftBehind(left)
		d.Log.ErrorContext(ctx, "changes were left behind: they are pushed now", "pushes", left)
	}
	return wait, nil
}

// prepare is what a round does now and then: enrol what is new since the process
// began, find what was left behind, and record that dispatching goes on. It
// returns how many pushes changes had asked for and nothing would have brought.
func (d *Dispatcher) prepare(ctx context.Context, round Dispatch, sweep bool, now time.Time) (left int, err error) {
	if d.lastSweep.IsZero() {
		if err := round.Enrol(ctx); err != nil {
			return 0, err
		}
	}
	if sweep {
		if err := round.FindLost(ctx); err != nil {
			return 0, err
		}
		if left, err = round.FindLeftBehind(ctx); err != nil {
			return 0, err
		}
	}
	if now.Sub(d.lastNoted) < time.Second {
		return left, nil
	}
	return left, round.NoteProgress(ctx)
}

// queue inserts the jobs of due pushes.
func (d *Dispatcher) queue(ctx context.Context, client *queue.Client, round Dispatch) error {
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
