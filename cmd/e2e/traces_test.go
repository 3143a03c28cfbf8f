package e2e

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// sentSpan is a span that a collector got.
type sentSpan struct{ trace, id, parent, name string }

// collector is a collector of traces.
type collector struct {
	t     *testing.T
	url   string
	mutex sync.Mutex
	spans []sentSpan
	raw   strings.Builder
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{t: t}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var batch collectorpb.ExportTraceServiceRequest
		if r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &batch) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.mutex.Lock()
		defer c.mutex.Unlock()
		for _, resource := range batch.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				for _, s := range scope.GetSpans() {
					c.spans = append(c.spans, sentSpan{
						hex.EncodeToString(s.GetTraceId()), string(s.GetSpanId()), string(s.GetParentSpanId()), s.GetName(),
					})
				}
			}
		}
		fmt.Fprintln(&c.raw, batch.String())
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// tracesWith returns the ids of the traces that have spans of all these names.
func (c *collector) tracesWith(names ...string) (ids []string) {
	for id, has := range c.names() {
		if !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(has, name) }) {
			ids = append(ids, id)
		}
	}
	return ids
}

// names returns the names of the spans of each trace.
func (c *collector) names() map[string][]string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	found := map[string][]string{}
	for _, s := range c.spans {
		if !slices.Contains(found[s.trace], s.name) {
			found[s.trace] = append(found[s.trace], s.name)
		}
	}
	return found
}

// requireWhole requires that every span of a trace has its parent in it, but for one, the
// first, and returns how many PUT and POST requests it has.
func (c *collector) requireWhole(id, first string) (sent int) {
	c.t.Helper()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	known := map[string]bool{}
	for _, s := range c.spans {
		known[s.id] = true
	}
	firsts := 0
	for _, s := range c.spans {
		if s.trace != id {
			continue
		}
		if s.parent == "" {
			require.Equal(c.t, first, s.name)
			firsts++
			continue
		}
		require.True(c.t, known[s.parent], "%s has a parent", s.name)
		if s.name == "HTTP PUT" || s.name == "HTTP POST" {
			sent++
		}
	}
	require.Equal(c.t, 1, firsts)
	return sent
}

// One edit, and one command that reconciles a listing, is each one trace, as far as the
// answers of both sinks. Its id is in the log and in what the sinks were sent.
func TestOneTraceFromTheCauseToTheSinks(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s, x := newSite(t).withSinks()
	s = s.with("TRACES_ENDPOINT="+c.url, "LOG_LEVEL=debug")
	d := s.serve()
	s.reconcile(0, madeUp(t, "edispensary", 5), madeUpDay) // worked by the daemon's job
	codes := s.codes()
	x.dos.Seed(codes...)
	s.waitUntilPushed()

	last := codes[len(codes)-1]
	s.edit(last, "phone", "0113 496 7777")
	x.showPhone(last, "0113 496 7777")
	s.waitUntilPushed()
	pushed := []string{"river.work/push_dos", "river.work/push_website", "StagePushes"}
	var edits, runs []string
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the traces: %v", c.names())
		}
	})
	x.until("both traces are complete", func() bool {
		edits, runs = c.tracesWith(append(pushed, "edit")...), c.tracesWith(append(pushed, "profilesync reconcile", "river.work/reconcile")...)
		return len(edits) == 1 && len(runs) == 1
	})
	d.stop() // what is left is sent
	c.requireWhole(runs[0], "profilesync reconcile")
	require.GreaterOrEqual(t, c.requireWhole(edits[0], "edit"), 2, "a request to each sink")
	for kind, id := range map[string]string{"edit": edits[0], "listing": runs[0]} {
		require.Contains(t, d.log(), `"trace_id":"`+id+`"`, kind)
	}
	raw, err := hex.DecodeString(edits[0])
	require.NoError(t, err)
	correlation := uuid.UUID(raw).String()
	events := 0
	for _, e := range x.dos.Ledger() {
		if e.Key == correlation {
			events++
		}
	}
	require.Positive(t, events, "DoS was told %s", correlation)
	for _, value := range []string{"496 7777", "4967777", dosPassword, websiteKey} {
		require.NotContains(t, c.raw.String(), value)
	}
	require.NotContains(t, strings.ToLower(c.raw.String()), "select ", "no statements")
}

// A request is one trace, from the API as far as the answers of both sinks. It says nothing of
// what was asked for but the operation, and what a caller says of traces is not read.
func TestOneTraceFromARequestToTheSinks(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s, _ := newSite(t).withSinks()
	s = s.with("TRACES_ENDPOINT="+c.url, "LOG_LEVEL=debug")
	d := s.serve()
	token := s.token("tracer", "read,reconcile")
	file, err := os.ReadFile(madeUp(t, "edispensary", 3))
	require.NoError(t, err)
	ask := func(method, path, token string, body []byte) (status int) {
		r, err := http.NewRequestWithContext(t.Context(), method, d.api()+path, bytes.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Idempotency-Key", "secret-key-7")
		r.Header.Set("Content-Type", "application/octet-stream")
		r.Header.Set("Traceparent", "00-11111111111111111111111111111111-2222222222222222-01")
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer.StatusCode
	}
	require.Equal(t, http.StatusUnauthorized, ask("GET", "/api/v1/profiles/FAA00", "psync_wrong", nil))
	require.Equal(t, http.StatusAccepted,
		ask("POST", "/api/v1/runs/file?name=edispensary_secret.csv&as_of="+madeUpDay, token, file))
	var found []string
	require.Eventually(t, func() bool {
		found = c.tracesWith("POST /api/v1/runs/file", "river.work/reconcile", "river.work/push_dos", "river.work/push_website", "StagePushes")
		return len(found) == 1
	}, patience, 100*time.Millisecond, "the trace is complete")
	s.waitUntilPushed()
	require.Equal(t, http.StatusOK, ask("GET", "/api/v1/profiles/"+s.codes()[0], token, nil))
	d.stop() // what is left is sent
	require.Positive(t, c.requireWhole(found[0], "POST /api/v1/runs/file"), "requests to the sinks")
	require.Contains(t, d.log(), `"trace_id":"`+found[0]+`"`)
	require.Len(t, c.tracesWith("GET /api/v1/profiles/{code}"), 1, "of who is known, and by its pattern")
	for _, value := range []string{token, "secret-key-7", "edispensary_secret", "1111111111111111", "/profiles/" + s.codes()[0], "FAA00"} {
		require.NotContains(t, c.raw.String(), value)
	}
}

// A collector that accepts connections and says nothing, or is not there, slows nothing.
func TestASilentCollectorSlowsNothing(t *testing.T) {
	t.Parallel()
	const rows = 120
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	took := map[string]time.Duration{}
	for name, settings := range map[string][]string{"none": nil, "silent": {"TRACES_ENDPOINT=http://" + silent.Addr().String()}} {
		s, _ := newStockedSite(t, rows)
		s = s.with(settings...)
		began := time.Now()
		d := s.serve()
		s.arrived(len(s.codes()))
		took[name] = time.Since(began)
		if settings != nil {
			x := s
			require.Eventually(t, func() bool {
				_, metrics := d.get("/metrics")
				return strings.Contains(metrics, `profilesync_trace_spans_total{outcome="failed"}`)
			}, patience, 100*time.Millisecond, "what is lost is counted")
			require.Zero(x.t, x.count("select count(*) from river.river_job where state = 'discarded'"))
		}
		stopping := time.Now()
		d.stop()
		require.Less(t, time.Since(stopping), 15*time.Second)
	}
	t.Logf("pushed in %s without traces, in %s with a silent collector", took["none"], took["silent"])
	require.Less(t, took["silent"], 2*took["none"]+5*time.Second)
}
