package pushjobs

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

const fWeekly = profile.FieldOpeningTimes

// hourly is a sink that shows several entries, and empties the website if a push does
// not state it.
var hourly = push.Route{
	Name: "change-event", Fields: append([]profile.Field{fWeekly}, pushedFields...), Readable: []profile.Field{fPhone, fWeb, fWeekly},
	Omittable: []profile.Field{fName, fWeekly}, OnlyLogged: []profile.Field{fName},
}

// two returns what a sink with two entries shows.
func two(first, second map[profile.Field]string) push.Shown {
	return push.Shown{Code: pharmacy, Entries: []push.Entry{
		{Name: "service 1", Values: values(first)}, {Name: "service 2", Values: values(second)},
	}}
}

// What nobody stated and differs among the entries is never overwritten without a
// person, unless the push brings hours.
func TestWhatNobodyStatedIsNotOverwritten(t *testing.T) {
	t.Parallel()
	type fields = map[profile.Field]string
	const week = "mon 09:00-17:00"
	differs := two(
		fields{fPhone: "1", fWeb: "https://a.example", fWeekly: week}, fields{fPhone: "1", fWeb: "https://b.example", fWeekly: week})
	visited := two(fields{fPhone: "0113", fWeb: "https://a.example"}, fields{fPhone: "0113", fWeb: "https://b.example"})
	alike := two(fields{fPhone: "1", fWeb: "https://a.example"}, fields{fPhone: "2", fWeb: "HTTPS://A.example/"})
	overwritten := []push.Overwrite{
		{Entry: "service 2", Field: fWeb, Before: "https://b.example", After: "https://a.example"},
	}
	const reason = "website differs: service 1 shows https://a.example, service 2 shows https://b.example; nobody stated it. " +
		"State it in the profile, or `push retry FA123 --overwrite`"
	for name, c := range map[string]struct {
		weekly    string
		shown     push.Shown
		err       error
		overwrite bool

		state   push.State
		attempt string
		reason  string
		sent    fields // beside the name; nil: nothing is sent
		staged  []push.Overwrite
	}{
		"all show the same": {
			shown: alike, state: push.Accepted, attempt: "accepted", sent: fields{fPhone: "0113", fWeb: "https://a.example"},
		},
		"they differ":                    {shown: differs, state: push.Waits, reason: reason},
		"they differ, all else is right": {shown: visited, state: push.Accepted, attempt: push.AttemptSeen},
		"a person says yes": {
			shown: differs, overwrite: true, state: push.Accepted, attempt: "accepted",
			sent: fields{fPhone: "0113", fWeb: "https://a.example"}, staged: overwritten,
		},
		"the hours are as stated": {weekly: week, shown: differs, state: push.Waits, reason: reason},
		"other hours never wait": {
			weekly: "mon 10:00-16:00", shown: differs, state: push.Accepted, attempt: "accepted",
			sent: fields{fPhone: "0113", fWeb: "https://a.example", fWeekly: "mon 10:00-16:00"}, staged: overwritten,
		},
		"cannot be read": {
			err: push.ErrNotRead, state: push.Waits,
			reason: "website is not visible; nobody stated it. State it in the profile, or `push retry FA123 --overwrite`",
		},
		"cannot be read, hours": {
			weekly: week, err: push.ErrNotRead, state: push.Accepted, attempt: "accepted",
			sent: fields{fPhone: "0113", fWeekly: week}, staged: []push.Overwrite{{Field: fWeb, Before: push.NotVisible}},
		},
		"the sink shows no such organisation": {
			shown: push.Shown{}, state: push.Accepted, attempt: "accepted", sent: fields{fPhone: "0113"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			desired := desiredState(pharmacy, "Boots", "0113")
			desired.Profile.Values.Set(fWeekly, c.weekly)
			b := newBench(hourly, desired)
			b.row.Overwrite, b.row.Failures = c.overwrite, 3
			b.sink.shows, b.sink.pushes = showing(c.shown, c.err), always(push.Receipt{}, nil)
			o := b.push(t, false)
			require.Equal(t, c.state, o.State)
			require.Equal(t, c.attempt, o.Attempt)
			require.Equal(t, c.reason, o.Reason)
			require.Zero(t, o.Failures)
			require.Equal(t, c.staged, o.Overwrites)
			require.Equal(t, c.state == push.Accepted, o.AcceptedHash == desired.Hash(hourly, desired.Stated(hourly)))
			if c.sent == nil {
				require.Empty(t, b.sink.pushed, "nothing is sent")
				require.Empty(t, b.staged)
				return
			}
			sent := values(c.sent)
			sent.Set(fName, "Boots")
			require.Equal(t, sent, b.sink.pushed[0].Values)
			require.Equal(t, c.staged, b.staged[0].Overwrites, "recorded before it is sent")
			require.Equal(t, sent.States(fWeb), len(b.sink.pushed[0].Filled) > 0)
			require.Empty(t, b.push(t, false).Attempt, "pushing again sends nothing")
		})
	}
}

// A closed profile changes nothing in a sink that does not show the status.
func TestAClosedProfileOverwritesNothing(t *testing.T) {
	t.Parallel()
	desired := desiredState(pharmacy, "Boots", "0113")
	desired.Profile.Values.Set(profile.FieldStatus, string(profile.StatusClosed))
	route := hourly
	route.Fields = append(route.Fields, profile.FieldStatus)
	b := newBench(route, desired)
	b.sink.pushes = always(push.Receipt{}, nil)
	require.Equal(t, push.Accepted, b.push(t, false).State)
	require.Equal(t, []string{"push"}, b.sink.calls, "it need not be read")
}

// Hours that the sink accepted before are no reason to overwrite what cannot be read;
// hours that it never accepted are.
func TestUnreadableHoursAreUrgentUntilTheyAreAccepted(t *testing.T) {
	t.Parallel()
	for name, accepted := range map[string]bool{"accepted": true, "refused": false} {
		desired := desiredState(pharmacy, "Boots", "0113")
		desired.Profile.Values.Set(fWeekly, "mon 09:00-17:00")
		b := newBench(hourly, desired)
		b.sink.shows, b.sink.pushes = showing(push.Shown{}, push.ErrNotRead), always(push.Receipt{}, nil)
		if !accepted {
			b.sink.pushes = always(push.Receipt{}, answers(push.AnswerRefused))
		}
		b.push(t, false)
		b.row.Desired.Profile.Values.Set(fPhone, "0114")
		b.row.Unclear = false
		want := push.Waits
		if !accepted {
			want = push.Refused
		}
		require.Equal(t, want, b.push(t, false).State, name)
		require.Len(t, b.sink.pushed, map[bool]int{true: 1, false: 2}[accepted], name)
	}
}

// While it is not known whether an older push arrived, nothing counts as shown: it may
// still arrive.
func TestNothingIsSeenWhileAnOlderPushMayArrive(t *testing.T) {
	t.Parallel()
	desired := desiredState(pharmacy, "Boots", "0113")
	b := newBench(hourly, desired)
	b.unclear(hourly, desiredState(pharmacy, "Boots", "0999"))
	b.sink.shows = showing(two(
		map[profile.Field]string{fPhone: "0113", fWeb: "https://a.example"}, map[profile.Field]string{fPhone: "0113", fWeb: ""},
	), nil)
	o := b.push(t, false)
	require.Equal(t, push.Waits, o.State)
	require.True(t, o.Unclear)
	require.Empty(t, b.sink.pushed)
}
