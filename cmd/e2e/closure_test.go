package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A place that a person has confirmed to be closed is shown as closed, which is no drift;
// taken back, it is shown again.
func TestAConfirmedClosureReachesTheWebsite(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	s.serve()
	s.waitUntilPushed()
	code, because := s.codes()[0], []string{"--reason", "the shop is empty", "--actor", "Jo Close"}
	step := func(name string, more ...string) string {
		return s.exits(0, append(append([]string{"closure", name, code}, because...), more...)...).out
	}
	is := func(status string) {
		x.until("the website shows "+status, func() bool { return x.onWebsite(code).Status == status })
		s.waitUntilPushed()
		_, rows := s.drift(0, "website")
		require.Empty(t, rows)
	}
	require.Contains(t, step("say"), "Jo Close")
	require.Contains(t, step("confirm", "--successor", s.codes()[1]), s.codes()[1])
	is("Closed")
	require.Equal(t, "open", one[string](s, "select status from profile where code = $1", code))
	step("take-back")
	is("Visible")
	require.Contains(t, s.exits(1, append([]string{"closure", "take-back", code}, because...)...).err, "nothing to take back")
	require.Contains(t, s.exits(2, "closure", "confirm", code).err, "--reason")
}
