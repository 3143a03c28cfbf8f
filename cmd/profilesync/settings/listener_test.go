package settings

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesOfTheListener(t *testing.T) {
	t.Parallel()
	s, err := load(t.Context(), []string{
		"PROFILESYNC_HTTP_HOSTS=profiles.internal, 10.0.0.7,[2001:db8::7]:8383", "PROFILESYNC_REPORT_URL=https://reports.example/at",
	})
	require.NoError(t, err)
	require.Equal(t, []string{"profiles.internal", "10.0.0.7", "[2001:db8::7]:8383", "reports.example"}, s.Hosts())
	for _, name := range []string{"https://reports.example", "reports.example/at", "someone@reports.example", "two names", "?"} {
		_, err := load(t.Context(), []string{"PROFILESYNC_HTTP_HOSTS=" + name})
		require.EqualError(t, err, "setting PROFILESYNC_HTTP_HOSTS="+name+": want names like reports.example")
	}
}

func TestOtherMachinesReachHealthAndMetricsOnPurposeAlone(t *testing.T) {
	t.Parallel()
	for address, open := range map[string]bool{
		"127.0.0.1:0": false, "localhost:8383": false, "[::1]:8383": false,
		"0.0.0.0:8383": true, ":8383": true, "[::]:8383": true, "10.0.0.7:8383": true, "profiles.internal:8383": true,
	} {
		_, err := load(t.Context(), []string{"PROFILESYNC_HTTP_ADDRESS=" + address})
		if open {
			require.ErrorContains(t, err, "setting PROFILESYNC_HTTP_ADDRESS="+address+": other machines can reach it")
		} else {
			require.NoError(t, err, address)
		}
		s, err := load(t.Context(), []string{"PROFILESYNC_HTTP_ADDRESS=" + address, "PROFILESYNC_HTTP_OPEN=true"})
		require.NoError(t, err, address)
		require.True(t, s.HTTPOpen)
	}
}
