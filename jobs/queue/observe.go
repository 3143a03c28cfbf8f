package queue

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// The outcomes of an attempt at a job, as they stand in the metrics.
const (
	OutcomeDone        = "done"
	OutcomeFailed      = "failed"    // will be tried again
	OutcomeDiscarded   = "discarded" // failed for the last time
	OutcomeCancelled   = "cancelled" // by its worker or by a person; not tried again
	OutcomeSnoozed     = "snoozed"   // waits; costs no attempt
	OutcomeInterrupted = "interrupted"
)

// Observe is told of every attempt at a job: its kind, its outcome, how long it
// ran, and how long it had waited since it could have begun. It must not block.
type Observe func(kind, outcome string, ran, waited time.Duration)

// Observer is the middleware that tells Observe. It counts where the work is
// done, since River drops events when their reader is slow.
type Observer struct {
	river.WorkerMiddlewareDefaults
	observe Observe
	now     func() time.Time
}

// NewObserver returns the middleware; a nil observe hears nothing.
func NewObserver(observe Observe) *Observer {
	if observe == nil {
		observe = func(string, string, time.Duration, time.Duration) {}
	}
	return &Observer{observe: observe, now: time.Now}
}

// Work works the job and tells of it. A panic goes on to River, which turns it
// into a failure.
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

// afterAttempt says what River makes of the error, by the rules and in the order
// of its executor (river v0.51.1, internal/jobexecutor, reportResult).
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
		// River hides the cause of a stop; nothing else cancels this context, for a timeout is set further in.
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
