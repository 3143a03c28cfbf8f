package qualitystore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/quality"
)

// A service that DoS lists twice, or a NUL in its hours, does not end the check of all others.
func TestOneOddServiceStopsNoOtherFinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	odd := found("FA000", quality.GenericBankHoliday, "hours")
	odd.Findings = append(odd.Findings, odd.Findings[0])
	_, _, err := w.begins().End(t.Context(), quality.Result{State: quality.Done}, []quality.Checked{
		odd, found("FA001", quality.OpenAllHours, "b"),
	})
	require.NoError(t, err)
	_, _, err = w.begins().End(t.Context(), quality.Result{State: quality.Done}, []quality.Checked{
		found("FA000", quality.GenericBankHoliday, "a\x00"),
	})
	require.NoError(t, err)
}
