package pushjobs

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// In a restored database a push reads the sink before it sends anything: what the sink
// shows is not sent again, and nothing is sent under a number that may be used.
func TestAfterARestoreTheSinkIsReadFirst(t *testing.T) {
	t.Parallel()
	desired := desiredState(pharmacy, "Boots", "0113")
	older := desiredState(pharmacy, "Boots", "0999")
	shows := func(phone string, sequence int64) push.Shown {
		return push.Shown{Code: pharmacy, Sequence: sequence, Version: "v9", Entries: []push.Entry{
			{Values: values(map[profile.Field]string{fName: "Boots", fPhone: phone, fWeb: ""})},
		}}
	}
	for name, c := range map[string]struct {
		unclear bool // what the sink shows now was sent before the backup was made
		shown   push.Shown
		calls   []string
		attempt string
		number  int64 // that it was sent under
	}{
		"pushed since":             {shown: shows("0113", 50), calls: []string{"show"}, attempt: push.AttemptSeen},
		"pushed since, was unsure": {unclear: true, shown: shows("0113", 50), calls: []string{"show"}, attempt: push.AttemptSeen},
		"not pushed":               {shown: shows("0999", 0), calls: []string{"show", "push"}, attempt: push.AttemptAccepted, number: 8},
		"another edit was pushed":  {shown: shows("0777", 50), calls: []string{"show", "push"}, attempt: push.AttemptAccepted, number: 51},
		"the number was used": {
			unclear: true, shown: shows("0777", 50), calls: []string{"show", "push"},
			attempt: push.AttemptAccepted, number: 51,
		},
		"not there yet, unsure": {
			unclear: true, shown: shows("0999", 0), calls: []string{"show", "push"},
			attempt: push.AttemptAccepted, number: 8,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(tagged, desired)
			b.unclear(tagged, older)
			b.row.Unclear = false
			if c.unclear {
				b.unclear(tagged, desired)
			}
			b.row.Restored = true
			b.sink.shows, b.sink.pushes = showing(c.shown, nil), always(push.Receipt{Version: "v10"}, nil)
			preview, err := b.pusher.Preview(t.Context(), pharmacy)
			require.NoError(t, err)
			b.sink.calls = nil
			o := b.push(t, false)
			require.Equal(t, push.Accepted, o.State)
			require.Equal(t, c.attempt, o.Attempt)
			require.Equal(t, c.calls, b.sink.calls)
			require.Equal(t, desired.Hash(tagged, desired.Stated(tagged)), o.AcceptedHash)
			if c.number == 0 {
				require.Equal(t, "v9", o.Version)
				require.EqualValues(t, 50, o.AcceptedSequence)
				require.Equal(t, push.Accepted, preview.State)
				return
			}
			require.Equal(t, c.number, b.sink.pushed[0].Sequence)
			require.Equal(t, push.Wanted, preview.State)
		})
	}
}

// What was accepted before the backup is not read: `drift` finds what differs.
func TestAfterARestoreWhatWasAcceptedIsNotRead(t *testing.T) {
	t.Parallel()
	desired := desiredState(pharmacy, "Boots", "0113")
	b := newBench(tagged, desired)
	b.row.Restored, b.row.AcceptedHash = true, desired.Hash(tagged, desired.Stated(tagged))
	require.Equal(t, push.Accepted, b.push(t, false).State)
	require.Empty(t, b.sink.calls)
}
