package guard_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
)

// leaves asks under a key, and hangs up once it is being answered.
func (w *world) leaves(path, key string) {
	w.t.Helper()
	ctx, hangUp := context.WithCancel(w.t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL+path, http.NoBody)
	require.NoError(w.t, err)
	r.Header.Set("Authorization", "Bearer "+w.all)
	r.Header.Set("Idempotency-Key", key)
	left := make(chan error)
	go func() {
		answer, err := w.Client().Do(r)
		if err == nil {
			_ = answer.Body.Close()
		}
		left <- err
	}()
	<-w.begun
	hangUp()
	require.Error(w.t, <-left)
}

// What was asked for is done although its caller is gone, and he gets the answer when he asks again.
func TestACallerWhoIsGoneStopsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	w.leaves("/slow", "k")
	requireProblem(t, w.ask("POST", "/slow", "", bearer(w.all), "Idempotency-Key: k"), http.StatusConflict)
	w.answer <- struct{}{}
	require.Eventually(t, func() bool {
		again := w.ask("POST", "/slow", "", bearer(w.all), "Idempotency-Key: k")
		return again.status == http.StatusOK && again.body == "slowly" && again.header.Get("Idempotency-Replayed") == "true"
	}, 10*time.Second, time.Millisecond)
}

// A daemon that stops waits for nobody, and leaves the key to another one.
func TestADaemonThatStopsLeavesTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	w.leaves("/slow", "k")
	w.stop()
	w.counted(1, guard.Failed)
	requireProblem(t, w.ask("POST", "/slow", "", bearer(w.all), "Idempotency-Key: k"), http.StatusConflict)
}

// A body that broke off was nothing: it is sent again under the same key.
func TestABodyThatBreaksOffIsSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", w.Listener.Addr().String())
	require.NoError(t, err)
	_, err = fmt.Fprintf(connection, "POST /approve/7 HTTP/1.1\r\nHost: %s\r\n%s\r\nIdempotency-Key: k\r\nContent-Length: 9\r\n\r\nhalf",
		w.Listener.Addr(), bearer(w.all))
	require.NoError(t, err)
	require.NoError(t, connection.(*net.TCPConn).CloseWrite())
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	require.Equal(t, http.StatusBadRequest, answer.StatusCode)
	_, err = io.Copy(io.Discard, answer.Body)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return w.ask("POST", "/approve/7", "half a one", bearer(w.all), "Idempotency-Key: k").status == http.StatusCreated
	}, 10*time.Second, time.Millisecond)
}

// As much as an operation takes is compared when it is sent again.
func TestALargeBodyIsSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	large := strings.Repeat("x", 2<<20)
	require.Equal(t, "2097152", w.ask("POST", "/upload", large, bearer(w.all), "Idempotency-Key: k").body)
	again := w.ask("POST", "/upload", large, bearer(w.all), "Idempotency-Key: k")
	require.Equal(t, "2097152", again.body)
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	requireProblem(t, w.ask("POST", "/upload", large[1:]+"y", bearer(w.all), "Idempotency-Key: k"), http.StatusUnprocessableEntity)
}
