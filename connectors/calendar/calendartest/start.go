package calendartest

import (
	"net/http/httptest"
	"testing"
)

// Start serves the list on a loopback address until the test ends and returns
// the server and the list's address.
func Start(tb testing.TB, o Options) (*Server, string) {
	tb.Helper()
	s := New(o)
	web := httptest.NewServer(s.Handler())
	tb.Cleanup(web.Close)
	return s, web.URL + Path
}
