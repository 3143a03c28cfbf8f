package odstest

import (
	"testing"

	"github.com/profilesync/profilesync/connectors/internal/register"
	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// Start serves a register on a loopback address until the test ends and returns
// the server and its address, "http://127.0.0.1:port".
func Start(tb testing.TB, reg *register.Register, o Options) (*Server, string) {
	tb.Helper()
	s := New(reg, o)
	return s, simulate.Serve(tb, s.Handler())
}
