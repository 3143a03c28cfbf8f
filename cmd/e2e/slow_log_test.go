package e2e

import (
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fullPipe returns a pipe that accepts no more bytes, like one whose reader has
// stopped.
func fullPipe(t *testing.T) *os.File {
	t.Helper()
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { reader.Close(); writer.Close() })
	require.NoError(t, writer.SetWriteDeadline(time.Now().Add(time.Second)))
	for err == nil {
		_, err = writer.Write(make([]byte, 1))
	}
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	return writer
}

// freeAddress returns an address that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func TestALogThatNobodyReadsBlocksNothing(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	address := freeAddress(t)
	daemon := s.with("HTTP_ADDRESS="+address, "API_ADDRESS=off", "LOG_LEVEL=debug").command(t.Context(), "serve")
	daemon.Stderr = fullPipe(t)
	require.NoError(t, daemon.Start())
	s.within(patience, 1, announced)
	code := s.codes()[0]
	s.edit(code, "phone", "0113 4960123")
	x.showPhone(code, "0113 4960123")
	resp, err := http.Get("http://" + address + "/readyz")
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.NoError(t, daemon.Process.Signal(syscall.SIGTERM))
	require.NoError(t, daemon.Wait(), "it stops cleanly")
}
