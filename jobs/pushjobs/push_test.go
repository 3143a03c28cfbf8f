package pushjobs

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

func TestARouteIsPausedWithOneLine(t *testing.T) {
	t.Parallel()
	for _, answer := range []push.Answer{push.AnswerUnauthorized, push.AnswerDown} {
		b := newBench(tagged, desiredState(pharmacy, "Boots", "0113"))
		b.sink.pushes = always(push.Receipt{}, answers(answer))
		row := b.row
		for range 5 { // these had started before the first one failed
			b.row = row
			outcome, _, err := b.pusher.deliver(t.Context(), row, false)
			require.NoError(t, err)
			require.NoError(t, b.pusher.updatePause(t.Context(), outcome, false, false))
		}
		require.Equal(t, []string{"sink paused: no push is lost, and pushing resumes automatically when the sink works again"},
			b.log.at(slog.LevelError))
		require.Equal(t, string(answer), b.paused[tagged.Name])
	}
}

func TestAPausedPushGoesBackUntouched(t *testing.T) {
	t.Parallel()
	desired := desiredState(pharmacy, "Boots", "0113")
	b := newBench(tagged, desired)
	b.unclear(tagged, desiredState(pharmacy, "Before", "0113"))
	b.paused[tagged.Name], b.row.Failures, b.row.Forced = "down", 3, true
	before := b.row
	o := b.push(t, false)
	require.Equal(t, push.Outcome{
		Code: pharmacy, Route: tagged.Name, State: push.Wanted, Sequence: 7, Unclear: true, Failures: 3,
	}, o)
	require.Equal(t, before, b.row)
	require.True(t, b.due)
	require.Empty(t, b.sink.calls)
	require.Empty(t, b.log.all)
	require.Zero(t, b.postponed)
}

func TestAProbe(t *testing.T) {
	t.Parallel()
	accepts := always(push.Receipt{Status: 200}, nil)
	answering := func(answer push.Answer) func(int, push.Delivery) (push.Receipt, error) {
		return always(push.Receipt{}, answers(answer))
	}
	shows7 := showing(push.Shown{Entries: entry(profile.Values{}), Sequence: 7}, nil)
	for name, c := range map[string]struct {
		unclear bool
		shows   func(int) (push.Shown, error)
		pushes  func(int, push.Delivery) (push.Receipt, error)
		resumes bool
	}{
		"accepted":                              {false, nil, accepts, true},
		"refused":                               {false, nil, answering(push.AnswerRefused), true},
		"later":                                 {false, nil, answering(push.AnswerLater), true},
		"conflict":                              {false, shows7, answering(push.AnswerConflict), true},
		"seen":                                  {true, shows7, nil, true},
		"unclear":                               {false, nil, answering(push.AnswerUnclear), false},
		"unauthorized":                          {false, nil, answering(push.AnswerUnauthorized), false},
		"down":                                  {false, nil, answering(push.AnswerDown), false},
		"cannot be read":                        {true, showing(push.Shown{}, answers(push.AnswerUnclear)), nil, false},
		"can be read, but pushes are refused":   {true, showing(push.Shown{}, nil), answering(push.AnswerUnauthorized), false},
		"can be read, but pushes get no answer": {true, showing(push.Shown{}, nil), answering(push.AnswerUnclear), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			desired := desiredState(pharmacy, "Boots", "0113")
			b := newBench(tagged, desired)
			if c.unclear {
				b.unclear(tagged, desired)
			}
			b.paused[tagged.Name] = "unauthorized"
			if c.shows != nil {
				b.sink.shows = c.shows
			}
			b.sink.pushes = c.pushes
			b.push(t, true)
			require.NotEmpty(t, b.sink.calls)
			require.Equal(t, c.resumes, len(b.paused) == 0)
			require.Equal(t, c.resumes, b.postponed == 0)
			require.Equal(t, c.resumes, len(b.log.at(slog.LevelInfo)) == 1, "one line when it resumes")
			require.Empty(t, b.log.at(slog.LevelError), "none while it is paused")
		})
	}
}

// A probe with nothing to send proves nothing: the next push is the probe, at
// once.
func TestAProbeWithNothingToSend(t *testing.T) {
	t.Parallel()
	for name, settle := range map[string]func(*bench){
		"it was taken before": func(b *bench) { b.row.AcceptedHash = b.row.Desired.Hash(tagged, b.row.Desired.Stated(tagged)) },
		"it is held":          func(b *bench) { b.row.Held = true },
	} {
		b := newBench(tagged, desiredState(pharmacy, "Boots", "0113"))
		b.paused[tagged.Name] = "down"
		settle(b)
		b.push(t, true)
		require.Empty(t, b.sink.calls, name)
		require.Len(t, b.paused, 1, name)
		require.Zero(t, b.postponed, name)
	}
}

func TestWhatIsNotPushed(t *testing.T) {
	t.Parallel()
	held := newBench(tagged, desiredState(pharmacy, "Boots", "0113"))
	held.row.Held = true
	require.Equal(t, push.Held, held.push(t, false).State)
	require.Empty(t, held.sink.calls)

	dentist := desiredState(pharmacy, "Smile", "0113")
	dentist.Profile.Values.Set(profile.FieldType, string(profile.DentalPractice))
	unrouted := newBench(tagged, dentist)
	o := unrouted.push(t, false)
	require.Equal(t, push.NoRoute, o.State)
	require.Empty(t, o.Route)
	require.Empty(t, unrouted.sink.calls)

	_, err := unrouted.pusher.Push(t.Context(), "FX999", false, 0)
	require.EqualError(t, err, "FX999: no push of it to dos is wanted")
}

func TestWhatIsReportedAboutPushes(t *testing.T) {
	t.Parallel()
	b := newBench(tagged, desiredState(pharmacy, "Boots", "0113"))
	b.sink.pushes = always(push.Receipt{}, answers(push.AnswerRefused))
	b.push(t, false)
	require.Equal(t, []string{"push refused"}, b.log.at(slog.LevelWarn))
	require.Equal(t, 1, b.reported)
	b.sink.pushes = always(push.Receipt{}, nil)
	b.push(t, false)
	b.push(t, false)
	require.Equal(t, []string{"push"}, b.log.at(slog.LevelDebug), "nothing was sent the last time")
	require.Equal(t, 3, b.reported)
}

func TestAnUnrecordedOutcomeIsNotReported(t *testing.T) {
	t.Parallel()
	b := newBench(tagged, desiredState(pharmacy, "Boots", "0113"))
	b.sink.pushes = always(push.Receipt{}, nil)
	b.pusher.complete = func(context.Context, pgx.Tx, []int64) error { return errors.New("no such job") }
	b.row.Job = 7
	_, err := b.pusher.Push(t.Context(), pharmacy, false, 7)
	require.EqualError(t, err, "no such job")
	require.Zero(t, b.reported)
	require.True(t, b.row.Unclear, "it is read back before it is sent again")
}

// A job that times out still records what it sent.
func TestAContextThatEndsWhileThePushIsSent(t *testing.T) {
	t.Parallel()
	b := newBench(tagged, desiredState(pharmacy, "Boots", "0113"))
	ctx, cancel := context.WithCancel(t.Context())
	b.sink.pushes = func(int, push.Delivery) (push.Receipt, error) {
		cancel()
		return push.Receipt{}, ctx.Err()
	}
	o, err := b.pusher.Push(ctx, pharmacy, false, 0)
	require.NoError(t, err)
	require.True(t, o.Unclear)
	require.Equal(t, []push.Outcome{o}, b.settled)

	b.row.Unclear, b.sink.pushes = false, always(push.Receipt{}, answers(push.AnswerDown))
	_, err = b.pusher.Push(ctx, pharmacy, false, 0)
	require.NoError(t, err)
	require.Len(t, b.paused, 1)
}

// manyProfiles is a store of many profiles, which it returns in reverse order.
type manyProfiles struct{ *memory }

func (m manyProfiles) LoadPushes(
	_ context.Context, _ push.Sink, codes []profile.ODSCode, _ profile.Date,
) (found []push.Push, _ error) {
	m.Lock()
	defer m.Unlock()
	for _, code := range slices.Backward(codes) {
		found = append(found, push.Push{Desired: desiredState(code, "Of "+string(code), "0113")})
	}
	return found, nil
}

func (m manyProfiles) StagePushes(_ context.Context, _ push.Sink, staged []push.Staged) (numbers []int64, _ error) {
	m.Lock()
	defer m.Unlock()
	for range staged {
		m.last++
		numbers = append(numbers, m.last)
	}
	return numbers, nil
}

func (m manyProfiles) RecordOutcomes(
	_ context.Context, _ push.Sink, outcomes []push.Outcome, _ func(context.Context, pgx.Tx, []int64) error,
) (recorded []bool, _ error) {
	m.Lock()
	defer m.Unlock()
	m.settled = append(m.settled, outcomes...)
	for range outcomes {
		recorded = append(recorded, true)
	}
	return recorded, nil
}

func TestManyWorkersKeepTheirPushesApart(t *testing.T) {
	t.Parallel()
	store := manyProfiles{newMemory(desiredState(pharmacy, "Boots", "0113"))}
	sink := &scripted{route: tagged}
	sink.pushes = func(_ int, d push.Delivery) (push.Receipt, error) {
		if d.Values.Get(fName) != "Of "+string(d.Code) {
			t.Errorf("%s was sent %s", d.Code, d.Values.Get(fName))
		}
		return push.Receipt{}, nil
	}
	pusher := NewPusher(PusherOptions{
		Name: push.SinkWebsite, Sink: sink, Store: store, Today: func() profile.Date { return profile.Date{} },
		ProbeEvery: time.Minute, Log: slog.New(slog.DiscardHandler), Pushed: func(push.Sink, push.Outcome) {},
	})
	var all sync.WaitGroup
	for i := range 200 {
		code := profile.ODSCode("FA" + string(rune('A'+i/26)) + string(rune('A'+i%26)))
		all.Go(func() {
			o, err := pusher.Push(t.Context(), code, false, 0)
			if err != nil || o.Code != code || o.State != push.Accepted {
				t.Errorf("%s: %+v, %v", code, o, err)
			}
		})
	}
	all.Wait()
	require.Len(t, sink.pushed, 200)
	require.Len(t, store.settled, 200)
}

func TestABatchKeepsItsOrder(t *testing.T) {
	t.Parallel()
	pusher := NewPusher(PusherOptions{
		Store: manyProfiles{newMemory(desiredState(pharmacy, "Boots", "0113"))}, Today: func() profile.Date { return profile.Date{} },
	})
	found, err := pusher.load(t.Context(), []profile.ODSCode{"FA2", "FA1", "FA3"})
	require.NoError(t, err)
	numbers, err := pusher.stage(t.Context(), []push.Staged{{Code: "FA2"}, {Code: "FA1"}, {Code: "FA3"}})
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2, 3}, numbers)
	for i, code := range []profile.ODSCode{"FA2", "FA1", "FA3"} {
		require.Equal(t, code, found[i].Code())
	}
}
