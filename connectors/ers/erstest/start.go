package erstest

import (
	"net/http/httptest"
	"testing"
)

// Start serves on a loopback address until the test ends and returns the server
// and the base of its API, "http://127.0.0.1:port/referrals/FHIR". Root turns
// that into the address of all else.
func Start(tb testing.TB, o Options) (*Server, string) {
	tb.Helper()
	s := New(o)
	web := httptest.NewServer(s.Handler())
	tb.Cleanup(web.Close)
	return s, web.URL + BasePath
}
