package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/robfig/cron/v3"

	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Tick queues what is due, every half minute. It is the only schedule kept in a
// process's memory. All others are kept in the schedule_run ledger, so that
// nothing that fell due while no daemon ran is lost.
type Tick struct{}

// Kind names the job.
func (Tick) Kind() string { return "tick" }

// InsertOpts allows one queued job at a time. A tick that fails is not retried:
// the next one comes anyway.
func (Tick) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queue.Control, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: queue.Live()}}
}

const tickEvery = 30 * time.Second

// Missed is the policy for what fell due while no daemon ran.
type Missed bool

// The policies for missed runs of a schedule.
const (
	NewestOnly Missed = false // for pulls: the newest one brings everything
	EveryOne   Missed = true  // for reports: each day has its own
)

// Schedule queues jobs at given times.
type Schedule struct {
	Name   string
	When   cron.Schedule
	Missed Missed
	Jobs   []river.JobArgs
}

// At parses a cron expression in London time. Nothing may be due between 00:30
// and 02:00, when clocks change: it would be skipped or run twice.
func At(expression string) (cron.Schedule, error) {
	when, err := cron.ParseStandard("CRON_TZ=Europe/London " + expression)
	if err != nil {
		return nil, fmt.Errorf("schedule %q: %w", expression, err)
	}
	// Two days cover every time of day that a daily schedule can name.
	noon := time.Date(2026, time.January, 1, 12, 0, 0, 0, profile.London())
	for due := when.Next(noon); due.Before(noon.AddDate(0, 0, 2)) && !due.IsZero(); due = when.Next(due) {
		if minute := due.Hour()*60 + due.Minute(); minute >= 30 && minute < 120 {
			return nil, fmt.Errorf("schedule %q: nothing may be due between 00:30 and 02:00, when clocks change", expression)
		}
	}
	return when, nil
}

// Ledger is the record of what was due, within one transaction.
type Ledger interface {
	Tx() pgx.Tx
	Last(ctx context.Context, name string) (due time.Time, ok bool, err error)
	Record(ctx context.Context, name string, due time.Time, job int64) error
}

// tickStore gives the ledger to one process at a time, and lists the runs that
// no process is working.
type tickStore interface {
	WithLedger(ctx context.Context, work func(Ledger) error) error
	Unfinished(ctx context.Context) ([]runs.Run, error)
}

type tickWorker struct {
	river.WorkerDefaults[Tick]
	store     tickStore
	schedules []Schedule
	now       func() time.Time
}

func (w *tickWorker) Work(ctx context.Context, _ *river.Job[Tick]) error {
	client := river.ClientFromContext[pgx.Tx](ctx)
	if err := takeOver(ctx, client, w.store); err != nil {
		return err
	}
	return w.store.WithLedger(ctx, func(l Ledger) error {
		for _, s := range w.schedules {
			if err := s.enqueueDue(ctx, client, l, w.now()); err != nil {
				return fmt.Errorf("schedule %s: %w", s.Name, err)
			}
		}
		return nil
	})
}

// enqueueDue queues what fell due since the ledger's last entry. A new schedule
// starts now.
func (s Schedule) enqueueDue(ctx context.Context, client *queue.Client, l Ledger, now time.Time) error {
	last, seen, err := l.Last(ctx, s.Name)
	if err != nil {
		return err
	}
	if !seen {
		return l.Record(ctx, s.Name, now, 0)
	}
	for _, due := range s.due(last, now) {
		var first int64
		for _, args := range s.Jobs {
			inserted, err := client.InsertTx(ctx, l.Tx(), args, nil)
			if err != nil {
				return err
			}
			if first == 0 {
				first = inserted.Job.ID
			}
		}
		if err := l.Record(ctx, s.Name, due, first); err != nil {
			return err
		}
	}
	return nil
}

// Longest is the longest time between two moments at which the schedule is due, of those
// that begin in the eight days from the given one.
func (s Schedule) Longest(from time.Time) (longest time.Duration) {
	for due := s.When.Next(from); due.Before(from.AddDate(0, 0, 8)) && !due.IsZero(); due = s.When.Next(due) {
		longest = max(longest, s.When.Next(due).Sub(due))
	}
	return longest
}

// due returns the times to queue jobs for, by the schedule's policy.
func (s Schedule) due(last, now time.Time) (due []time.Time) {
	for next := s.When.Next(last); !next.IsZero() && !next.After(now); next = s.When.Next(next) {
		if s.Missed == NewestOnly {
			due = due[:0]
		}
		due = append(due, next)
	}
	return due
}

// takeOver queues jobs for runs that have none: a command started them and was
// killed.
func takeOver(ctx context.Context, client *queue.Client, store tickStore) error {
	runs, err := store.Unfinished(ctx)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if _, err := client.Insert(ctx, runjobs.Reconcile{Run: run.ID, Source: run.Source}, nil); err != nil {
			return fmt.Errorf("taking run %d over: %w", run.ID, err)
		}
	}
	return nil
}
