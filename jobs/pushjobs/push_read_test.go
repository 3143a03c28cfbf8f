package pushjobs

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// failedReads are all answers to a reading.
var failedReads = []push.Answer{
	push.AnswerUnclear, push.AnswerRefused, push.AnswerDown, push.AnswerUnauthorized, push.AnswerConflict, push.AnswerLater,
}

// withHours returns a sink that cannot be read, and a push that states hours.
func withHours(route push.Route, answer push.Answer) *bench {
	desired := desiredState(pharmacy, "Boots", "0113")
	desired.Profile.Values.Set(fWeekly, "mon 10:00-16:00")
	b := newBench(route, desired)
	b.sink.shows, b.sink.pushes = showing(push.Shown{}, answers(answer)), always(push.Receipt{}, nil)
	return b
}

// Opening times never wait, not even while the reader of the sink gives no answer,
// makes no sense or refuses its password. What nobody stated is as it was sent last.
func TestAFailedReadDoesNotHoldOpeningTimes(t *testing.T) {
	t.Parallel()
	for _, answer := range failedReads {
		b := withHours(hourly, answer)
		b.row.Sent = values(map[profile.Field]string{fWeb: "https://sent.example"})
		o := b.push(t, false)
		require.Equal(t, push.Accepted, o.State, answer)
		require.Equal(t, []string{"show", "push"}, b.sink.calls, "%s: it is read once", answer)
		require.Equal(t, "https://sent.example", b.sink.pushed[0].Values.Get(fWeb))
		require.Equal(t, []push.Overwrite{{Field: fWeb, Before: push.NotVisible, After: "https://sent.example"}}, b.staged[0].Overwrites)
		require.Empty(t, b.paused, answer)

		b.row.Desired.Profile.Values.Set(fPhone, "0114")
		require.Equal(t, push.AttemptUnread, b.push(t, false).Attempt, "%s: the hours were accepted, all else waits", answer)
		b.row.Desired.Profile.Values.Set(fWeekly, "mon 11:00-16:00")
		require.Equal(t, push.Accepted, b.push(t, false).State, "%s: new hours go", answer)
		require.Len(t, b.sink.pushed, 2)
	}
}

// A reader that hangs does not hold them either.
func TestAReadThatHangsDoesNotHoldOpeningTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := withHours(hourly, push.AnswerUnclear)
		b.sink.waits = true
		began := time.Now()
		require.Equal(t, push.Accepted, b.push(t, false).State)
		require.Equal(t, readTimeoutOfHours, time.Since(began))
		b.row.Desired.Profile.Values.Set(fPhone, "0114")
		require.Equal(t, push.Wanted, b.push(t, false).State)

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		b.row.Desired.Profile.Values.Set(fWeekly, "mon 11:00-16:00")
		o, err := b.pusher.Push(ctx, pharmacy, false, 0)
		require.NoError(t, err)
		require.Equal(t, push.AttemptUnread, o.Attempt, "a worker that stops sends nothing unread")
		require.Len(t, b.sink.pushed, 1)
	})
}

// A failed read is no answer to the push: it neither stops it nor pauses its route.
func TestAFailedReadIsNoAnswerToThePush(t *testing.T) {
	t.Parallel()
	for _, answer := range failedReads {
		for _, unclear := range []bool{false, true} {
			b := newBench(untagged, desiredState(pharmacy, "Boots", "0113"))
			b.sink.shows = showing(push.Shown{}, answers(answer))
			if unclear {
				b.unclear(untagged, b.row.Desired)
			}
			for failures := 1; failures <= 5; failures++ {
				o := b.push(t, false)
				require.Equal(t, push.Wanted, o.State, answer)
				require.Equal(t, push.AttemptUnread, o.Attempt, answer)
				require.Equal(t, "cannot read what dos shows: scripted", o.Reason, answer)
				require.Equal(t, 499, o.Status)
				require.Equal(t, failures, o.Failures, answer)
				require.Positive(t, o.Wait, answer)
				require.Equal(t, unclear, o.Unclear, answer)
			}
			require.Empty(t, b.sink.pushed, answer)
			require.Empty(t, b.staged, answer)
			require.Empty(t, b.paused, answer)
			b.paused[untagged.Name] = "down"
			b.push(t, true)
			require.Len(t, b.paused, 1, "%s: it does not show that the route works", answer)
			require.Equal(t, time.Second, b.probeIn, "%s: another push soon does", answer)
		}
	}
}

// Hours that were sent and may be lost go again while the sink cannot be read, and are
// the same. A sink that contradicts us must be read.
func TestHoursThatMayBeLostAreSentAgainUnread(t *testing.T) {
	t.Parallel()
	for _, answer := range failedReads {
		b := withHours(hourly, answer)
		b.sink.pushes = always(push.Receipt{}, answers(push.AnswerUnclear))
		b.push(t, false)
		b.push(t, false)
		require.Len(t, b.sink.pushed, 2, answer)
		require.Equal(t, b.sink.pushed[0], b.sink.pushed[1], "%s: the same under the same number", answer)

		b = withHours(hourly, answer)
		b.sink.pushes = always(push.Receipt{}, answers(push.AnswerConflict))
		o := b.push(t, false)
		require.Equal(t, push.Wanted, o.State, answer)
		require.Len(t, b.sink.pushed, 1, answer)
	}
}

// A push that says nothing of services may close them: it is tried to be read some more
// times first. If they were sent before, they go as they were.
func TestUnstatedServicesAreReadSomeMoreTimes(t *testing.T) {
	t.Parallel()
	route := hourly
	route.Fields = append([]profile.Field{profile.FieldServices}, hourly.Fields...)
	b := withHours(route, push.AnswerUnclear)
	for n := range readsBeforeServices {
		require.Empty(t, b.sink.pushed, n)
		o := b.push(t, false)
		require.Equal(t, n < readsBeforeServices-1, o.Attempt == push.AttemptUnread, n)
	}
	require.Len(t, b.sink.pushed, 1)

	b = withHours(route, push.AnswerUnclear)
	b.row.Sent.Set(profile.FieldServices, "SRV2000 Contraception")
	b.push(t, false)
	require.Equal(t, "SRV2000 Contraception", b.sink.pushed[0].Values.Get(profile.FieldServices))
}

// A preview says what the push does while the sink cannot be read.
func TestThePreviewOfAFailedReadIsThePush(t *testing.T) {
	t.Parallel()
	desired := func(weekly string) push.DesiredState {
		w := desiredState(pharmacy, "Boots", "0113")
		w.Profile.Values.Set(fWeekly, weekly)
		return w
	}
	for _, answer := range failedReads {
		for _, weekly := range []string{"", "mon 10:00-16:00"} {
			for _, website := range []string{"", "https://stated.example"} {
				for _, unclear := range []bool{false, true} {
					name := fmt.Sprintf("%s, hours %q, website %q, unclear %t", answer, weekly, website, unclear)
					w := desired(weekly)
					w.Profile.Values.Set(fWeb, website)
					b := newBench(hourly, w)
					b.sink.shows, b.sink.pushes = showing(push.Shown{}, answers(answer)), always(push.Receipt{}, nil)
					if unclear {
						b.unclear(hourly, w)
					}
					p, err := b.pusher.Preview(t.Context(), pharmacy)
					require.NoError(t, err)
					require.Equal(t, "scripted", p.Unread, name)
					o := b.push(t, false)
					require.Equal(t, p.IsSent(), len(b.sink.pushed) > 0, name)
					require.Equal(t, p.Reason, o.Reason, name)
					if p.IsSent() {
						require.Equal(t, p.Delivery.Values, b.sink.pushed[0].Values, name)
						require.Equal(t, p.Delivery.Filled, b.sink.pushed[0].Filled, name)
					}
				}
			}
		}
	}
}
