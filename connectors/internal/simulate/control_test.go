package simulate_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

func TestFaultsOverHTTP(t *testing.T) {
	t.Parallel()
	p := startPost(t, simulate.Options{})
	require.JSONEq(t, `{"share":0,"seed":0}`, p.ask(http.MethodGet, "/control/faults", "").body)
	const fault = `{"names":["throttled"],"share":1,"seed":3,"kinds":["letter"],"retry_after":2}`
	require.Equal(t, 204, p.ask(http.MethodPut, "/control/faults", fault).status)
	require.JSONEq(t, fault, p.ask(http.MethodGet, "/control/faults", "").body)
	for range 3 {
		got := p.send("A")
		require.Equal(t, 429, got.status)
		require.Equal(t, "2", got.header.Get("Retry-After"))
	}
	for _, bad := range []string{`{"names":["?"]}`, `{"share":2}`, `{"latency_ms":-1}`, `{"speed":1}`, `{}`, `nope`, ``} {
		got := p.ask(http.MethodPut, "/control/faults", bad)
		require.Equal(t, 400, got.status, bad)
		require.Contains(t, got.body, `{"error":"`)
	}
	require.Equal(t, 429, p.send("A").status, "an invalid fault changed nothing")
	require.Equal(t, 204, p.ask(http.MethodDelete, "/control/faults", "").status)
	require.Equal(t, 201, p.send("A").status)
}

// TestControlIsNeverSpoiled: control routes meet no faults and are not in the
// ledger.
func TestControlIsNeverSpoiled(t *testing.T) {
	t.Parallel()
	p := startPost(t, simulate.Options{})
	p.Route("GET /control/word", simulate.Show(func(*http.Request) any { return "hello" }))
	p.Route("POST /control/double", simulate.Ask(func(n int) (any, error) { return 2 * n, nil }))
	p.Fault(simulate.Fault{Names: []simulate.Name{simulate.Down}, Times: -1})
	require.Equal(t, `"hello"`, p.ask(http.MethodGet, "/control/word", "").body)
	require.Equal(t, "14", p.ask(http.MethodPost, "/control/double", "7").body)
	require.Equal(t, 404, p.ask(http.MethodGet, "/control/other", "").status)
	require.Equal(t, 200, p.ask(http.MethodGet, "/ledger", "").status)
	require.Empty(t, p.Ledger())
	require.Zero(t, p.send("A").status)
}

func TestLedgerOverHTTP(t *testing.T) {
	t.Parallel()
	forgotten := 0
	p := startPost(t, simulate.Options{Forget: func() { forgotten++ }})
	for _, code := range []string{"A", "B", "A", "C"} {
		p.send(code)
	}
	read := func(path string) (all []entry) {
		got := p.ask(http.MethodGet, path, "")
		require.Equal(t, "application/x-ndjson", got.header.Get("Content-Type"))
		for line := range strings.Lines(got.body) {
			var e entry
			require.NoError(t, json.Unmarshal([]byte(line), &e))
			all = append(all, e)
		}
		return all
	}
	require.Equal(t, p.Ledger(), read("/ledger"))
	require.Len(t, read("/ledger"), 4)
	require.Equal(t, p.Ledger("A", "C"), read("/ledger?code=C&code=A"))
	require.Len(t, read("/ledger?code=C&code=A"), 3)
	require.Empty(t, read("/ledger?code=D"))
	require.JSONEq(t, `{"requests":{"201":4},"faults":{}}`, p.ask(http.MethodGet, "/ledger/summary", "").body)

	before := p.Now()
	require.Equal(t, 204, p.ask(http.MethodPost, "/control/advance", `{"seconds":90.5}`).status)
	require.Equal(t, 400, p.ask(http.MethodPost, "/control/advance", `{"hours":2}`).status)
	require.Equal(t, 90500*time.Millisecond, p.Now().Sub(before))
	p.Fault(simulate.Fault{Names: []simulate.Name{simulate.Down}, Times: -1})
	require.Equal(t, 204, p.ask(http.MethodPost, "/control/reset", "").status)
	require.Empty(t, p.Ledger())
	require.Equal(t, 1, forgotten)
	require.Equal(t, 201, p.send("A").status, "faults are reset too")
	require.Equal(t, p.Now(), p.Ledger()[0].At, "the clock is not reset")
}
