package ods_test

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/connectors/realdata"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// realData returns the path of a real register file.
func realData(t *testing.T, elements ...string) string {
	t.Helper()
	return realdata.Path(t, append([]string{"ods"}, elements...)...)
}

func openReal(t *testing.T, path string, options ...ods.ListingOption) *ods.Listing {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	report, err := ods.ReportOf(path)
	require.NoError(t, err)
	listing, err := ods.OpenListing(path, report, file, options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listing.Close()) })
	return listing
}

func TestRealFiles(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rows      int
		standings map[profile.Standing]int
		types     map[string]int
	}{
		"legacy/edispensary_2025-04-10.csv": {
			20932,
			map[profile.Standing]int{profile.Active: 11276, profile.Inactive: 9558, profile.Proposed: 98},
			map[string]int{"pharmacy": 20654, "": 278},
		},
		"legacy/epraccur_2024-08-24.csv": {
			16299,
			map[profile.Standing]int{profile.Active: 12318, profile.Inactive: 3717, profile.Dormant: 264},
			map[string]int{"gp-practice": 8651, "": 7648},
		},
		"legacy/epraccur_2025-05-25.csv": {
			16534,
			map[profile.Standing]int{profile.Active: 12396, profile.Inactive: 3877, profile.Dormant: 253, profile.Proposed: 8},
			map[string]int{"gp-practice": 8654, "": 7880},
		},
		"dse/epraccur_2026-02-22.csv": {
			15389,
			map[profile.Standing]int{profile.Active: 12515, profile.Inactive: 2680, profile.Dormant: 194},
			map[string]int{"gp-practice": 8189, "": 7200},
		},
		"legacy/egdpprac_2019-03-02.csv": {
			10410, map[profile.Standing]int{profile.Active: 7905, profile.Inactive: 2505}, map[string]int{"dental-practice": 10410},
		},
		"legacy/etrust_2018-09-15.csv": {
			29955, map[profile.Standing]int{profile.Unstated: 29955}, map[string]int{"trust": 234, "trust-site": 29721},
		},
		"dse/etr_2025-12-29.csv": {273, map[profile.Standing]int{profile.Unstated: 273}, map[string]int{"trust": 273}},
		"dse/etr_2026-04-09.csv": {274, map[profile.Standing]int{profile.Unstated: 274}, map[string]int{"trust": 274}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			standings, types := map[profile.Standing]int{}, map[string]int{}
			listing := openReal(t, realData(t, name))
			records := recordsOf(t, listing)
			for _, record := range records {
				standings[record.Standing]++
				types[record.Values.Get(profile.FieldType)]++
			}
			require.Len(t, records, test.rows)
			require.Equal(t, test.standings, standings)
			require.Equal(t, test.types, types)
		})
	}
}

func TestRealTrustsWithoutCloseDate(t *testing.T) {
	t.Parallel()
	open := 0
	for _, record := range recordsOf(t, openReal(t, realData(t, "dse", "etr_2026-04-09.csv"))) {
		if record.Closed.IsZero() {
			open++
		}
	}
	require.Equal(t, 203, open)
}

// TestRealFactsInTheOtherLayout writes today's real rows in the legacy layout:
// the records must be the same.
func TestRealFactsInTheOtherLayout(t *testing.T) {
	t.Parallel()
	rows := slices.DeleteFunc(rowsInFile(t, "dse", "epraccur_2026-02-22.csv"), func(row []string) bool {
		return legacySettings()[row[25]] == ""
	})
	require.Greater(t, len(rows), 15000)
	known := realCommissioners(t)
	today, inLegacy := write(rows), write(asLegacy(rows, known))
	require.NotEqual(t, today, inLegacy)
	want, got := recordsOf(t, open(t, "epraccur", today, ods.WithCommissioners(known))), recordsOf(t, open(t, "epraccur", inLegacy))
	require.Len(t, got, len(want))
	for i := range want {
		if !want[i].Values.States(profile.FieldICB) {
			require.Empty(t, got[i].Values.Get(profile.FieldICB))
			got[i].Values.Forget(profile.FieldICB)
			got[i].Values.Forget(profile.FieldRegion)
		}
		if want[i].Digest() != got[i].Digest() {
			require.Equal(t, want[i], got[i])
		}
	}
}

func rowsInFile(t *testing.T, elements ...string) [][]string {
	t.Helper()
	file, err := os.Open(realData(t, elements...))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	return rows
}

// legacySettings leads from roles back to the old layout's settings
// (CONTRACT.md "Layouts").
func legacySettings() map[string]string {
	return map[string]string{
		"RO72": "0", "RO87": "1", "RO80": "2", "RO80|RO87": "3", "RO76": "4", "RO255": "8", "RO247": "9", "RO250": "10",
		"RO252": "11", "RO259": "12", "RO249": "13", "RO246": "14", "RO260": "16", "RO257": "17", "RO256": "18", "RO251": "19",
		"RO248": "20", "RO258": "22", "RO82": "25", "RO321": "26", "RO323": "27",
	}
}

func asLegacy(rows [][]string, known *ods.Commissioners) [][]string {
	words := map[string]string{"ACTIVE": "A", "INACTIVE": "C", "DORMANT": "D"}
	changed := make([][]string, 0, len(rows))
	for _, row := range rows {
		row = slices.Clone(row)
		row[12], row[21], row[25] = words[row[12]], "0", legacySettings()[row[25]]
		board, _ := known.BoardOf(row[14])
		row[2], row[3] = board.Region, board.ICB
		changed = append(changed, row)
	}
	return changed
}

func write(rows [][]string) string {
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(`"` + strings.Join(row, `","`) + "\"\n")
	}
	return b.String()
}

func TestRealFilesUnderAnotherName(t *testing.T) {
	t.Parallel()
	for name, report := range map[string]string{
		"legacy/edispensary_2025-04-10.csv": "epraccur", "dse/epraccur_2026-02-22.csv": "edispensary",
		"legacy/egdpprac_2019-03-02.csv": "epraccur", "dse/etr_2026-04-09.csv": "ets", "legacy/etrust_2018-09-15.csv": "etr",
	} {
		content, err := os.ReadFile(realData(t, name))
		require.NoError(t, err)
		_, err = ods.OpenListing(name, report, strings.NewReader(string(content)))
		require.ErrorContains(t, err, "refused, nothing changed", "%s as %s", name, report)
	}
}
