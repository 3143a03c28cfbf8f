package notifytest

import (
	"testing"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// Start serves on a loopback address until the test ends and returns the server
// and its address, "http://127.0.0.1:port".
func Start(tb testing.TB, o Options) (*Server, string) {
	tb.Helper()
	s := New(o)
	return s, simulate.Serve(tb, s.Handler())
}
