package servicestore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/runs"
)

// Half of a site's services leave it, two of which it shares with another site
// that alone would lose few enough.
func TestAServiceWithheldAtOneSiteIsWithheldAtAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, 10)
	at := func(n int, sites ...int) {
		moved := w.ers.services[serviceID(0, n)]
		moved.Sites = nil
		for _, site := range sites {
			moved.Sites = append(moved.Sites, siteCode(site))
		}
		w.ers.services[moved.ID] = moved
	}
	at(0, 0, 1)
	at(1, 0, 1)
	w.pulls(1)
	shown := [][]string{w.shows(0), w.shows(1), w.shows(2)}
	require.Len(t, shown[1], 12)

	for n := range 5 {
		at(n, 2)
	}
	run := w.pulls(2)
	require.Equal(t, runs.RunWithheld, run.State)
	require.Equal(t, runs.TooManyRemovals, run.Withheld[0].Reason)
	require.Equal(t, shown, [][]string{w.shows(0), w.shows(1), w.shows(2)}, "the other sites keep what they share, and get nothing new")
	require.Empty(t, w.decides(runs.RunApprove, run).LeftOut)
	require.Len(t, w.shows(0), 5)
	require.Len(t, w.shows(1), 10)
	require.Len(t, w.shows(2), 15)
}
