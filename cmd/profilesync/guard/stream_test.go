package guard_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
)

// What a handler sends bit by bit arrives bit by bit, and for longer than the server gives
// other answers.
func TestAStreamIsNotHeldBack(t *testing.T) {
	t.Parallel()
	g, err := guard.New(guard.Options{Counted: func(guard.Result) {}, Now: time.Now})
	require.NoError(t, err)
	goOn := make(chan struct{})
	server := httptest.NewUnstartedServer(g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for n := range 3 {
			if err := guard.AllowTime(r.Context(), time.Minute); err != nil {
				t.Error(err)
			}
			_, _ = fmt.Fprintln(w, n)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			<-goOn
		}
	})))
	server.Config.WriteTimeout = time.Nanosecond
	server.Start()
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, strings.NewReader(""))
	require.NoError(t, err)
	answer, err := server.Client().Do(request)
	require.NoError(t, err)
	lines := bufio.NewReader(answer.Body)
	for n := range 3 {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintln(n), line)
		goOn <- struct{}{}
	}
	_, err = lines.ReadString('\n')
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, answer.Body.Close())
}

// Streams have places of their own by what they are, not by what the caller says: neither
// does the command line, which follows many runs, keep itself out, nor does a header let
// anybody in.
func TestStreamsLeaveTheirPlaces(t *testing.T) {
	t.Parallel()
	limits := manyOfAll
	limits.AtOnce, limits.Streams = 4, 8
	w := newWorld(t, limits)
	require.Equal(t, http.StatusOK, w.ask("GET", "/read", "", bearer(w.all)).status, "known from now on")
	ctx, leave := context.WithCancel(t.Context())
	follow := func(token string) int {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL+"/stream", http.NoBody)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := w.Client().Do(request)
		require.NoError(t, err)
		t.Cleanup(func() { _ = response.Body.Close() })
		return response.StatusCode
	}
	for range 4 {
		require.Equal(t, http.StatusOK, follow(w.all))
	}
	require.Equal(t, http.StatusServiceUnavailable, follow(w.all), "half of them are for others")
	require.Equal(t, http.StatusOK, w.ask("GET", "/read", "", bearer(w.all)).status)
	require.Equal(t, http.StatusOK, follow(w.readOnly))
	leave()
	ctx, leave = context.WithCancel(t.Context())
	defer leave()
	require.Eventually(t, func() bool { return follow(w.all) == http.StatusOK }, 10*time.Second, time.Millisecond, "places are given back")
}

// What panics in the middle of an answer cuts it off, and says in the log where.
func TestAnAnswerThatBreaksDoesNotLookWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+"/half", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+w.all)
	response, err := w.Client().Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, "half", string(text))
	w.counted(1, guard.Failed)
	require.Contains(t, w.log.String(), "world_test.go", "the stack")
}

// Whoever tries again and again what is forbidden does not fill the audit.
func TestForbiddenAttemptsDoNotFillTheAudit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	for range 50 {
		require.Equal(t, http.StatusForbidden, w.ask("POST", "/approve/7", "", bearer(w.readOnly)).status)
	}
	require.Len(t, w.store.audited(), 5)
	w.now = w.now.Add(time.Minute)
	require.Equal(t, http.StatusForbidden, w.ask("POST", "/approve/7", "", bearer(w.readOnly)).status)
	require.Len(t, w.store.audited(), 6)
}
