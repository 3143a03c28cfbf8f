package queue_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/jobs/queue"
)

type observed struct {
	kind, outcome string
	ran, waited   time.Duration
}

// observing returns the middleware and what it reported.
func observing() (*queue.Observer, *[]observed) {
	var all []observed
	return queue.NewObserver(func(kind, outcome string, ran, waited time.Duration) {
		all = append(all, observed{kind, outcome, ran, waited})
	}), &all
}

func TestObserverReportsTheOutcome(t *testing.T) {
	t.Parallel()
	wrong := errors.New("wrong")
	cases := map[string]struct {
		err     error
		cause   error // why the job's context ended
		attempt int   // of 3
		want    string
	}{
		"done":                           {nil, nil, 1, queue.OutcomeDone},
		"done although asked to stop":    {nil, errors.New("stop"), 1, queue.OutcomeDone},
		"failed":                         {wrong, nil, 2, queue.OutcomeFailed},
		"failed for the last time":       {wrong, nil, 3, queue.OutcomeDiscarded},
		"timed out":                      {context.DeadlineExceeded, nil, 1, queue.OutcomeFailed},
		"an inner context was ended":     {context.Canceled, nil, 1, queue.OutcomeFailed},
		"cancelled":                      {fmt.Errorf("pull: %w", river.JobCancel(wrong)), nil, 1, queue.OutcomeCancelled},
		"cancelled by a person":          {context.Canceled, rivertype.ErrJobCancelledRemotely, 1, queue.OutcomeCancelled},
		"snoozed at the last attempt":    {fmt.Errorf("pull: %w", river.JobSnooze(time.Hour)), nil, 3, queue.OutcomeSnoozed},
		"stopped at the last attempt":    {fmt.Errorf("pull: %w", context.Canceled), errors.New("stop"), 3, queue.OutcomeInterrupted},
		"failed while stopping":          {wrong, errors.New("stop"), 1, queue.OutcomeFailed},
		"snoozed, cancelled by a person": {river.JobSnooze(time.Hour), rivertype.ErrJobCancelledRemotely, 1, queue.OutcomeCancelled},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			observer, reported := observing()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			err := observer.Work(ctx, &rivertype.JobRow{Kind: "pull_ods", Attempt: c.attempt, MaxAttempts: 3}, func(context.Context) error {
				if c.cause != nil {
					cancel(c.cause)
				}
				return c.err
			})
			require.Equal(t, c.err, err, "the error is passed on to River unchanged")
			require.Len(t, *reported, 1)
			require.Equal(t, "pull_ods", (*reported)[0].kind)
			require.Equal(t, c.want, (*reported)[0].outcome)
		})
	}
}

func TestObserverReportsTheTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for wait, want := range map[time.Duration]time.Duration{time.Minute: time.Minute, -time.Minute: 0} {
			observer, reported := observing()
			job := &rivertype.JobRow{Kind: "tick", ScheduledAt: time.Now().Add(-wait)}
			require.NoError(t, observer.Work(t.Context(), job, func(context.Context) error {
				<-time.After(3 * time.Second)
				return nil
			}))
			require.Equal(t, []observed{{"tick", queue.OutcomeDone, 3 * time.Second, want}}, *reported)
		}
	})
}

func TestObserverReportsAPanicAndPassesItOn(t *testing.T) {
	t.Parallel()
	for attempt, want := range map[int]string{1: queue.OutcomeFailed, 2: queue.OutcomeDiscarded} {
		observer, reported := observing()
		require.PanicsWithValue(t, "out of range", func() {
			_ = observer.Work(t.Context(), &rivertype.JobRow{Attempt: attempt, MaxAttempts: 2}, func(context.Context) error {
				panic("out of range")
			})
		})
		require.Equal(t, want, (*reported)[0].outcome)
	}
}

func TestObserverWithoutObserve(t *testing.T) {
	t.Parallel()
	var middleware rivertype.WorkerMiddleware = queue.NewObserver(nil)
	require.NoError(t, middleware.Work(t.Context(), &rivertype.JobRow{}, func(context.Context) error { return nil }))
}
