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
	// FindLeftBehind makes due again the pushes that changes asked for and that
	// no job would deliver.
	FindLeftBehind(ctx context.Context) (pushes int, err error)
	// FollowCalendar asks for pushes when the coming bank holidays have changed.
	FollowCalendar(ctx context.Context, today profile.Date) (pushes int, err error)
	ReadChanges(ctx context.Context, today profile.Date, editDelay time.Duration) error
	DuePushes(ctx context.Context, most int) ([]push.Due, error)
	// Causes returns what each of the pushes is queued for.
	Causes(ctx context.Context, pushes []push.Due) ([]push.Cause, error)
	SetPushJobs(ctx context.Context, pushes []push.Due, jobs []int64) error
	NextDue(ctx context.Context) (wait time.Duration, ok bool, err error)
}

// dispatchStore lets one process dispatch at a time, and wakes dispatchers when
// something changes.
type dispatchStore interface {
	// WithDispatch reports false while another process is dispatching.
	WithDispatch(ctx context.Context, routes push.Routes, work func(Dispatch) error) (ours bool, err error)
	Wakeups(ctx context.Context, wake func()) error
}

// Dispatcher reads the audit and queues the pushes that its changes call for.
// It wakes when a change is committed, and sweeps every few seconds in case a
// wake-up was lost.
type Dispatcher struct {
	Store     dispatchStore
	Routes    push.Routes
	Today     func() profile.Date
	EditDelay time.Duration // how long an edit waits for the next one
	Passed    func()        // called after every successful round, and when another process is found dispatching
	// LeftBehind is called with the number of pushes that changes had asked for
	// and that no job would have delivered: it should never happen.
	LeftBehind func(pushes int)
	// Caused returns the metadata of jobs with these causes; nil: nobody wants to know.
	Caused func(context.Context, []push.Cause) [][]byte
	Log    *slog.Logger

	lastSweep time.Time // start of the last sweep
	lastNoted time.Time // when progress was last recorded
}

const (
	// maxQueued is how many jobs of a sink are queued at a time: the rest wait
	// in the push table, where they cost nothing.
	maxQueued = 1000
	// sweepEvery is how often a dispatcher looks for pushes whose jobs are
	// gone.
	sweepEvery = 10 * time.Second
	// noteEvery is how often progress is recorded, however many rounds there are.
	noteEvery = time.Second
	// maxPause is the longest wait between rounds without a wake-up.
	// whileElsewhere is the wait while another process is dispatching: its
	// round may have begun before the change that woke this one.
	maxPause       = 5 * time.Second
	whileElsewhere = 500 * time.Millisecond
	// minPause is the shortest wait between two rounds, so that a burst of
	// commits makes one round.
	minPause = 10 * time.Millisecond
	// refillPause is the wait when more is due than may be queued.
	refillPause = 100 * time.Millisecond
	// roundTimeout bounds every round but the first, which may enrol every
	// profile: a connection that hangs must not block this process for ever.
	roundTimeout      = 30 * time.Second
	firstRoundTimeout = 3 * time.Minute
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

// waitUnlessWoken waits for the given time or until woken. After a wake-up it
// still waits minPause.
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

// listen wakes the dispatcher on changes, and reconnects when its connection is
// lost.
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

// round reads what changed and queues what is due. It returns how long to wait
// before the next round.
func (d *Dispatcher) round(ctx context.Context, client *queue.Client) (wait time.Duration, err error) {
	began, within := time.Now(), roundTimeout
	sweep, note := began.Sub(d.lastSweep) >= sweepEvery, began.Sub(d.lastNoted) >= noteEvery
	if d.lastSweep.IsZero() {
		within = firstRoundTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	left := 0
	ours, err := d.Store.WithDispatch(ctx, d.Routes, func(round Dispatch) (err error) {
		if left, err = d.prepare(ctx, round, sweep, note); err != nil {
			return err
		}
		if err := round.ReadChanges(ctx, d.Today(), d.EditDelay); err != nil {
			return err
		}
		if err := d.queue(ctx, client, round); err != nil {
			return err
		}
		next, due, err := round.NextDue(ctx)
		wait = maxPause
		if due {
			wait = min(max(next, refillPause), wait)
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
	if note {
		d.lastNoted = began
	}
	if sweep {
		d.lastSweep = began
	}
	if left > 0 {
		d.LeftBehind(left)
		d.Log.ErrorContext(ctx, "changes were left behind: they are pushed now", "pushes", left)
	}
	return wait, nil
}

// prepare does what not every round needs: enrol new profiles in the first
// round, find lost pushes and follow the calendar in a sweep, and record progress
// every second. It returns how many pushes changes had asked for and no job would
// have delivered.
func (d *Dispatcher) prepare(ctx context.Context, round Dispatch, sweep, note bool) (left int, err error) {
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
		if _, err := round.FollowCalendar(ctx, d.Today()); err != nil {
			return 0, err
		}
	}
	if note {
		err = round.NoteProgress(ctx)
	}
	return left, err
}

// queue inserts the jobs of due pushes.
func (d *Dispatcher) queue(ctx context.Context, client *queue.Client, round Dispatch) error {
	due, err := round.DuePushes(ctx, maxQueued)
	if err != nil || len(due) == 0 {
		return err
	}
	inserts := make([]river.InsertManyParams, len(due))
	for i, push := range due {
		inserts[i] = river.InsertManyParams{Args: pushArgs(push)}
	}
	if d.Caused != nil {
		causes, err := round.Causes(ctx, due)
		if err != nil {
			return err
		}
		for i, metadata := range d.Caused(ctx, causes) {
			inserts[i].InsertOpts = &river.InsertOpts{Metadata: metadata}
		}
	}
	inserted, err := client.InsertManyTx(ctx, round.Tx(), inserts)
	if err != nil {
		return fmt.Errorf("queueing %d pushes: %w", len(due), err)
	}
	ids := make([]int64, len(due))
	for i, in := range inserted {
		ids[i] = in.Job.ID
	}
	return round.SetPushJobs(ctx, due, ids)
}
