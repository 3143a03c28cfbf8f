package pushjobs

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// What a push filled in is compared again before it is sent again: between the number
// and the next attempt (a kill, a pause) somebody changed it in the sink.
func TestSendingAgainDoesNotOverwriteWhatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	type fields = map[profile.Field]string
	before := fields{fPhone: "1", fWeb: "https://a.example", fWeekly: "mon 09:00-17:00"}
	changed := fields{fPhone: "1", fWeb: "https://new.example", fWeekly: "mon 09:00-17:00"}
	for name, c := range map[string]struct {
		weekly     string
		shown      push.Shown
		state      push.State
		sent       string // as the website; empty: it is not sent again
		overwrites []push.Overwrite
	}{
		"in no entry":    {shown: two(before, before), state: push.Accepted, sent: "https://a.example"},
		"in all entries": {shown: two(changed, changed), state: push.Accepted, sent: "https://new.example"},
		"in one entry":   {shown: two(before, changed), state: push.Waits},
		"in one entry, hours": {
			weekly: "mon 10:00-16:00", shown: two(before, changed), state: push.Accepted, sent: "https://a.example",
			overwrites: []push.Overwrite{{Entry: "service 2", Field: fWeb, Before: "https://new.example", After: "https://a.example"}},
		},
	} {
		desired := desiredState(pharmacy, "Boots", "0113")
		desired.Profile.Values.Set(fWeekly, c.weekly)
		b := newBench(hourly, desired)
		b.sink.shows, b.sink.pushes = showing(two(before, before), nil), always(push.Receipt{}, answers(push.AnswerUnclear))
		b.push(t, false) // lost: it never reached the sink
		b.sink.shows, b.sink.pushes = showing(c.shown, nil), always(push.Receipt{}, nil)
		o := b.push(t, false)
		require.Equal(t, c.state, o.State, name)
		require.Equal(t, c.overwrites, o.Overwrites, name)
		if c.sent == "" {
			require.Len(t, b.sink.pushed, 1, name)
			continue
		}
		again := b.sink.pushed[1]
		require.Equal(t, c.sent, again.Values.Get(fWeb), name)
		require.Equal(t, name == "in no entry", again.Sequence == b.sink.pushed[0].Sequence, "%s: other content has another number", name)
	}
}

// A push has arrived if the sink shows what it stated, whatever became of the rest.
func TestWhatArrivedIsNotSentAgainForWhatItFilledIn(t *testing.T) {
	t.Parallel()
	type fields = map[profile.Field]string
	before := fields{fPhone: "1", fWeb: "https://a.example"}
	after := fields{fPhone: "0113", fWeb: "https://new.example"}
	b := newBench(hourly, desiredState(pharmacy, "Boots", "0113"))
	b.sink.shows, b.sink.pushes = showing(two(before, before), nil), always(push.Receipt{}, answers(push.AnswerUnclear))
	b.push(t, false)
	b.sink.shows = showing(two(after, after), nil)
	o := b.push(t, false)
	require.Equal(t, push.Accepted, o.State)
	require.Equal(t, push.AttemptSeen, o.Attempt)
	require.Len(t, b.sink.pushed, 1)
}
