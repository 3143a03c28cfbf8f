package render

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/profilesync/profilesync/reconcile/report"
)

// A section with more rows than fit in a sheet continues in the next, with the
// header repeated.
func TestFurtherSheets(t *testing.T) {
	t.Parallel()
	columns := []report.Column{{Name: "n"}, {Name: "text"}}
	for _, rows := range []int{0, 1, 4, 5, 8, 9, 250} {
		for _, limit := range []int{5, 120} {
			r := report.Report{Sections: []report.Section{
				{Name: "changes", Title: "Changes", Columns: columns, Count: rows, Rows: numbered(rows)},
				{Name: "last", Title: "Last", Columns: columns, Count: 1, Rows: numbered(1)},
			}}
			var out bytes.Buffer
			require.NoError(t, writeXLSX(&out, r, limit))
			book, err := excelize.OpenReader(&out)
			require.NoError(t, err)
			sheets := book.GetSheetList()
			require.Len(t, sheets, 2+max(1, (rows+limit-2)/(limit-1)))
			require.Equal(t, "Last", sheets[len(sheets)-1])
			next := 0
			for i, sheet := range sheets[1 : len(sheets)-1] {
				if i > 0 {
					require.Equal(t, fmt.Sprintf("Changes %d", i+1), sheet)
				}
				found, err := book.GetRows(sheet)
				require.NoError(t, err)
				require.LessOrEqual(t, len(found), limit)
				require.Equal(t, []string{"n", "text"}, found[0])
				for _, row := range found[1:] {
					require.Equal(t, fmt.Sprint(next), row[0])
					next++
				}
				tables, err := book.GetTables(sheet)
				require.NoError(t, err)
				require.Len(t, tables, 1)
				require.Equal(t, fmt.Sprintf("A1:B%d", max(2, len(found))), tables[0].Range)
			}
			require.Equal(t, rows, next)
		}
	}
}

func numbered(rows int) func(func([]string, error) bool) {
	return func(yield func([]string, error) bool) {
		for i := range rows {
			if !yield([]string{fmt.Sprint(i), "text"}, nil) {
				return
			}
		}
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"Fake Pharmacy", "Fake Pharmacy"},
		{"+44 113 496 0000", "'+44 113 496 0000"},
		{"=1+1", "'=1+1"},
		{"-1", "'-1"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"\tx", "'\tx"},
		{"\rx", "'\nx"},
		{"\r\nx", "'\nx"},
		{"\x00=1", "'\ufffd=1"},
		{"  =1", "'  =1"},
		{"\u00a0=1", "'\u00a0=1"},
		{"\ufeff=1", "'\ufeff=1"},
		{"\u200b=1", "'\u200b=1"},
		{`"=1`, `'"=1`},
		{"'=1", "''=1"},
		{"'tis", "'tis"},
		{"＝1", "'＝1"},
		{"＋1", "'＋1"},
		{"－1", "'－1"},
		{"＠x", "'＠x"},
		{"−1", "'−1"},
		{"%1", "%1"},
		{"a=1", "a=1"},
		{"é=1", "é=1"},
		{"\xff=1", "'\ufffd=1"},
		{"a\x01b", "a\ufffdb"},
		{"a\uffffb", "a\ufffdb"},
		{"a\r\nb\rc", "a\nb\nc"},
	} {
		require.Equal(t, c.want, guarded(c.text), "%q", c.text)
	}
}
