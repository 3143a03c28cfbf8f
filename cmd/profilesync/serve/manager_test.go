package serve

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// messages are what the service manager was told.
type messages struct {
	mutex sync.Mutex
	lines []string
}

func (m *messages) add(lines string) (bool, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.lines = append(m.lines, lines)
	return true, nil
}

// take returns the messages since it was last called.
func (m *messages) take() []string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	taken := m.lines
	m.lines = nil
	return taken
}

// A sign of life is given exactly while /healthz would say ok.
func TestTheWatchdogHearsOfProgressOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHealth(time.Now)
		var said messages
		m := &manager{health: h, every: time.Second, log: slog.New(slog.DiscardHandler), send: said.add}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- m.run(ctx) }()
		passing := func(seconds int, signs ...func()) (heard []string) {
			for range seconds {
				for _, sign := range signs {
					sign()
				}
				time.Sleep(time.Second) //nolint:forbidigo // on synctest's clock
				synctest.Wait()
			}
			return said.take()
		}
		const alive = "WATCHDOG=1\nSTATUS="

		require.Equal(t, alive+"starting", passing(1)[0])
		h.beginLife()
		h.databaseAnswered()
		m.ready()
		told := said.take()
		require.True(t, strings.HasPrefix(told[len(told)-1], "READY=1\nSTATUS=working;"), told)
		require.Contains(t, passing(300, h.databaseAnswered, h.dispatched), alive+"working")
		for _, line := range passing(300, h.databaseLost) {
			require.Equal(t, alive+"the database is unreachable: work goes on when it answers", line, "an outage is no reason to restart")
		}
		passing(5, h.databaseAnswered, h.dispatched)
		stuck := passing(90, h.databaseAnswered)
		require.True(t, strings.HasPrefix(stuck[0], alive))
		last := stuck[len(stuck)-1]
		require.NotContains(t, last, "WATCHDOG")
		require.Contains(t, last, "STATUS=no progress, and no sign of life until there is: the dispatcher has made no round for")
		require.Equal(t, alive+"working", passing(1, h.databaseAnswered, h.dispatched)[0], "it makes progress again")

		stop()
		require.NoError(t, <-ended)
		require.Equal(t, []string{"STOPPING=1\nSTATUS=stopping: its jobs are ending"}, said.take())
	})
}

// The real socket, and how often the manager wants to hear of us.
func TestTheServiceManagerIsTold(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	heard, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	defer heard.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "30000000")
	t.Setenv("WATCHDOG_PID", "")
	m, err := newManager(newHealth(time.Now), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.Equal(t, 10*time.Second, m.every)
	m.ready()
	message := make([]byte, 100)
	require.NoError(t, heard.SetReadDeadline(time.Now().Add(time.Minute)))
	n, err := heard.Read(message)
	require.NoError(t, err)
	require.Equal(t, "READY=1\nSTATUS=starting", string(message[:n]))

	t.Setenv("WATCHDOG_USEC", "soon")
	_, err = newManager(newHealth(time.Now), slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "the watchdog of the service manager")
}
