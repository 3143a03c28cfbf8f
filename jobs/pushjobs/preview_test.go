package pushjobs

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// A preview holds the delivery that the push sends, but for its number and its key, and
// changes nothing.
func TestAPreviewIsTheDelivery(t *testing.T) {
	t.Parallel()
	b := newBench(untagged, desiredState(pharmacy, "High Street", "020 1"))
	shown := entry(values(map[profile.Field]string{fWeb: "https://a.example"}))
	b.sink.shows = showing(push.Shown{Code: pharmacy, Entries: shown}, nil)
	b.sink.pushes = always(push.Receipt{}, nil)
	preview, err := b.pusher.Preview(t.Context(), pharmacy)
	require.NoError(t, err)
	require.Equal(t, push.Wanted, preview.State)
	require.Empty(t, b.sink.pushed)
	require.Empty(t, b.staged)
	require.NotNil(t, preview.Shown)

	b.push(t, false)
	sent := b.sink.pushed[0]
	require.Equal(t, "https://a.example", sent.Values.Get(fWeb))
	sent.Sequence, sent.Key = 0, ""
	require.Equal(t, sent, preview.Delivery)
}
