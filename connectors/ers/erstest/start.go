package erstest

import (
	"testing"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// Start serves on a loopback address until the test ends and returns the server
// and the base of its API, "http://127.0.0.1:port/referrals/FHIR". Root turns that
// into the address of everything else.
func Start(tb testing.TB, o Options) (*Server, string) {
	tb.Helper()
	s := New(o)
	return s, simulate.Serve(tb, s.Handler()) + BasePath
}
