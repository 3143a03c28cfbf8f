package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/admin"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// healthy returns checks that find nothing wrong.
func healthy() admin.Checks {
	return admin.Checks{
		Alive: func() error { return nil }, Ready: func(context.Context) error { return nil },
		Metrics: prometheus.NewRegistry(), Log: discard(),
	}
}

func ask(t *testing.T, c admin.Checks, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	admin.Handler(c).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody))
	return answer
}

func TestHealth(t *testing.T) {
	t.Parallel()
	down := admin.FaultError{Word: "database", Err: errors.New("database=profiles host=10.0.0.5: connection refused")}
	late := admin.FaultError{Word: "tick", Err: errors.New("tick: no progress for 3m")}
	cases := map[string]struct {
		alive, ready error
		path         string
		status       int
		body         string
	}{
		"alive":                    {nil, nil, "/healthz", 200, "ok\n"},
		"alive without a database": {nil, down, "/healthz", 200, "ok\n"},
		"not alive":                {late, nil, "/healthz", 503, "tick\n"},
		"ready":                    {nil, nil, "/readyz", 200, "ok\n"},
		"not ready":                {nil, down, "/readyz", 503, "database\n"},
		"not ready twice":          {nil, errors.Join(late, down), "/readyz", 503, "tick\n"},
		"wrapped":                  {nil, fmt.Errorf("ready: %w", down), "/readyz", 503, "database\n"},
		"an error without a word":  {nil, errors.New("the disk /var/lib is full"), "/readyz", 503, "failed\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checks := healthy()
			checks.Alive = func() error { return c.alive }
			checks.Ready = func(context.Context) error { return c.ready }
			answer := ask(t, checks, http.MethodGet, c.path)
			require.Equal(t, c.status, answer.Code)
			require.Equal(t, c.body, answer.Body.String())
			require.Equal(t, "no-store", answer.Header().Get("Cache-Control"))
		})
	}
}

func TestTheLogHasTheWholeFaultOnceUntilItsWordChanges(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	checks := healthy()
	checks.Log = slog.New(slog.NewJSONHandler(&log, nil))
	var now error
	checks.Ready = func(context.Context) error { return now }
	handler := admin.Handler(checks)
	down := admin.FaultError{Word: "database", Err: errors.New("host=10.0.0.5: connection refused")}
	for _, now = range []error{nil, down, down, admin.FaultError{Word: "schema", Err: errors.New("too old")}, nil, nil, down} {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", http.NoBody))
	}
	var words []string
	for line := range strings.Lines(log.String()) {
		var record map[string]string
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		words = append(words, record["level"]+" "+record["page"]+" "+record["word"]+" "+record["error"])
	}
	require.Equal(t, []string{
		"WARN /readyz database host=10.0.0.5: connection refused", "WARN /readyz schema too old",
		"INFO /readyz  ", "WARN /readyz database host=10.0.0.5: connection refused",
	}, words)
}

func TestReadinessWaitsForASlowDatabaseForALimitedTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		checks := healthy()
		checks.Ready = func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
		began := time.Now()
		require.Equal(t, 503, ask(t, checks, http.MethodGet, "/readyz").Code)
		require.Equal(t, 3*time.Second, time.Since(began))
	})
}

func TestMetricsArePrometheusText(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	admin.NewMetrics(reg).JobWorked("tick", "done", 0.1, 0)
	checks := healthy()
	checks.Metrics = reg
	answer := ask(t, checks, http.MethodGet, "/metrics")
	require.Equal(t, 200, answer.Code)
	require.Contains(t, answer.Header().Get("Content-Type"), "text/plain; version=0.0.4")
	require.Contains(t, answer.Body.String(), `profilesync_jobs_total{kind="tick",outcome="done"} 1`+"\n")
}

func TestMetricsThatCannotBeGatheredAreLoggedAndTheRestServed(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	reg := prometheus.NewRegistry()
	admin.NewMetrics(reg).JobWorked("tick", "done", 0.1, 0)
	checks := healthy()
	checks.Log = slog.New(slog.NewJSONHandler(&log, nil))
	reg.MustRegister(broken{})
	checks.Metrics = reg
	answer := ask(t, checks, http.MethodGet, "/metrics")
	require.Equal(t, 200, answer.Code)
	require.Contains(t, answer.Body.String(), "profilesync_jobs_total")
	require.Contains(t, log.String(), "out of order")
}

// broken is a metric that cannot be gathered.
type broken struct{}

func (broken) Describe(chan<- *prometheus.Desc) {}

func (broken) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.NewInvalidMetric(prometheus.NewDesc("broken", "Broken.", nil, nil), errors.New("out of order"))
}

func TestNothingElseIsServed(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		method, path string
		want         int
	}{
		"a probe with HEAD":   {http.MethodHead, "/healthz", 200},
		"a write":             {http.MethodPost, "/healthz", 405},
		"a write of metrics":  {http.MethodPut, "/metrics", 405},
		"a deletion":          {http.MethodDelete, "/readyz", 405},
		"the root":            {http.MethodGet, "/", 404},
		"below a page":        {http.MethodGet, "/healthz/x", 404},
		"the profiler":        {http.MethodGet, "/debug/pprof/", 404},
		"the program's flags": {http.MethodGet, "/debug/vars", 404},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, ask(t, healthy(), c.method, c.path).Code)
		})
	}
}

// serve runs a server until the test or stop ends it.
func serve(t *testing.T, handler http.Handler) (address string, stop func() error) {
	t.Helper()
	server, err := admin.Listen(t.Context(), admin.Options{Address: "127.0.0.1:0", Log: discard()}, handler)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	return "http://" + server.Address(), func() error { cancel(); return <-ended }
}

func get(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestServerFinishesRequestsInProgress(t *testing.T) {
	t.Parallel()
	asked, answer := make(chan struct{}), make(chan struct{})
	address, stop := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-answer
		_, _ = io.WriteString(w, "at last")
	}))
	got := make(chan string, 1)
	go func() {
		body, err := get(t.Context(), address)
		if err != nil {
			body = err.Error()
		}
		got <- body
	}()
	<-asked
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	require.Eventually(t, func() bool { // new callers are refused
		_, err := get(t.Context(), address)
		return err != nil
	}, 5*time.Second, time.Millisecond)
	close(answer)
	require.Equal(t, "at last", <-got)
	require.NoError(t, <-stopped)
}

func TestASlowCallerDoesNotMakeStoppingFail(t *testing.T) {
	t.Parallel()
	asked, cut := make(chan struct{}), make(chan struct{})
	address, stop := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
		close(cut)
	}))
	go func() { _, _ = get(t.Context(), address) }()
	<-asked
	require.NoError(t, stop())
	<-cut
}

func TestListenRefusesWhatOthersCanReach(t *testing.T) {
	t.Parallel()
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0"} {
		_, err := admin.Listen(t.Context(), admin.Options{Address: address, Log: discard()}, http.NotFoundHandler())
		require.ErrorContains(t, err, `address "`+address+`": other machines can reach it`)
	}
	for _, address := range []string{"", "127.0.0.1", "127.0.0.1:http-but-not", "127.0.0.1:70000"} {
		_, err := admin.Listen(t.Context(), admin.Options{Address: address, Log: discard()}, http.NotFoundHandler())
		require.ErrorContains(t, err, `address "`+address+`": `)
	}
	for address, open := range map[string]bool{"localhost:0": false, "127.0.0.2:0": false, "0.0.0.0:0": true} {
		server, err := admin.Listen(t.Context(), admin.Options{Address: address, Open: open, Log: discard()}, http.NotFoundHandler())
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, server.Serve(ctx))
	}
}

func TestListenNamesAnAddressThatIsTaken(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, http.NotFoundHandler())
	taken := address[len("http://"):]
	_, err := admin.Listen(t.Context(), admin.Options{Address: taken, Log: discard()}, http.NotFoundHandler())
	require.ErrorContains(t, err, taken)
}
