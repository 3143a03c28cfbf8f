package screen

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNumbersHaveThousandsSeparators(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 27500: "27,500", 1234567: "1,234,567", 1002003: "1,002,003"} {
		require.Equal(t, want, Number(n))
	}
	require.Equal(t, "1 profile", Count(1, "profile"))
	require.Equal(t, "2,000 profiles", Count(2000, "profile"))
}

func TestATerminalShowsWhatIsBeingDone(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	clock := time.Unix(0, 0)
	s := &Screen{out: &out, live: true, now: func() time.Time { return clock }}
	s.Do("reading")
	clock = clock.Add(1500 * time.Millisecond)
	s.Note("comparing ...")
	s.Note("using the private database under x")
	require.Contains(t, out.String(), "\r\x1b[K   comparing ... 1.5 s")
	require.NotContains(t, out.String(), "private")
	s.Linef("done")
	require.Contains(t, out.String(), "\r\x1b[Kdone\n")

	out.Reset()
	s.live = false
	s.Do("reading")
	s.Note("comparing ...")
	require.Empty(t, out.String(), "without a terminal only finished lines are written")
}
