package jobs_test

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

	"github.com/profilesync/profilesync/jobs"
)

type observed struct {
	kind, outcome string
	ran, waited   time.Duration
}

// observing returns the middleware and what it told.
func observing() (*jobs.Observer, *[]observed) {
	var all []observed
	return jobs.NewObserver(func(kind, outcome string, ran, waited time.Duration) {
		all = append(all, observed{kind, outcome, ran, waited})
	}), &all
}

func TestObserverTellsTheOutcome(t *testing.T) {
	t.Parallel()
	wrong := errors.New("wrong")
	cases := map[string]struct {
		err     error
		cause   error // why the job's context ended
		attempt int   // of 3
		want    string
	}{
		"done":                           {nil, nil, 1, jobs.OutcomeDone},
		"done although told to stop":     {nil, errors.New("stop"), 1, jobs.OutcomeDone},
		"failed":                         {wrong, nil, 2, jobs.OutcomeFailed},
		"failed for the last time":       {wrong, nil, 3, jobs.OutcomeDiscarded},
		"timed out":                      {context.DeadlineExceeded, nil, 1, jobs.OutcomeFailed},
		"an inner context was ended":     {context.Canceled, nil, 1, jobs.OutcomeFailed},
		"cancelled":                      {fmt.Errorf("pull: %w", river.JobCancel(wrong)), nil, 1, jobs.OutcomeCancelled},
		"cancelled by a person":          {context.Canceled, rivertype.ErrJobCancelledRemotely, 1, jobs.OutcomeCancelled},
		"snoozed at the last attempt":    {fmt.Errorf("pull: %w", river.JobSnooze(time.Hour)), nil, 3, jobs.OutcomeSnoozed},
		"stopped at the last attempt":    {fmt.Errorf("pull: %w", context.Canceled), errors.New("stop"), 3, jobs.OutcomeInterrupted},
		"failed while it was to stop":    {wrong, errors.New("stop"), 1, jobs.OutcomeFailed},
		"snoozed, cancelled by a person": {river.JobSnooze(time.Hour), rivertype.ErrJobCancelledRemotely, 1, jobs.OutcomeCancelled},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			observer, told := observing()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			err := observer.Work(ctx, &rivertype.JobRow{Kind: "pull_ods", Attempt: c.attempt, MaxAttempts: 3}, func(context.Context) error {
				if c.cause != nil {
					cancel(c.cause)
				}
				return c.err
			})
			require.Equal(t, c.err, err, "the error goes on to River as it is")
			require.Len(t, *told, 1)
			require.Equal(t, "pull_ods", (*told)[0].kind)
			require.Equal(t, c.want, (*told)[0].outcome)
		})
	}
}

func TestObserverTellsTheTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for wait, want := range map[time.Duration]time.Duration{time.Minute: time.Minute, -time.Minute: 0} {
			observer, told := observing()
			job := &rivertype.JobRow{Kind: "tick", ScheduledAt: time.Now().Add(-wait)}
			require.NoError(t, observer.Work(t.Context(), job, func(context.Context) error {
				<-time.After(3 * time.Second)
				return nil
			}))
			require.Equal(t, []observed{{"tick", jobs.OutcomeDone, 3 * time.Second, want}}, *told)
		}
	})
}

func TestObserverTellsOfAPanicAndLetsItGoOn(t *testing.T) {
	t.Parallel()
	for attempt, want := range map[int]string{1: jobs.OutcomeFailed, 2: jobs.OutcomeDiscarded} {
		observer, told := observing()
		require.PanicsWithValue(t, "out of range", func() {
			_ = observer.Work(t.Context(), &rivertype.JobRow{Attempt: attempt, MaxAttempts: 2}, func(context.Context) error {
				panic("out of range")
			})
		})
		require.Equal(t, want, (*told)[0].outcome)
	}
}

func TestObserverWithoutAnybodyToTell(t *testing.T) {
	t.Parallel()
	var middleware rivertype.WorkerMiddleware = jobs.NewObserver(nil)
	require.NoError(t, middleware.Work(t.Context(), &rivertype.JobRow{}, func(context.Context) error { return nil }))
}
