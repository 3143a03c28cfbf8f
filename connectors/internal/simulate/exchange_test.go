package simulate_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// TestEveryFault checks what the client gets, whether there was an effect, and that
// the ledger has the fault's name.
func TestEveryFault(t *testing.T) {
	t.Parallel()
	const whole = `{"code":"A"}`
	broken := func(r reply) bool { return r.status == 0 }
	for name, row := range map[simulate.Name]struct {
		effects int64
		noted   int
		see     func(reply) bool
	}{
		simulate.Down:              {0, 0, broken},
		simulate.DroppedBefore:     {0, 0, broken},
		simulate.DroppedAfter:      {1, 0, broken},
		simulate.Unauthorized:      {0, 401, func(r reply) bool { return r.status == 401 && r.body == `{"said":"unauthorized"}` }},
		simulate.Throttled:         {0, 429, func(r reply) bool { return r.status == 429 && r.header.Get("Retry-After") == "7" }},
		simulate.Error(503):        {0, 503, func(r reply) bool { return r.status == 503 && r.body == `{"said":"error-503"}` }},
		simulate.ErrorAfter(503):   {1, 503, func(r reply) bool { return r.status == 503 && r.body == `{"said":"error-503"}` }},
		simulate.ErrorAfter(429):   {1, 429, func(r reply) bool { return r.status == 429 && r.body == `{"said":"throttled"}` }},
		simulate.Truncated:         {1, 201, func(r reply) bool { return r.status == 201 && r.err != nil && r.body == whole[:6] }},
		simulate.Garbled:           {1, 201, func(r reply) bool { return r.status == 201 && r.err == nil && r.body == whole[:6] }},
		simulate.HTML:              {1, 201, func(r reply) bool { return r.status == 201 && strings.HasPrefix(r.body, "<!DOCTYPE html>") }},
		simulate.WrongType:         {1, 201, func(r reply) bool { return r.header.Get("Content-Type") == "text/html" && r.body == whole }},
		simulate.NoETag:            {1, 201, func(r reply) bool { return r.header.Get("ETag") == "" && r.body == whole }},
		moved:                      {0, 410, func(r reply) bool { return r.status == 410 && r.header.Get("Retry-After") == "7" }},
		closed:                     {0, 410, func(r reply) bool { return r.status == 410 }},
		shouts:                     {1, 201, func(r reply) bool { return r.body == `{"CODE":"A"}` && r.header.Get("ETag") != "" }},
		simulate.Name("error-404"): {0, 404, func(r reply) bool { return r.status == 404 && r.header.Get("X-Noted") == "yes" }},
	} {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			p := startPost(t, simulate.Options{})
			p.Fault(simulate.Fault{Names: []simulate.Name{name}, RetryAfter: 7})
			got := p.send("A")
			require.True(t, row.see(got), "%+v", got)
			require.Equal(t, row.effects, p.taken.Load())
			noted := p.Ledger()
			require.Len(t, noted, 1)
			require.Equal(t, name, noted[0].Fault)
			require.Equal(t, row.noted, noted[0].Status)
			require.Equal(t, row.effects == 1, noted[0].Outcome == "taken")

			got = p.send("A")
			require.Equal(t, http.StatusCreated, got.status, "once")
			require.JSONEq(t, whole, got.body)
			require.Equal(t, `"1"`, got.header.Get("ETag"))
			require.Empty(t, got.header.Get("Retry-After"))
			require.Empty(t, p.Ledger()[1].Fault)
		})
	}
}

// TestHungUntilTheClientLeaves: a request with an effect is in the ledger before
// the client leaves.
func TestHungUntilTheClientLeaves(t *testing.T) {
	t.Parallel()
	for name, effects := range map[simulate.Name]int64{simulate.HungBefore: 0, simulate.HungAfter: 1} {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			p := startPost(t, simulate.Options{})
			met, left := make(chan struct{}), make(chan error)
			p.Fault(simulate.Fault{Names: []simulate.Name{name}, Do: func() { close(met) }})
			ctx, leave := context.WithCancel(t.Context())
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.address+"/letters/A", strings.NewReader("hello"))
			require.NoError(t, err)
			go func() {
				_, err := http.DefaultClient.Do(req) //nolint:bodyclose // there is none
				left <- err
			}()
			<-met
			noted := func() bool { return len(p.Ledger()) == 1 }
			if effects == 1 {
				require.Eventually(t, noted, 5*time.Second, time.Millisecond)
			}
			leave()
			require.ErrorIs(t, <-left, context.Canceled)
			require.Eventually(t, noted, 5*time.Second, time.Millisecond)
			require.Equal(t, effects, p.taken.Load())
			require.Zero(t, p.Ledger()[0].Status)
		})
	}
}

// TestHeldBack: Wait and latency delay a request before the effect, the other
// latency after it. A client that leaves meanwhile gets no answer.
func TestHeldBack(t *testing.T) {
	t.Parallel()
	p := startPost(t, simulate.Options{})
	met, free, left := make(chan struct{}), make(chan struct{}), make(chan reply)
	p.Fault(simulate.Fault{Wait: free, LatencyMS: 1, Do: func() { close(met) }})
	go func() { left <- p.send("A") }()
	<-met
	require.Zero(t, p.taken.Load())
	close(free)
	require.Equal(t, http.StatusCreated, (<-left).status)
	require.Equal(t, simulate.Slow, p.Ledger()[0].Fault)

	p.Fault(simulate.Fault{Do: func() {}}, simulate.Fault{AnswerLatencyMS: 3_600_000}, simulate.Fault{Wait: make(chan struct{})})
	require.Equal(t, http.StatusCreated, p.send("A").status)
	require.Equal(t, simulate.Watched, p.Ledger()[1].Fault)
	for _, effects := range []int64{3, 3} {
		ctx, leave := context.WithTimeout(t.Context(), 50*time.Millisecond)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address+"/letters/A", http.NoBody)
		require.NoError(t, err)
		_, err = http.DefaultClient.Do(req) //nolint:bodyclose // there is none
		require.ErrorIs(t, err, context.DeadlineExceeded)
		leave()
		require.Equal(t, effects, p.taken.Load())
	}
	require.Eventually(t, func() bool { return p.Book.Statuses()["0"] == 2 }, 5*time.Second, time.Millisecond)
}

func TestCutAfterANumberOfBytes(t *testing.T) {
	t.Parallel()
	p := startPost(t, simulate.Options{})
	for after, want := range map[int]string{1: "{", 5: `{"cod`, 100: `{"code":"A"}`} {
		for _, chunked := range []bool{false, true} {
			p.Fault(simulate.Fault{Names: []simulate.Name{simulate.Truncated}, CutAfter: after, Chunked: chunked})
			got := p.send("A")
			require.Equal(t, want, got.body)
			if after == 100 {
				require.NoError(t, got.err, "the body is shorter than that")
				continue
			}
			require.ErrorIs(t, got.err, io.ErrUnexpectedEOF)
			require.Equal(t, chunked, got.header.Get("Content-Length") == "")
		}
	}
	p.Fault(simulate.Of(simulate.Truncated))
	got := p.send("EMPTY")
	require.ErrorIs(t, got.err, io.ErrUnexpectedEOF, "an empty body too")
	require.Empty(t, got.body)
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	a := simulate.JSON(http.StatusOK, 1)
	b := a.With("A", "1")
	require.Equal(t, http.Header{"A": {"1"}, "B": {"2"}}, b.With("B", "2").Header)
	require.Equal(t, http.Header{"A": {"1"}}, b.Header, "the original does not change")
	require.Empty(t, b.With("A", "").Header)
	require.Nil(t, a.Header)

	link := simulate.Answer{Body: []byte(`{"next":"http://here:1/path?x"}`)}
	require.JSONEq(t, `{"next":"https://there/path?x"}`, string(link.Misdirect(`"next":"`, "/path", "https://there").Body))
	require.Equal(t, link, link.Misdirect(`"last":"`, "/path", "https://there"))

	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = io.WriteString(w, "a,b\n1,2\n3,4\n")
	})
	for method, status := range map[string]int{http.MethodGet: 200, http.MethodPut: 418} {
		req, err := http.NewRequestWithContext(t.Context(), method, "/", http.NoBody)
		require.NoError(t, err)
		held := simulate.Held(handler, req)
		require.Equal(t, status, held.Status)
		require.Equal(t, "a,b\n1,2\n3,4\n", string(held.Body))
		require.Equal(t, "text/csv", held.Header.Get("Content-Type"))
	}
	require.Panics(t, func() { simulate.JSON(http.StatusOK, func() {}) })
}
