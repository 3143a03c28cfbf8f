package api

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"

	"github.com/stretchr/testify/require"
)

// followed follows a run; its lines are read one by one.
type followed struct {
	t     *testing.T
	lines *bufio.Scanner
	leave context.CancelFunc
}

func (w *world) follow(run string, status int) followed {
	w.t.Helper()
	ctx, leave := context.WithTimeout(w.t.Context(), time.Minute)
	w.t.Cleanup(leave)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+operation.Base+"/runs/"+run+"/progress", nil)
	require.NoError(w.t, err)
	answer, err := http.DefaultClient.Do(request) //nolint:bodyclose // its context ends
	require.NoError(w.t, err)
	require.Equal(w.t, status, answer.StatusCode)
	return followed{w.t, bufio.NewScanner(answer.Body), leave}
}

// until reads until a line begins so, and reports whether one did.
func (s followed) until(begin string) bool {
	for s.lines.Scan() {
		if strings.HasPrefix(s.lines.Text(), begin) {
			return true
		}
	}
	return false
}

func TestARunIsFollowedUntilItHasEnded(t *testing.T) { //nolint:paralleltest // newWorld sets variables
	w := newWorld(t)
	w.as(ann)
	run := w.do(call{id: "start-run-of-file", query: "name=edispensary_1.csv&as_of=2026-06-01", body: listing(t, 1)}).say("items.0.run")
	s, leaver := w.follow(run, http.StatusOK), w.follow(run, http.StatusOK)
	require.True(t, s.until(`data: {"run":1,"state":"queued"`))
	require.True(t, s.until(":"), "it says that it is alive")
	require.True(t, leaver.until("event: progress"))
	leaver.leave()
	w.db.Exec("update run set stage = 'reading', done = 7, total = 100 where id = 1")
	require.True(t, s.until(`data: {"run":1,"state":"queued","stage":"reading","done":7,"total":100}`))
	w.work() // whoever has left stops nothing
	require.True(t, s.until("event: ended"))
	require.True(t, s.until(`data: {"run":1,"state":"done"`))
	require.False(t, s.until("event:"), "the stream ends with the run")
	w.follow("4711", http.StatusNotFound)
}

// A daemon that stops ends the streams.
func TestStreamsEndWithTheDaemon(t *testing.T) { //nolint:paralleltest // newWorld sets variables
	w := newWorld(t)
	w.as(ann)
	run := w.do(call{id: "start-run-of-file", query: "name=edispensary_1.csv&as_of=2026-06-01", body: listing(t, 1)}).say("items.0.run")
	w.limit = 500 * time.Millisecond // which holds for all that is no stream
	w.serve(Options{Look: 5 * time.Millisecond, Alive: 20 * time.Millisecond})
	s := w.follow(run, http.StatusOK)
	require.True(t, s.until("event: progress"))
	for began := time.Now(); time.Since(began) < 3*w.limit; {
		require.True(t, s.until(":"))
	}
	w.stop()
	require.False(t, s.until("event:"))
}
