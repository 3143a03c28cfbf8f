// Package casejobs keeps the cases, and tells their owners.
//
//	look_at_cases.go   every minute: what opened and ended, and letters that must not wait
//	tell_cases.go      every working day: one letter for each recipient about all others
package casejobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// LookAtCases compares what the tables show with the cases.
type LookAtCases struct{}

// Kind names the job.
func (LookAtCases) Kind() string { return "look_at_cases" }

// InsertOpts allows one queued look at a time; the next one makes up for one that failed.
func (LookAtCases) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queue.Control, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: queue.Live()}}
}

// Periodic returns the job that River queues every minute.
func Periodic() *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(time.Minute),
		func() (river.JobArgs, *river.InsertOpts) { return LookAtCases{}, nil },
		&river.PeriodicJobOpts{RunOnStart: true})
}

// Store stores cases.
type Store interface {
	Look(ctx context.Context, at cases.Moment, pulled []string) (cases.Steps, error)
	// Letters returns the letters that are due, and of how many cases nobody can be told.
	Letters(ctx context.Context, lists map[profile.ODSCode]bool, at cases.Moment, digests bool) (l []cases.Letter, untold int, err error)
	// Tell makes them due, each once.
	Tell(ctx context.Context, lists map[profile.ODSCode]bool, at cases.Moment, digests bool) (added, untold int, err error)
}

// Calendar returns the bank holidays that the official list has named.
type Calendar interface {
	Holidays(ctx context.Context) (days, vanished []people.Holiday, err error)
}

// Keeper keeps the cases, and tells their owners.
type Keeper struct {
	Store    Store
	Busy     error // returned by the store while another process is at it
	Calendar Calendar
	Rules    people.CheckRules
	Pulled   []string                 // what the daemon pulls by itself, as "ods edispensary"
	Lists    map[profile.ODSCode]bool // the mailing lists that there are
	Now      func() time.Time
	Log      *slog.Logger
}

// Moment returns now, with the calendar and the rules.
func (k *Keeper) Moment(ctx context.Context) (cases.Moment, error) {
	days, _, err := k.Calendar.Holidays(ctx)
	return cases.Moment{Now: k.Now(), Calendar: people.NewCalendar(days), Rules: k.Rules}, err
}

// Looked is what a look did.
type Looked struct {
	Steps   cases.Steps
	Letters int // that were made due, since they must not wait
	Untold  int // cases of which nobody can be told
}

// Look looks at the cases, and makes the letters due that must not wait.
func (k *Keeper) Look(ctx context.Context) (found Looked, err error) {
	at, err := k.Moment(ctx)
	if err != nil {
		return found, err
	}
	if found.Steps, err = k.Store.Look(ctx, at, k.Pulled); err != nil {
		return found, err
	}
	if steps := found.Steps; !steps.Empty() {
		k.Log.LogAttrs(ctx, slog.LevelInfo, "cases", slog.Int("opened", len(steps.Open)), slog.Int("changed", len(steps.Update)),
			slog.Int("resumed", len(steps.Resume)), slog.Int("ended", len(steps.End)))
	}
	found.Letters, found.Untold, err = k.Store.Tell(ctx, k.Lists, at, false)
	if !found.Steps.Empty() {
		k.warn(ctx, found.Untold)
	}
	return found, err
}

// Tell looks at the cases, so that letters tell what stands even if nobody has looked for
// days, makes all letters due, and returns how many, and of how many cases nobody can be told.
func (k *Keeper) Tell(ctx context.Context) (letters, untold int, err error) {
	at, err := k.Moment(ctx)
	if err != nil {
		return 0, 0, err
	}
	if _, err := k.Store.Look(ctx, at, k.Pulled); err != nil {
		return 0, 0, err
	}
	letters, untold, err = k.Store.Tell(ctx, k.Lists, at, true)
	k.warn(ctx, untold)
	return letters, untold, err
}

// warn says that there are cases of which nobody is told.
func (k *Keeper) warn(ctx context.Context, untold int) {
	if untold > 0 {
		k.Log.LogAttrs(ctx, slog.LevelWarn, "cases: nobody can be told of them: no administrator's account is active, and there is no list",
			slog.Int("cases", untold))
	}
}

// Letters returns the letters that Tell would make due if a look found nothing new, and of
// how many cases nobody can be told.
func (k *Keeper) Letters(ctx context.Context) (letters []cases.Letter, untold int, err error) {
	at, err := k.Moment(ctx)
	if err != nil {
		return nil, 0, err
	}
	return k.Store.Letters(ctx, k.Lists, at, true)
}

type lookWorker struct {
	river.WorkerDefaults[LookAtCases]
	keeper *Keeper
}

func (*lookWorker) Timeout(*river.Job[LookAtCases]) time.Duration { return 5 * time.Minute }

func (w *lookWorker) Work(ctx context.Context, _ *river.Job[LookAtCases]) error {
	found, err := w.keeper.Look(ctx)
	if errors.Is(err, w.keeper.Busy) {
		return nil
	}
	return sendSoon(ctx, LookAtCases{}, found.Letters, err)
}

// sendSoon queues the sending of letters that a job made due.
func sendSoon(ctx context.Context, after river.JobArgs, letters int, err error) error {
	if err != nil {
		return fmt.Errorf("cases: %w", err)
	}
	if letters == 0 {
		return nil
	}
	if _, err := river.ClientFromContext[pgx.Tx](ctx).Insert(ctx, peoplejobs.SendMail{After: after.Kind()}, nil); err != nil {
		return fmt.Errorf("queueing letters: %w", err)
	}
	return nil
}

// Workers is what the jobs need.
type Workers struct{ Keeper *Keeper }

// Add adds the workers to those of the queue.
func (w Workers) Add(workers *river.Workers) error {
	return errors.Join(
		river.AddWorkerSafely(workers, &lookWorker{keeper: w.Keeper}),
		river.AddWorkerSafely(workers, &tellWorker{keeper: w.Keeper}),
	)
}
