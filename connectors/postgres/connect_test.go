package postgres

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The timeouts that the server itself enforces, and how soon it notices a
// machine that vanished.
func TestEverySessionHasLimits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		limits limits
		want   map[string]string // in milliseconds
	}{
		"of work":       {workLimits, map[string]string{"idle_in_transaction_session_timeout": "60000", "lock_timeout": "60000"}},
		"of the queue":  {queueLimits, map[string]string{"idle_in_transaction_session_timeout": "30000", "statement_timeout": "300000"}},
		"of a run":      {runLimits, map[string]string{"idle_in_transaction_session_timeout": "600000", "lock_timeout": "0"}},
		"of who lives":  {livingLimits, map[string]string{"idle_session_timeout": "10000", "statement_timeout": "15000"}},
		"of reading":    {readLimits, map[string]string{"statement_timeout": "300000"}},
		"of migrations": {noLimits, map[string]string{"statement_timeout": "0", "lock_timeout": "0", "idle_session_timeout": "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, err := poolConfig("postgres://someone@127.0.0.1/profilesync", time.Time{}, NewProcess(), test.limits)
			require.NoError(t, err)
			params := config.ConnConfig.RuntimeParams
			for setting, want := range test.want {
				require.Equal(t, want, params[setting], setting)
			}
			require.Equal(t, []string{"5", "5", "2", "15000"}, []string{
				params["tcp_keepalives_idle"], params["tcp_keepalives_interval"], params["tcp_keepalives_count"], params["tcp_user_timeout"],
			})
		})
	}
}

func TestNamesOfProcessesFitTheServersList(t *testing.T) {
	t.Parallel()
	p := NewProcess()
	first := p.Name()
	require.LessOrEqual(t, len(p.application()), 63)
	p.Rename()
	require.NotEqual(t, first, p.Name())
	var none *Process
	require.Equal(t, "profilesync", none.application())
}
