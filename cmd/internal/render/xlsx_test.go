package render_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/profilesync/profilesync/cmd/internal/render"
	"github.com/profilesync/profilesync/reconcile/report"
)

// dump describes a workbook as text: what a reader sees and can click.
func dump(t *testing.T, raw []byte) []byte {
	t.Helper()
	book := openBook(t, raw)
	var out bytes.Buffer
	for _, sheet := range book.GetSheetList() {
		panes, err := book.GetPanes(sheet)
		require.NoError(t, err)
		tables, err := book.GetTables(sheet)
		require.NoError(t, err)
		fmt.Fprintf(&out, "sheet %q frozen rows %d", sheet, panes.YSplit)
		for _, table := range tables {
			fmt.Fprintf(&out, " table %s", table.Range)
		}
		rows, err := book.GetRows(sheet)
		require.NoError(t, err)
		for r, row := range rows {
			out.WriteString("\n")
			for c, shown := range row {
				if shown != "" {
					dumpCell(t, &out, book, sheet, c+1, r+1, shown)
				}
			}
		}
		out.WriteString("\n\n")
	}
	return out.Bytes()
}

func dumpCell(t *testing.T, out io.Writer, book *excelize.File, sheet string, column, row int, shown string) {
	t.Helper()
	at, err := excelize.CoordinatesToCellName(column, row)
	require.NoError(t, err)
	letters, _, _ := strings.Cut(at, fmt.Sprint(row))
	width, err := book.GetColWidth(sheet, letters)
	require.NoError(t, err)
	kind, err := book.GetCellType(sheet, at)
	require.NoError(t, err)
	linked, to, err := book.GetCellHyperLink(sheet, at)
	require.NoError(t, err)
	if row == 1 {
		fmt.Fprintf(out, "%s %q width %v\n", at, shown, width)
		return
	}
	fmt.Fprintf(out, "%s %q", at, shown)
	if kind == excelize.CellTypeUnset {
		raw, err := book.GetCellValue(sheet, at, excelize.Options{RawCellValue: true})
		require.NoError(t, err)
		fmt.Fprintf(out, " is %s", raw)
	}
	if linked {
		fmt.Fprintf(out, " to %s", to)
	}
	fmt.Fprintln(out)
}

func partsOf(t testingT, raw []byte) map[string]string {
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	parts := map[string]string{}
	for _, file := range archive.File {
		opened, err := file.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(opened)
		require.NoError(t, err)
		parts[file.Name] = string(content)
	}
	return parts
}

// Numbers, days and times are stored as such; what Excel cannot store is text.
func TestTypedCells(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  report.Cell
		text  string
		shown string
		typed bool
	}{
		{report.CellNumber, "100231", "100231", true},
		{report.CellNumber, "-5", "-5", true},
		{report.CellNumber, "007", "007", false},
		{report.CellNumber, "1234567890123456", "1234567890123456", false},
		{report.CellNumber, "+5", "'+5", false},
		{report.CellDate, "2026-11-20", "2026-11-20", true},
		{report.CellDate, "1900-02-28", "1900-02-28", false},
		{report.CellDate, "soon", "soon", false},
		{report.CellTime, "2026-07-01T23:30:00Z", "2026-07-02 00:30:00", true},
		{report.CellTime, "2026-11-20T09:15:07Z", "2026-11-20 09:15:07", true},
		{report.CellTime, "2026-03-29T00:59:59Z", "2026-03-29 00:59:59", true},
		{report.CellTime, "2026-03-29T01:00:00Z", "2026-03-29 02:00:00", true},
		{report.CellText, "=1+1", "'=1+1", false},
		{report.CellText, "42", "42", false},
		{report.CellText, "a\nb", "a\nb", false},
	} {
		r := sample()
		r.Sections = []report.Section{{
			Name: "changes", Columns: []report.Column{{Name: "x", Kind: c.kind}}, Count: 1, Rows: rowsOf([]string{c.text}),
		}}
		book := openBook(t, written(t, render.WriteXLSX, r))
		shown, err := book.GetCellValue("changes", "A2")
		require.NoError(t, err)
		require.Equal(t, c.shown, shown)
		kind, err := book.GetCellType("changes", "A2")
		require.NoError(t, err)
		require.Equal(t, c.typed, kind == excelize.CellTypeUnset, "%q", c.text)
	}
}

// A text that does not fit in an Excel cell is cut, in XLSX only, and says so.
func TestLongText(t *testing.T) {
	t.Parallel()
	for _, long := range []string{strings.Repeat("x", 40_000), strings.Repeat("😀", 20_000), "x" + strings.Repeat("😀", 20_000)} {
		r := sample()
		r.Sections[0].Count, r.Sections[0].Rows = 1, rowsOf(change("before", long))
		cell, err := openBook(t, written(t, render.WriteXLSX, r)).GetCellValue("Changes", "N2")
		require.NoError(t, err)
		require.Contains(t, cell, "[cut here: 4000", "says how long it was")
		require.True(t, strings.HasSuffix(cell, "whole in the CSV file]"))
		require.NotContains(t, cell, "\ufffd")
		require.Equal(t, long, readCSV(t, written(t, changesCSV, r))[1][13])
	}
}

// Excel refuses a workbook whose sheets have invalid or equal names.
func TestSheetNames(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Sections = nil
	for _, name := range []string{
		"Summary", "a/b", "A B", "History", "", "'x'", strings.Repeat("long ", 9), strings.Repeat("long ", 8) + "er",
	} {
		r.Sections = append(r.Sections, report.Section{Title: name, Columns: []report.Column{{Name: "x"}}})
	}
	require.Equal(t, []string{
		"Summary", "Summary (2)", "a b", "A B (2)", "History (2)", "(2)", "x",
		"long long long long long long", "long long long long long (2)",
	}, openBook(t, written(t, render.WriteXLSX, r)).GetSheetList())
}

// No name of a section's sheet is cut: where its title is too long, it has a shorter one.
func TestSheetsHaveWholeNames(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Sections = report.Sections()
	want := []string{"Summary"}
	for _, s := range r.Sections {
		want = append(want, cmp.Or(s.Sheet, s.Title))
	}
	require.Equal(t, want, openBook(t, written(t, render.WriteXLSX, r)).GetSheetList())
}
