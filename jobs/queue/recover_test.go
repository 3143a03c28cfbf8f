package queue

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"
)

func TestJobsThatThisProcessIsNotWorkingAreMissing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := NewHeldJobs()
		work := func(id int64, attempt int, err error) {
			_ = held.Work(t.Context(), &rivertype.JobRow{ID: id, Attempt: attempt}, func(context.Context) error { return err })
		}
		end := make(chan struct{})
		go func() {
			_ = held.Work(t.Context(), &rivertype.JobRow{ID: 1, Attempt: 1}, func(context.Context) error { <-end; return nil })
		}()
		synctest.Wait()
		work(2, 1, nil)
		work(3, 1, errors.New("failed"))
		work(4, 1, nil) // and was fetched again since
		running := []runningJob{{1, 1, "a"}, {2, 1, "a"}, {3, 1, "a"}, {4, 2, "a"}, {5, 1, "a"}}

		require.Empty(t, held.missing(running), "at the first check a fetched job may be in transit")
		require.Equal(t, []missingJob{{running[3], false}, {running[4], false}}, held.missing(running),
			"the queue may still be recording what ended a moment ago")
		time.Sleep(recordTimeout) //nolint:forbidigo // on synctest's clock
		held.missing(running)
		require.Equal(t, []missingJob{{running[1], true}, {running[3], false}, {running[4], false}}, held.missing(running),
			"the queue retries to record a failure for as long as the process lives")
		close(end)
	})
}

// recovering is a store where every process is gone.
type recovering struct {
	cleared, recovered, done []int64
}

func (r *recovering) ClearGone(_ context.Context, recovered func(int64, string, string)) error {
	r.cleared = append(r.cleared, 7)
	recovered(7, "tick", "another")
	return nil
}

func (r *recovering) RunningJobs(_ context.Context, _ time.Duration, each func(int64, int, string)) error {
	each(8, 1, "report")
	each(9, 1, "remind")
	return nil
}

func (r *recovering) RecoverJob(_ context.Context, job int64, _ int) (bool, error) {
	r.recovered = append(r.recovered, job)
	return true, nil
}

func (r *recovering) RecordDone(_ context.Context, job int64, _ int) (bool, error) {
	r.done = append(r.done, job)
	return true, nil
}

func TestRecoveredJobsAreCountedAndLoggedOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	store, held := &recovering{}, NewHeldJobs()
	held.ended[9] = endedWork{attempt: 1, done: true, at: time.Now().Add(-2 * recordTimeout)}
	kinds := map[string]int{}
	standing := time.Duration(0)
	r := Recovery{
		Store: store, Held: held, Process: "this", Standing: func() time.Duration { return standing },
		Recovered: func(kind string) { kinds[kind]++ }, Log: slog.New(slog.NewTextHandler(&log, nil)),
	}
	require.NoError(t, r.Once(t.Context()))
	require.Empty(t, store.cleared, "a process that was away itself does not judge others")
	standing = judgeOthersAfter
	require.NoError(t, r.Once(t.Context()))
	require.NoError(t, r.Once(t.Context()))
	require.Equal(t, []int64{8}, store.recovered)
	require.Equal(t, []int64{9}, store.done)
	require.Equal(t, map[string]int{"tick": 2, "report": 1, "remind": 1}, kinds)
	require.Equal(t, 4, strings.Count(log.String(), "level=WARN"))
}

// announcing is an announcement with scripted answers.
type announcing struct {
	renew           error
	replaced        atomic.Bool // set while it is renewed
	stopped, closed bool
}

func (a *announcing) ID() int64                   { return 5 }
func (a *announcing) Stop(context.Context) error  { a.stopped = true; return nil }
func (a *announcing) Close(context.Context) error { a.closed = true; return nil }

func (a *announcing) Renew(context.Context) error {
	if a.replaced.Load() {
		return ErrReplaced
	}
	return a.renew
}

func TestALostAnnouncementIsMadeAgainUntilTheProcessIsReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		made := []*announcing{{renew: errors.New("connection lost")}, {}}
		var calls []string
		next := 0
		a := Announcer{
			Announce: func(_ context.Context, earlier Announcement) (Announcement, error) {
				if next == 1 && len(calls) < 2 {
					return nil, errors.New("the database is down")
				}
				require.Equal(t, next > 0, earlier != nil)
				next++
				return made[next-1], nil
			},
			Answered: func() { calls = append(calls, "answered") }, Lost: func(error) { calls = append(calls, "lost") },
		}
		id, err := a.Begin(t.Context())
		require.NoError(t, err)
		require.Equal(t, int64(5), id)
		ended := make(chan error)
		go func() { ended <- a.Run(t.Context()) }()
		time.Sleep(4*renewEvery + renewEvery/2) //nolint:forbidigo // on synctest's clock
		synctest.Wait()
		require.Equal(t, []string{"lost", "lost", "answered", "answered"}, calls)
		require.True(t, made[0].closed)
		require.Equal(t, renewEvery+renewEvery/2, a.Standing())
		made[1].replaced.Store(true)
		require.ErrorIs(t, <-ended, ErrReplaced)
		a.End(t.Context(), true)
		require.True(t, made[1].stopped)
	})
}
