package e2e

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// A slow register occupies only its own lock and its own workers.
func TestASlowRegisterDoesNotBlockTheOther(t *testing.T) {
	t.Parallel()
	asked, answer := make(chan struct{}, 100), make(chan struct{})
	register := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-answer:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(register.Close)
	t.Cleanup(func() { close(answer) })
	e := newERSSite(t, 1, 3, "ODS_DOWNLOADS_URL="+register.URL)
	d := e.serve()
	e.exits(0, "reconcile") // seven listings, more than workers
	<-asked
	e.eventually(4, "select count(*) from river.river_job where kind = 'reconcile' and state = 'running'")
	e.eventually(0, countBusyConnections+" and (xact_start < now() - interval '2 seconds' and wait_event_type <> 'Lock')")
	require.Equal(t, 3, e.pulls(0, "2026-11-02").Records)
	require.Empty(t, asked, "one listing is requested at a time")
	require.Equal(t, 7, e.count("select count(*) from run where source = 'ods' and state in ('queued', 'running')"))
	require.NoError(t, d.cmd.Process.Kill())
}
