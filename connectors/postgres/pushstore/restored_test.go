package pushstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A dump that is restored on a new server has a new count of transactions: every
// profile is asked for once, and changes are read from then on.
func TestDispatchGoesOnAfterARestore(t *testing.T) {
	t.Parallel()
	for name, moved := range map[string]string{
		"a server that has counted less": "update dispatch set horizon = '4000000000'",
		"a server that has counted more": "update dispatch set server = 'another', horizon = pg_snapshot_xmax(pg_current_snapshot())",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := many(t, 3)
			w.dispatch()
			require.Empty(t, w.noted())
			w.Exec(moved)
			w.Exec("update profile set phone = '111' where code = 'FA00001'")
			w.dispatch()
			require.Contains(t, w.noted(), "FA00001")
			w.dispatch()
			require.Empty(t, w.noted(), "nothing is read twice")
			w.Exec("update profile set phone = '222' where code = 'FA00002'")
			w.dispatch()
			require.Equal(t, []string{"FA00002"}, w.noted())
		})
	}
}
