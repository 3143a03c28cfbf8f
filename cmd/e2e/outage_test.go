package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
)

// complaint is a warning or error in the daemon's log.
type complaint struct {
	Level   string `json:"level"`
	Msg     string `json:"msg"`
	Error   string `json:"error"`
	Away    string `json:"away"`
	Dropped int    `json:"dropped"`
}

// complaints returns the warnings and errors so far.
func (d daemon) complaints() (found []complaint) {
	d.site.t.Helper()
	text := d.log()
	for line := range strings.Lines(text[:strings.LastIndexByte(text, '\n')+1]) {
		var c complaint
		require.NoError(d.site.t, json.Unmarshal([]byte(line), &c), line)
		if c.Level == "WARN" || c.Level == "ERROR" {
			found = append(found, c)
		}
	}
	return found
}

func TestAnOutageOfTheDatabaseIsLoggedInTwoLines(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]func(*pgproxy.Proxy){"refused": (*pgproxy.Proxy).Refuse, "silent": (*pgproxy.Proxy).Silence} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireTwoLines(t, fails)
		})
	}
}

func requireTwoLines(t *testing.T, fails func(*pgproxy.Proxy)) {
	t.Helper()
	const outage = 16 * time.Second // long enough for a hundred log lines
	s, x := newStockedSite(t, 20)
	line := pgproxy.New(t, s.setting("DATABASE_URL"))
	d := s.with("DATABASE_URL=" + line.URL()).serve()
	s.within(patience, 1, "select count(*) from forward_progress where activity = 'tick'")
	s.waitUntilPushed()
	require.Empty(t, d.complaints())

	fails(line)
	require.Eventually(t, func() bool { return len(d.complaints()) > 0 }, patience, 10*time.Millisecond)
	require.Never(t, func() bool { return len(d.complaints()) > 1 }, outage, 50*time.Millisecond)
	line.Restore()
	require.Eventually(t, func() bool { return len(d.complaints()) > 1 }, patience, 10*time.Millisecond)
	code := s.codes()[0]
	s.edit(code, "phone", "0113 4960123")
	x.showPhone(code, "0113 4960123")
	require.Never(t, func() bool { return len(d.complaints()) > 2 }, outage/2, 50*time.Millisecond)

	logged := d.complaints()
	t.Logf("complaints: %+v", logged)
	require.Equal(t, []string{"the database is unreachable", "the database is reachable again"}, []string{logged[0].Msg, logged[1].Msg})
	require.NotEmpty(t, logged[0].Error, "why")
	away, err := time.ParseDuration(logged[1].Away)
	require.NoError(t, err)
	require.InDelta(t, outage.Seconds(), away.Seconds(), 4)
	require.Greater(t, logged[1].Dropped, 5, "other lines were dropped")
	d.stop()
}
