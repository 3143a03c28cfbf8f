package ods_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods"
)

func TestTheDayInTheNameOfAFile(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"edispensary_2025-04-10.csv":     "2025-04-10",
		"/a/2024-01-01/epraccur_dse.csv": "", // of the folder
		"epraccur_2025-05-25_dl.csv":     "2025-05-25",
		"etr.csv":                        "",
		"etr_20250410.csv":               "",
		"etr_12025-04-10.csv":            "",
		"edispensary_1.csv":              "",
	} {
		day, err := ods.DayOf(name)
		require.NoError(t, err, name)
		require.Equal(t, want, day.String(), name)
	}
	_, err := ods.DayOf("etr_2026-02-30.csv")
	require.EqualError(t, err, `file "etr_2026-02-30.csv": its name holds 2026-02-30, which is not a day`)
}
