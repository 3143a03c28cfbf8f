package queue

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// answered is an outside system that answered with a status.
type answered struct {
	retryable, unauthorized bool
	wait                    time.Duration
}

func (answered) Error() string         { return "answered" }
func (a answered) Retryable() bool     { return a.retryable }
func (a answered) Unauthorized() bool  { return a.unauthorized }
func (a answered) Wait() time.Duration { return a.wait }

func TestErrorsOfPulls(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err       error
		temporary bool
		snooze    time.Duration
	}{
		"no answer":       {errors.New("connection refused"), true, 0},
		"5xx":             {answered{retryable: true}, true, 0},
		"429 with a wait": {answered{retryable: true, wait: time.Minute}, true, time.Minute},
		"401":             {answered{unauthorized: true}, true, pausedFor},
		"404":             {answered{}, false, 0},
		"refused content": {&profile.RefusedError{Name: "x", Why: "y"}, false, 0},
		"5xx, wrapped":    {fmt.Errorf("pulling: %w", answered{retryable: true}), true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := Unreached(test.err)
			require.Equal(t, test.temporary, IsTemporary(err))
			var snooze *river.JobSnoozeError
			if test.snooze == 0 {
				require.NotErrorAs(t, AfterError(err), &snooze)
				return
			}
			require.ErrorAs(t, AfterError(err), &snooze)
			require.Equal(t, test.snooze, snooze.Duration)
		})
	}
}
