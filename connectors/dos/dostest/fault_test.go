package dostest_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// askEach makes one request to each service.
func (w world) askEach() map[string]answer {
	return map[string]answer{
		"event": w.post(1, eventOf(w.t, nil)),
		"read":  w.do(http.MethodGet, dostest.ReadPath+"FA001", ""),
		"fhir":  w.search(system + "|A81001"),
	}
}

const denied = "Access Denied, please contact the development team for assistance"

func TestFaultsAnswerWithTheTextsOfTheService(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		faults string
		status int
		event  string // in its answer
		met    simulate.Name
	}{
		"429":     {`{"names":["throttled"],"retry_after":3}`, 429, `{"message":"Too Many Requests"}`, "throttled"},
		"500":     {`{"names":["error-500"]}`, 500, `{"Message":"Server Error"}`, "error-500"},
		"503":     {`{"names":["error-503"]}`, 503, `{"Message":"Server Error"}`, "error-503"},
		"key":     {`{"names":["key-refused"],"share":0.001}`, 403, `{"message":"Forbidden"}`, "key-refused"},
		"ip":      {`{"names":["ip-denied"]}`, 403, `{"Message":"` + denied + `"}`, "ip-denied"},
		"expired": {`{"names":["unauthorized"]}`, 401, `{"message":"The incoming token has expired"}`, "unauthorized"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, dostest.Options{})
			w.s.Seed("FA001")
			require.Equal(t, 204, w.do(http.MethodPut, "/control/faults", c.faults).status)
			answers := w.askEach()
			for service, got := range answers {
				require.Equal(t, c.status, got.status, service)
				if name == "429" {
					require.Equal(t, "3", got.header.Get("Retry-After"))
				}
			}
			require.JSONEq(t, c.event, answers["event"].body)
			require.Contains(t, answers["read"].body, `{"error":{"code":`)
			require.Contains(t, answers["fhir"].body, `"OperationOutcome"`)
			require.NoError(t, w.s.AwaitEmptyQueue(t.Context()))
			require.Empty(t, w.s.Effects("FA001"))
			require.Equal(t, map[simulate.Name]int{c.met: 3}, w.s.Summary().Faults)
			require.Equal(t, http.StatusNoContent, w.do(http.MethodDelete, "/control/faults", "").status)
			require.Equal(t, dostest.Applied, w.send(1, eventOf(t, nil)).Outcome)
		})
	}
}

func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		fault   simulate.Name
		effects int
	}{
		"down":   {simulate.Down, 0},
		"before": {simulate.DroppedBefore, 0},
		"after":  {simulate.DroppedAfter, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, dostest.Options{})
			w.s.Seed("FA001")
			require.NoError(t, w.s.Stand(simulate.Of(c.fault)))
			got := w.post(1, eventOf(t, nil))
			require.Error(t, got.err)
			require.Zero(t, got.status)
			require.NoError(t, w.s.AwaitEmptyQueue(t.Context()))
			require.Len(t, w.s.Effects("FA001"), c.effects)
			require.Equal(t, map[string]int{"0": 1}, w.s.Summary().Requests)
			require.Equal(t, http.StatusOK, w.do(http.MethodGet, "/ledger", "").status, "the ledger never meets a fault")
			w.s.Heal()
			require.Equal(t, 200, w.post(1, eventOf(t, nil)).status)
		})
	}
}

func TestSpoiltAnswers(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	w.s.Seed("FA001")
	require.NoError(t, w.s.Stand(simulate.Of(simulate.Truncated)))
	for service, got := range w.askEach() {
		require.ErrorIs(t, got.err, io.ErrUnexpectedEOF, service)
	}
	require.NoError(t, w.s.Stand(simulate.Of(simulate.WrongType)))
	answers := w.askEach()
	require.Equal(t, "text/html", answers["event"].header.Get("Content-Type"))
	require.Equal(t, "text/html", answers["read"].header.Get("Content-Type"))
	require.Equal(t, fhir, answers["fhir"].header.Get("Content-Type"), "a 404 keeps its own content type")
	require.NoError(t, w.s.AwaitEmptyQueue(t.Context()))
	require.Len(t, w.s.Effects("FA001"), 2, "applied, then dropped as a duplicate")
}

func TestSlowAnswersComeAfterTheEffect(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	w.s.Seed("FA001")
	require.NoError(t, w.s.Stand(simulate.Fault{AnswerLatencyMS: 10}))
	before := time.Now()
	require.Equal(t, dostest.Applied, w.send(1, eventOf(t, nil)).Outcome)
	require.GreaterOrEqual(t, time.Since(before), 10*time.Millisecond)

	require.NoError(t, w.s.Stand(simulate.Fault{AnswerLatencyMS: 3_600_000}))
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+dostest.ReadPath+"FA001", nil)
	require.NoError(t, err)
	time.AfterFunc(10*time.Millisecond, cancel)
	_, err = w.http.Do(request) //nolint:bodyclose // there is none
	require.ErrorIs(t, err, context.Canceled)
	require.Eventually(t, func() bool { return w.s.Summary().Faults[simulate.Slow] == 2 }, 5*time.Second, time.Millisecond)
	require.Equal(t, 1, w.s.Summary().Requests["0"])
}

func TestTheShareIsDrawnFromTheSeed(t *testing.T) {
	t.Parallel()
	statuses := func(seed uint64) (all []int) {
		w := start(t, dostest.Options{})
		require.NoError(t, w.s.Stand(simulate.Fault{
			Share: 0.2, Seed: seed, Names: []simulate.Name{simulate.Error(503)}, Kinds: []dostest.Kind{dostest.KindRead},
		}))
		for range 500 {
			all = append(all, w.do(http.MethodGet, dostest.ReadPath+"FA001", "").status)
		}
		require.Equal(t, 404, w.search(system+"|A81001").status, "other kinds do not meet it")
		return all
	}
	one, again, other := statuses(1), statuses(1), statuses(2)
	require.Equal(t, one, again)
	require.NotEqual(t, one, other)
	hit := 0
	for _, status := range one {
		if status == 503 {
			hit++
		}
	}
	require.InDelta(t, 100, hit, 35)
}

func TestInvalidFaults(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	for _, body := range []string{
		`{"share":2}`, `{"names":["error-200"]}`, `{"names":["dropped-during"]}`, `{"latency_ms":-1}`, `{"speed":1}`, `nope`,
	} {
		require.Equal(t, 400, w.do(http.MethodPut, "/control/faults", body).status, body)
	}
	require.JSONEq(t, `{"share":0,"seed":0}`, w.do(http.MethodGet, "/control/faults", "").body)
}
