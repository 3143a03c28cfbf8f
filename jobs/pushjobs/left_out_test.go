package pushjobs

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// naming is a refusal that names a field while a delivery states a value of it.
func naming(f profile.Field, value string) func(int, push.Delivery) (push.Receipt, error) {
	return func(_ int, d push.Delivery) (push.Receipt, error) {
		if d.Values.Get(f) == value {
			return push.Receipt{}, &push.SinkError{
				Sink: push.SinkDoS, Answer: push.AnswerRefused, Status: 422, Reason: "refused",
				Fields: []push.LeftOut{{Field: f, Reason: "the sink refuses it"}},
			}
		}
		return push.Receipt{Status: 200, Version: "v"}, nil
	}
}

// leaves returns the outcome's fields that were left out.
func leaves(o push.Outcome) []profile.Field { return push.FieldsLeftOut(o.LeftOut) }

// A field that an answer names is left out of a second delivery with a number of its own,
// at once, and not sent again before it has changed.
func TestAFieldThatAnAnswerNamesIsLeftOutAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(tagged, desiredState(pharmacy, "High Street", "bad"))
	b.sink.pushes = naming(fPhone, "bad")
	o := b.push(t, false)
	require.Equal(t, push.Accepted, o.State)
	require.Equal(t, []profile.Field{fPhone}, leaves(o))
	require.Equal(t, "the sink refuses it", o.LeftOut[0].Reason)
	require.Equal(t, push.AttemptAccepted, o.Attempt)
	require.Len(t, b.sink.pushed, 2)
	require.Less(t, b.sink.pushed[0].Sequence, b.sink.pushed[1].Sequence)
	require.NotEqual(t, b.sink.pushed[0].Key, b.sink.pushed[1].Key)
	sent := b.sink.pushed[1]
	require.False(t, sent.Values.States(fPhone))
	require.Empty(t, sent.Edited, "the phone alone was edited")

	again := b.push(t, false)
	require.Equal(t, push.Accepted, again.State)
	require.Len(t, b.sink.pushed, 2, "there is nothing to send")
	require.Equal(t, o.LeftOut, again.LeftOut, "it is remembered")

	b.row.Desired.Profile.Values.Set(fName, "New Street")
	b.push(t, false)
	require.Len(t, b.sink.pushed, 3, "the refused value is not tried again")

	b.row.LeftOut[0].Refused = profile.Hash{} // a person asked for another try
	b.row.Forced = true
	b.push(t, false)
	require.Len(t, b.sink.pushed, 5)

	b.row.Desired.Profile.Values.Set(fPhone, "0113")
	o = b.push(t, false)
	require.Empty(t, o.LeftOut)
	require.Equal(t, "0113", b.sink.pushed[5].Values.Get(fPhone))
	b.push(t, false)
	require.Len(t, b.sink.pushed, 6)
}

// A refusal that stays, whatever is left out, is one of the whole push: each field is
// tried once.
func TestARefusalThatStaysRefusesThePush(t *testing.T) {
	t.Parallel()
	b := newBench(tagged, desiredState(pharmacy, "High Street", "0113"))
	b.sink.pushes = func(int, push.Delivery) (push.Receipt, error) {
		return push.Receipt{}, &push.SinkError{
			Sink: push.SinkDoS, Answer: push.AnswerRefused, Reason: "refused",
			Fields: []push.LeftOut{{Field: fPhone}, {Field: fName}, {Field: fWeb}},
		}
	}
	o := b.push(t, false)
	require.Equal(t, push.Refused, o.State)
	require.Len(t, b.sink.pushed, 2)
}

// The answer to the delivery without the field is lost: it is read back, and the refused
// value is not sent again, even if the process died before it was remembered.
func TestAnUnclearAnswerWithoutTheField(t *testing.T) {
	t.Parallel()
	for name, forgotten := range map[string]bool{"remembered": false, "the process died": true} {
		b := newBench(tagged, desiredState(pharmacy, "High Street", "bad"))
		refuse := naming(fPhone, "bad")
		b.sink.pushes = func(n int, d push.Delivery) (push.Receipt, error) {
			if receipt, err := refuse(n, d); err != nil || n != 1 {
				return receipt, err
			}
			return push.Receipt{}, answers(push.AnswerUnclear)
		}
		o := b.push(t, false)
		require.Equal(t, push.Wanted, o.State, name)
		require.True(t, o.Unclear)
		require.Equal(t, []profile.Field{fPhone}, leaves(o))
		if forgotten {
			b.row.LeftOut = nil
		}
		arrived := b.sink.pushed[1]
		b.sink.shows = showing(push.Shown{Entries: entry(arrived.Values), Sequence: arrived.Sequence, Version: "v"}, nil)
		o = b.push(t, false)
		require.Equal(t, push.Accepted, o.State)
		require.False(t, o.Unclear)
		require.Equal(t, []profile.Field{fPhone}, leaves(o))
		for _, d := range b.sink.pushed[2:] {
			require.True(t, forgotten, "nothing more is sent")
			require.Equal(t, "bad", d.Values.Get(fPhone))
		}
		require.LessOrEqual(t, len(b.sink.pushed), 3)
	}
}

// What we know without asking is left as the sink shows it, or as it was last sent if that
// is taken: never with a value that is not.
func TestWhatIsNotTakenIsFilledWithWhatIs(t *testing.T) {
	t.Parallel()
	const bad, good = "https://x.com", "https://good.example"
	for name, c := range map[string]struct {
		shown push.Shown
		err   error
		sent  string // last
		want  string // empty: waits
	}{
		"shown":                         {shown: push.Shown{Entries: entry(values(map[profile.Field]string{fWeb: good}))}, want: good},
		"cannot be read, good before":   {err: push.ErrNotRead, sent: good},
		"cannot be read, bad before":    {err: push.ErrNotRead, sent: bad},
		"not shown, a good one before":  {shown: push.Shown{Entries: []push.Entry{{NotVisible: []profile.Field{fWeb}}}}, sent: good},
		"not shown at all, bad before":  {sent: bad, want: "none"},
		"not shown at all, good before": {sent: good, want: good},
	} {
		desired := desiredState(pharmacy, "High Street", "0113")
		desired.Profile.Values.Set(fWeb, bad)
		b := newBench(untagged, desired)
		b.row.Sent.Set(fWeb, c.sent)
		b.sink.checks = func(d push.Delivery) (left []push.LeftOut, _ error) {
			if d.Values.Get(fWeb) == bad {
				left = append(left, push.LeftOut{Field: fWeb, Reason: "one-letter label"})
			}
			return left, nil
		}
		b.sink.shows, b.sink.pushes = showing(c.shown, c.err), always(push.Receipt{}, nil)
		o := b.push(t, false)
		require.Equal(t, []profile.Field{fWeb}, leaves(o), name)
		if c.want == "" {
			require.Equal(t, push.Waits, o.State, name)
			require.Contains(t, o.Reason, "the value stated is not taken", name)
			continue
		}
		require.Equal(t, push.Accepted, o.State, name)
		if c.want == "none" {
			require.False(t, b.sink.pushed[0].Values.States(fWeb), name)
		} else {
			require.Equal(t, c.want, b.sink.pushed[0].Values.Get(fWeb), name)
			require.Equal(t, []profile.Field{fWeb}, b.sink.pushed[0].Filled, name)
		}
	}
}

// A refusal as a whole takes no number.
func TestARefusalAsAWholeTakesNoNumber(t *testing.T) {
	t.Parallel()
	b := newBench(tagged, desiredState(pharmacy, "High Street", "0113"))
	b.sink.checks = func(push.Delivery) ([]push.LeftOut, error) { return nil, answers(push.AnswerRefused) }
	o := b.push(t, false)
	require.Equal(t, push.Refused, o.State)
	require.Equal(t, "scripted", o.Reason)
	require.Empty(t, b.staged)
	preview, err := b.pusher.Preview(t.Context(), pharmacy)
	require.NoError(t, err)
	require.Equal(t, []any{push.Refused, "scripted"}, []any{preview.State, preview.Reason})
}

// A sink that refuses only its own value, sent back, refuses the push, and the reason
// names the field.
func TestARefusalOfWhatNobodyStatedNamesIt(t *testing.T) {
	t.Parallel()
	b := newBench(untagged, desiredState(pharmacy, "Boots", "0113"))
	b.sink.shows = showing(push.Shown{Entries: entry(values(map[profile.Field]string{fWeb: "https://odd.example"}))}, nil)
	b.sink.pushes = always(push.Receipt{}, &push.SinkError{
		Answer: push.AnswerRefused, Status: 422, Reason: "FA123: refused", Fields: []push.LeftOut{{Field: fWeb, Reason: "refused"}},
	})
	o := b.push(t, false)
	require.Equal(t, push.Refused, o.State)
	require.Equal(t, "FA123: refused; nobody stated website: what the sink shows there was sent back", o.Reason)
	require.Len(t, b.sink.pushed, 1)
}

// A week that is withdrawn, and that the sink keeps, is named until it is stated again,
// and holds nothing.
func TestAWithdrawnWeekIsNamed(t *testing.T) {
	t.Parallel()
	route := hourly
	route.KeptIfEmpty = []profile.Field{fWeekly}
	b := newBench(route, desiredState(pharmacy, "High Street", "0113"))
	b.row.Desired.Edited[fWeekly] = b.row.Desired.Edited[fPhone]
	b.sink.pushes = always(push.Receipt{Status: 200}, nil)
	b.sink.shows = showing(two(
		map[profile.Field]string{fPhone: "0113", fWeb: "https://a.example", fWeekly: "mon 09:00-17:00"},
		map[profile.Field]string{fPhone: "0113", fWeb: "https://b.example", fWeekly: "mon 09:00-17:00"},
	), nil)
	o := b.push(t, false)
	require.Equal(t, push.Accepted, o.State, "nothing to wait for")
	require.Empty(t, b.sink.pushed)
	require.Equal(t, []profile.Field{fWeekly}, leaves(o))
	b.row.Desired.Profile.Values.Set(fWeekly, "mon 10:00-17:00")
	o = b.push(t, false)
	require.Equal(t, push.Accepted, o.State)
	require.Len(t, b.sink.pushed, 1)
	require.Empty(t, leaves(o))
}
