package queue

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// The outcomes of an attempt at a job, as the metrics name them.
const (
	OutcomeDone        = "done"
	OutcomeFailed      = "failed"    // will be retried
	OutcomeDiscarded   = "discarded" // failed for the last time
	OutcomeCancelled   = "cancelled" // by its worker or by a person; not retried
	OutcomeSnoozed     = "snoozed"   // waits; costs no attempt
	OutcomeInterrupted = "interrupted"
)

// Outcomes lists every outcome of an attempt at a job.
func Outcomes() []string {
	return []string{OutcomeDone, OutcomeFailed, OutcomeDiscarded, OutcomeCancelled, OutcomeSnoozed, OutcomeInterrupted}
}

// Observe is called after every attempt at a job with its kind, its outcome,
// how long it ran, and how long it waited after it could have started. It must
// not block.
type Observe func(kind, outcome string, ran, waited time.Duration)

// Observer is the middleware that calls Observe. It is a middleware because
// River drops events if their reader is slow.
type Observer struct {
	river.WorkerMiddlewareDefaults
	observe Observe
	now     func() time.Time
}

// NewObserver returns the middleware; observe may be nil.
func NewObserver(observe Observe) *Observer {
	if observe == nil {
		observe = func(string, string, time.Duration, time.Duration) {}
	}
	return &Observer{observe: observe, now: time.Now}
}

// Work works the job and reports it. A panic is passed on to River, which turns
// it into a failure.
func (o *Observer) Work(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) (err error) {
	began, panicked := o.now(), true
	defer func() {
		outcome := afterAttempt(ctx, job, err)
		if panicked {
			outcome = afterFailure(job)
		}
		// the database's clock may be ahead of ours
		o.observe(job.Kind, outcome, o.now().Sub(began), max(0, began.Sub(job.ScheduledAt)))
	}()
	err = work(ctx)
	panicked = false
	return err
}

// afterAttempt returns the outcome that River derives from the error, by the
// rules and in the order of its executor (river v0.51.2, internal/jobexecutor,
// reportResult).
func afterAttempt(ctx context.Context, job *rivertype.JobRow, err error) string {
	var (
		snooze *rivertype.JobSnoozeError
		cancel *rivertype.JobCancelError
		cause  = context.Cause(ctx)
	)
	switch {
	case err == nil:
		return OutcomeDone
	case errors.Is(cause, rivertype.ErrJobCancelledRemotely):
		return OutcomeCancelled
	case errors.As(err, &snooze):
		return OutcomeSnoozed
	case errors.As(err, &cancel):
		return OutcomeCancelled
	case cause != nil && errors.Is(err, context.Canceled):
		// River hides the cause of a stop; nothing else cancels this context, since the timeout is set on an inner one.
		return OutcomeInterrupted
	default:
		return afterFailure(job)
	}
}

func afterFailure(job *rivertype.JobRow) string {
	if job.Attempt >= job.MaxAttempts {
		return OutcomeDiscarded
	}
	return OutcomeFailed
}
