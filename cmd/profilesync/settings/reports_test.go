package settings

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDaysOfALink(t *testing.T) {
	t.Parallel()
	for _, days := range []string{"1", "14", "365"} {
		_, err := load(t.Context(), []string{"PROFILESYNC_REPORT_LINK_DAYS=" + days})
		require.NoError(t, err)
	}
	for _, days := range []string{"-1", "0", "366"} {
		_, err := load(t.Context(), []string{"PROFILESYNC_REPORT_LINK_DAYS=" + days})
		require.EqualError(t, err, "setting PROFILESYNC_REPORT_LINK_DAYS="+days+": want 1 to 365")
	}
}
