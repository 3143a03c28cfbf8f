package notifytest

import (
	"net/http/httptest"
	"testing"
)

// Start serves on a loopback address until the test ends and returns the server
// and its address, "http://127.0.0.1:port".
func Start(tb testing.TB, o Options) (*Server, string) {
	tb.Helper()
	s := New(o)
	web := httptest.NewServer(s.Handler())
	tb.Cleanup(web.Close)
	return s, web.URL
}
