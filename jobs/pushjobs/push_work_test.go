package pushjobs

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// TestAnswersAndActions is the table of answers and actions.
func TestAnswersAndActions(t *testing.T) {
	t.Parallel()
	const (
		before = 2               // failures in a row
		some   = 4 * time.Second // minimum wait after one more failure
		wanted = push.Wanted
	)
	for name, c := range map[string]struct {
		receipt  push.Receipt
		err      error
		state    push.State
		attempt  string
		unclear  bool // after a first attempt; after an unclear one, only acceptance makes it clear
		failures int
		waits    time.Duration // at least
		pushes   int
		paused   string
	}{
		"accepted":  {receipt: push.Receipt{Status: 200, Version: "v1"}, state: push.Accepted, attempt: "accepted", pushes: 1},
		"unchanged": {receipt: push.Receipt{Status: 200, Unchanged: true}, state: push.Accepted, attempt: "unchanged", pushes: 1},
		"refused":   {err: answers(push.AnswerRefused), state: push.Refused, attempt: "refused", failures: before + 1, pushes: 1},
		"unauthorized": {
			err: answers(push.AnswerUnauthorized), state: wanted, attempt: "unauthorized",
			failures: before, pushes: 1, paused: "unauthorized",
		},
		"down": {err: answers(push.AnswerDown), state: wanted, attempt: "down", failures: before, pushes: 1, paused: "down"},
		"conflict": {
			err: answers(push.AnswerConflict), state: wanted, attempt: "conflict",
			failures: before + 3, waits: 4 * some, pushes: 3,
		},
		"unclear": {
			err: answers(push.AnswerUnclear), state: wanted, attempt: "unclear",
			unclear: true, failures: before + 1, waits: some, pushes: 1,
		},
		"not a sink error": {
			err: errors.New("EOF"), state: wanted, attempt: "unclear",
			unclear: true, failures: before + 1, waits: some, pushes: 1,
		},
		"later": {
			err:   &push.SinkError{Answer: push.AnswerLater, Wait: time.Hour},
			state: wanted, attempt: "later", failures: before + 1, waits: time.Hour, pushes: 1,
		},
		"later, some time": {
			err: answers(push.AnswerLater), state: wanted, attempt: "later",
			failures: before + 1, waits: some, pushes: 1,
		},
		"unclear, asks to wait": {
			err:   &push.SinkError{Answer: push.AnswerUnclear, Status: 503, Wait: time.Hour},
			state: wanted, attempt: "unclear", unclear: true, failures: before + 1, waits: time.Hour, pushes: 1,
		},
	} {
		for _, unclear := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, unclear before: %t", name, unclear), func(t *testing.T) {
				t.Parallel()
				desired := desiredState(pharmacy, "Boots", "0113")
				desired.Profile.Values.Set(fWeb, "https://a.example")
				b := newBench(untagged, desired)
				b.row.Failures, b.sink.pushes = before, always(c.receipt, c.err)
				b.sink.shows = showing(push.Shown{Entries: entry(profile.Values{})}, nil)
				if unclear {
					b.unclear(untagged, desired)
				}
				o := b.push(t, false)

				require.Equal(t, c.state, o.State)
				require.Equal(t, c.attempt, o.Attempt)
				require.Equal(t, c.failures, o.Failures)
				require.Equal(t, c.unclear || unclear && c.err != nil, o.Unclear)
				require.GreaterOrEqual(t, o.Wait, c.waits)
				require.Equal(t, c.waits == 0, o.Wait == 0)
				require.Len(t, b.sink.pushed, c.pushes)
				require.Equal(t, c.paused, b.paused[untagged.Name])
				require.Equal(t, c.err == nil, o.AcceptedHash == desired.Hash(untagged, desired.Stated(untagged)))
				require.Equal(t, []push.Outcome{o}, b.settled)
				require.Equal(t, unclear, b.sink.calls[0] == "show", "an unclear push is read back before anything is sent")
				if unclear {
					require.Equal(t, int64(7), b.sink.pushed[0].Sequence, "the same content under the same number")
				}
			})
		}
	}
}

func TestAnUnclearPushIsSentAgainAsItWas(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(int) (push.Shown, error){
		"not found there": showing(push.Shown{}, nil),
		"the state before": showing(push.Shown{Sequence: 3, Entries: entry(values(map[profile.Field]string{
			fPhone: "1", fWeb: "https://kept.example",
		}))}, nil),
		"cannot be read": showing(push.Shown{}, fmt.Errorf("off: %w", push.ErrNotRead)),
		"shows a part only": showing(push.Shown{Entries: entry(values(map[profile.Field]string{
			fPhone: "0113", fWeb: "https://kept.example",
		}))}, nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(untagged, desiredState(pharmacy, "Boots", "0113"))
			filled := push.Shown{Entries: entry(values(map[profile.Field]string{fWeb: "https://kept.example"}))}
			b.sink.shows, b.sink.pushes = showing(filled, nil), always(push.Receipt{}, answers(push.AnswerUnclear))
			b.push(t, false)
			b.sink.shows = read
			b.push(t, false)
			require.Equal(t, []string{"show", "push", "show", "push"}, b.sink.calls)
			require.Equal(t, b.sink.pushed[0], b.sink.pushed[1], "same number, key, values and times")
			require.Equal(t, "https://kept.example", b.sink.pushed[1].Values.Get(fWeb))
			require.Len(t, b.staged, 1)
		})
	}
}

func TestIdempotencyKeyDependsOnProfileSinkAndNumber(t *testing.T) {
	t.Parallel()
	keys := map[string]bool{}
	for _, sink := range push.Sinks() {
		for _, code := range []profile.ODSCode{"FA123", "FA124"} {
			for number := range int64(3) {
				key := idempotencyKey(sink, code, number)
				require.Equal(t, key, idempotencyKey(sink, code, number))
				keys[key] = true
			}
		}
	}
	require.Len(t, keys, 12)
	require.Equal(t, "7d6527ad-7f22-5baa-8aa3-109678247fc4", idempotencyKey(push.SinkDoS, "FA123", 1),
		"stable across versions of the program")
}

func TestAPushSeenOnReadingBackIsNotSentAgain(t *testing.T) {
	t.Parallel()
	all := values(map[profile.Field]string{fName: "Boots", fPhone: "0113"})
	other := values(map[profile.Field]string{fName: "Boots", fPhone: "0"})
	for name, c := range map[string]struct {
		route push.Route
		shown push.Shown
		seen  bool
	}{
		"its number":                     {tagged, push.Shown{Entries: entry(profile.Values{}), Sequence: 7, Version: "v7"}, true},
		"a lower number":                 {tagged, push.Shown{Entries: entry(all), Sequence: 6}, false},
		"a higher number, not ours":      {tagged, push.Shown{Entries: entry(all), Sequence: 999}, false},
		"no number, all of it":           {tagged, push.Shown{Entries: entry(all), Version: "v7"}, true},
		"no number, something else":      {tagged, push.Shown{Entries: entry(other)}, false},
		"no number, names are not shown": {untagged, push.Shown{Entries: entry(all)}, false},
		"nothing":                        {tagged, push.Shown{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			desired := desiredState(pharmacy, "Boots", "0113")
			b := newBench(c.route, desired)
			b.unclear(c.route, desired)
			b.sink.shows, b.sink.pushes = showing(c.shown, nil), always(push.Receipt{}, nil)
			o := b.push(t, false)
			require.Equal(t, push.Accepted, o.State)
			require.False(t, o.Unclear)
			require.Equal(t, !c.seen, len(b.sink.pushed) == 1)
			if c.seen {
				require.Equal(t, push.AttemptSeen, o.Attempt)
				require.Equal(t, int64(7), o.AcceptedSequence)
				require.Equal(t, c.shown.Version, b.row.Version)
			}
			calls := len(b.sink.calls)
			require.Empty(t, b.push(t, false).Attempt)
			require.Len(t, b.sink.calls, calls, "pushing again asks nothing")
		})
	}
}

// A was accepted although its answer was lost; B, wanted since, fails.
func TestASeenPushIsRecordedEvenIfTheNextFails(t *testing.T) {
	t.Parallel()
	for _, answer := range []push.Answer{
		push.AnswerRefused, push.AnswerUnauthorized, push.AnswerConflict, push.AnswerLater,
		push.AnswerUnclear, push.AnswerDown,
	} {
		t.Run(string(answer), func(t *testing.T) {
			t.Parallel()
			a, next := desiredState(pharmacy, "A", "0113"), desiredState(pharmacy, "B", "0113")
			b := newBench(tagged, next)
			b.unclear(tagged, a)
			b.sink.shows = showing(push.Shown{Entries: entry(profile.Values{}), Sequence: 7, Version: "v7"}, nil)
			b.sink.pushes = always(push.Receipt{}, answers(answer))
			o := b.push(t, false)
			require.Equal(t, string(answer), o.Attempt)
			require.Equal(t, a.Hash(tagged, a.Stated(tagged)), b.row.AcceptedHash)
			require.Equal(t, int64(7), o.AcceptedSequence)
			require.Equal(t, "v7", b.row.Version)
			require.Equal(t, int64(8), b.sink.pushed[0].Sequence)
			require.Equal(t, "v7", b.sink.pushed[0].Version)
			require.Equal(t, answer == push.AnswerUnclear, o.Unclear, "only B can be unclear now")
		})
	}
}

func TestAnUnclearPushIsReadBeforeItIsSent(t *testing.T) {
	t.Parallel()
	for _, answer := range []push.Answer{
		push.AnswerUnclear, push.AnswerLater, push.AnswerUnauthorized, push.AnswerDown,
	} {
		desired := desiredState(pharmacy, "Boots", "0113")
		b := newBench(tagged, desired)
		b.unclear(tagged, desired)
		b.sink.shows = showing(push.Shown{}, answers(answer))
		for range 3 {
			o := b.push(t, len(b.paused) > 0)
			require.True(t, o.Unclear)
			require.Equal(t, push.Wanted, o.State)
		}
		require.Equal(t, []string{"show", "show", "show"}, b.sink.calls, "%s: nothing is sent before the sink was read", answer)
	}
}

func TestAfterAConflictTheSinkIsReadAndThePushPlannedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(tagged, desiredState(pharmacy, "Boots", "0113"))
	b.last, b.row.Version = 40, "old"
	theirs := values(map[profile.Field]string{fName: "Theirs", fWeb: "https://theirs.example"})
	b.sink.shows = showing(push.Shown{Entries: entry(theirs), Sequence: 100, Version: "new"}, nil)
	b.sink.pushes = func(n int, _ push.Delivery) (push.Receipt, error) {
		if n == 0 {
			return push.Receipt{}, &push.SinkError{Answer: push.AnswerConflict, Status: 409, Sequence: 200}
		}
		return push.Receipt{Status: 200, Version: "newest"}, nil
	}
	o := b.push(t, false)
	require.Equal(t, push.Accepted, o.State)
	require.Equal(t, []string{"push", "show", "push"}, b.sink.calls)
	first, second := b.sink.pushed[0], b.sink.pushed[1]
	require.Equal(t, int64(41), first.Sequence)
	require.Equal(t, "old", first.Version)
	require.Equal(t, int64(201), second.Sequence, "above the sink's own")
	require.NotEqual(t, first.Key, second.Key)
	require.Equal(t, "new", second.Version)
	require.False(t, first.Values.States(fWeb), "it was never stated")
	require.False(t, second.Values.States(fWeb), "left out, so that the sink keeps its own")
	require.Equal(t, "Boots", second.Values.Get(fName))
	require.Equal(t, "newest", b.row.Version)
	require.Zero(t, b.row.Failures)
}

func TestANumberIsAboveTheSinksOwn(t *testing.T) {
	t.Parallel()
	b := newBench(tagged, desiredState(pharmacy, "Boots", "0113"))
	b.sink.shows = showing(push.Shown{Entries: entry(profile.Values{}), Sequence: 100}, nil)
	b.sink.pushes = always(push.Receipt{}, answers(push.AnswerConflict))
	b.push(t, false)
	require.Equal(t, int64(1), b.sink.pushed[0].Sequence)
	require.Equal(t, int64(101), b.sink.pushed[1].Sequence)
}

// A was accepted, the outcome of B is unclear, and A is wanted again: B may
// still arrive, so A is sent again with a higher number.
func TestAThenBThenA(t *testing.T) {
	t.Parallel()
	for _, route := range []push.Route{tagged, untagged} {
		a := desiredState(pharmacy, "A", "0113")
		b := newBench(route, a)
		b.unclear(route, desiredState(pharmacy, "B", "0113"))
		b.row.AcceptedHash = a.Hash(route, a.Stated(route))
		b.sink.shows, b.sink.pushes = showing(push.Shown{Entries: entry(profile.Values{}), Sequence: 6}, nil), always(push.Receipt{}, nil)
		b.push(t, false)
		require.Equal(t, []string{"show", "push"}, b.sink.calls)
		require.Equal(t, int64(8), b.sink.pushed[0].Sequence)
		require.Equal(t, "A", b.sink.pushed[0].Values.Get(fName))
	}
}

func TestUnstatedAndHeldFields(t *testing.T) {
	t.Parallel()
	shown := values(map[profile.Field]string{fName: "Shown", fPhone: "shown", fWeb: "https://shown.example"})
	sent := values(map[profile.Field]string{fName: "Sent", fPhone: "sent"})
	for name, c := range map[string]struct {
		route push.Route
		held  []profile.Field
		sent  profile.Values
		read  func(int) (push.Shown, error)
		want  map[profile.Field]string
		calls []string
	}{
		"as the sink shows it": {
			route: untagged,
			read:  showing(push.Shown{Entries: entry(shown)}, nil),
			want:  map[profile.Field]string{fName: "Boots", fPhone: "0113", fWeb: "https://shown.example"},
			calls: []string{"show", "push"},
		},
		"an empty field that is shown counts": {
			route: untagged,
			read:  showing(push.Shown{Entries: entry(values(map[profile.Field]string{fWeb: ""}))}, nil),
			want:  map[profile.Field]string{fName: "Boots", fPhone: "0113", fWeb: ""},
			calls: []string{"show", "push"},
		},
		"not shown: not sent": {
			route: untagged,
			read:  showing(push.Shown{}, nil),
			want:  map[profile.Field]string{fName: "Boots", fPhone: "0113"},
			calls: []string{"show", "push"},
		},
		"all entries show the same in another form: as the first has it": {
			route: untagged,
			held:  []profile.Field{fPhone},
			read: showing(push.Shown{Entries: slices.Concat(entry(shown), entry(values(map[profile.Field]string{
				fPhone: "S H O W N", fWeb: "HTTPS://SHOWN.example/",
			})))}, nil),
			want:  map[profile.Field]string{fName: "Boots", fPhone: "shown", fWeb: "https://shown.example"},
			calls: []string{"show", "push"},
		},
		"held: as shown, rather than as sent": {
			route: untagged,
			held:  []profile.Field{fPhone},
			sent:  sent, read: showing(push.Shown{Entries: entry(shown)}, nil),
			want:  map[profile.Field]string{fName: "Boots", fPhone: "shown", fWeb: "https://shown.example"},
			calls: []string{"show", "push"},
		},
		"tagged: as sent last, unread": {
			route: tagged,
			held:  []profile.Field{fName},
			sent:  sent,
			want:  map[profile.Field]string{fName: "Sent", fPhone: "0113"},
			calls: []string{"push"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			desired := desiredState(pharmacy, "Boots", "0113")
			desired.Held = c.held
			b := newBench(c.route, desired)
			b.row.Sent, b.sink.shows, b.sink.pushes = c.sent, c.read, always(push.Receipt{}, nil)
			require.Equal(t, push.Accepted, b.push(t, false).State)
			require.Equal(t, c.calls, b.sink.calls)
			require.Equal(t, values(c.want), b.sink.pushed[0].Values)
			require.Equal(t, values(c.want), b.staged[0].Sent, "what is stored is what was sent")
			b.push(t, false)
			require.Len(t, b.sink.calls, len(c.calls), "filled-in fields do not cause another push")
		})
	}
}

func TestAFailedReadSendsNothing(t *testing.T) {
	t.Parallel()
	b := newBench(untagged, desiredState(pharmacy, "Boots", "0113"))
	b.sink.shows = showing(push.Shown{}, answers(push.AnswerUnclear))
	o := b.push(t, false)
	require.Equal(t, []string{"show"}, b.sink.calls)
	require.Equal(t, push.Wanted, o.State)
	require.False(t, o.Unclear, "nothing was sent")
	require.Empty(t, b.staged)
	require.Equal(t, 1, o.Failures)
	require.Positive(t, o.Wait)
}

func TestAForcedPushIsSentEvenIfNothingDiffers(t *testing.T) {
	t.Parallel()
	b := newBench(tagged, desiredState(pharmacy, "Boots", "0113"))
	b.sink.pushes = always(push.Receipt{}, nil)
	b.push(t, false)
	b.row.Forced = true
	b.push(t, false)
	b.push(t, false)
	require.Len(t, b.sink.pushed, 2)
	require.Greater(t, b.sink.pushed[1].Sequence, b.sink.pushed[0].Sequence)
	require.False(t, b.row.Forced)
	b.row.Forced, b.sink.pushes = true, always(push.Receipt{}, answers(push.AnswerLater))
	b.push(t, false)
	require.True(t, b.row.Forced, "it stays forced until it is accepted")
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for failures, most := range map[int]time.Duration{
		0: time.Second, 1: 2 * time.Second, 8: 256 * time.Second, 9: 5 * time.Minute, 1 << 20: 5 * time.Minute,
	} {
		for range 100 {
			wait := new(Pusher).backoff(failures)
			require.GreaterOrEqual(t, wait, most/2)
			require.Less(t, wait, most)
		}
	}
}
