package e2e

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/realdata"
)

// The real register files the tests read.
const (
	pharmacies2025   = "legacy/edispensary_2025-04-10.csv"
	practices2024    = "legacy/epraccur_2024-08-24.csv"
	practices2025    = "legacy/epraccur_2025-05-25.csv"
	practicesToday   = "dse/epraccur_2026-02-22.csv"
	trustsBefore     = "dse/etr_2025-12-29.csv"
	trustsAfterApril = "dse/etr_2026-04-09.csv"
)

// Columns of a register file, from 0 (connectors/ods/CONTRACT.md "Columns").
const (
	atCode    = 0
	atName    = 1
	atRegion  = 2
	atICB     = 3
	atStatus  = 12
	atSetting = 25
)

// realData returns the path of a real register file.
func realData(t *testing.T, name string) string {
	t.Helper()
	return realdata.Path(t, "ods", name)
}

// soaking is `make soak`: what shows the same when it is smaller has its full size.
func soaking() bool { return os.Getenv("PROFILESYNC_SOAK") == "1" }

// pharmacies is a register file of pharmacies for tests that do much with each of them:
// every fourth of the real list, or, in a soak, all.
func pharmacies(t *testing.T) (path string) {
	t.Helper()
	path = realData(t, pharmacies2025)
	if soaking() {
		return path
	}
	rows := edited(readRows(t, path), func(i int, row []string) []string {
		if i%4 != 0 {
			return nil
		}
		return row
	})
	return writeRows(t, filepath.Base(path), rows, "\n")
}

func readRows(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	reader := csv.NewReader(file)
	reader.LazyQuotes = true
	rows, err := reader.ReadAll()
	require.NoError(t, err)
	return rows
}

// writeRows writes a register file: every field quoted, as the register does.
func writeRows(t *testing.T, name string, rows [][]string, lineEnd string) string {
	t.Helper()
	var text bytes.Buffer
	for _, row := range rows {
		text.WriteString(`"` + strings.Join(row, `","`) + `"` + lineEnd)
	}
	return writeFile(t, name, text.String())
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// edited copies rows and lets change edit each copy.
func edited(rows [][]string, change func(i int, row []string) []string) [][]string {
	copies := make([][]string, 0, len(rows))
	for i, row := range rows {
		if row = change(i, append([]string(nil), row...)); row != nil {
			copies = append(copies, row)
		}
	}
	return copies
}
