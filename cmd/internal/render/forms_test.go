package render_test

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/cmd/internal/render"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/report"
)

func changesCSV(w io.Writer, r report.Report) error { return render.WriteCSV(w, r, "") }

var forms = map[string]writer{"csv": changesCSV, "json": render.WriteJSON, "html": render.WriteHTML, "xlsx": render.WriteXLSX}

func TestGoldenForms(t *testing.T) {
	t.Parallel()
	golden(t, "changes.csv", written(t, changesCSV, sample()))
	golden(t, "report.json", written(t, render.WriteJSON, sample()))
	golden(t, "report.html", written(t, render.WriteHTML, sample()))
	golden(t, "report.xlsx.txt", dump(t, written(t, render.WriteXLSX, sample())))
	golden(t, "empty.csv", written(t, changesCSV, nothingChanged()))
	golden(t, "empty.json", written(t, render.WriteJSON, nothingChanged()))
	golden(t, "empty.html", written(t, render.WriteHTML, nothingChanged()))
	golden(t, "empty.xlsx.txt", dump(t, written(t, render.WriteXLSX, nothingChanged())))
}

// The same report gives the same bytes, in every form.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	for name, write := range forms {
		first := written(t, write, sample())
		for range 5 {
			require.Equal(t, first, written(t, write, sample()), name)
		}
	}
}

// All forms hold the same rows.
func TestFormsAgree(t *testing.T) {
	t.Parallel()
	agree(t, sample())
	agree(t, nothingChanged())
	rapid.Check(t, func(rt *rapid.T) {
		piece := rapid.OneOf(
			rapid.SampledFrom([]string{"", "=", "+", "-1", "@", "\t", "\r\n", "\n", "'", "\"", ",", " ", "<b>", "&amp;", "_x0041_", "007"}),
			rapid.String(), rapid.StringMatching(`[A-Za-z0-9 ]{0,12}`),
		)
		text := rapid.Map(rapid.SliceOfN(piece, 0, 3), func(pieces []string) string { return strings.Join(pieces, "") })
		whole := rapid.Map(rapid.Int64(), func(n int64) string { return strconv.FormatInt(n, 10) })
		second := rapid.Map(rapid.Int64Range(-2_000_000_000, 7_000_000_000), func(s int64) string {
			return time.Unix(s, 0).UTC().Format(time.RFC3339)
		})
		r := sample()
		columns := []report.Column{
			{Name: "a", Kind: report.CellText},
			{Name: "b", Kind: report.CellNumber},
			{Name: "c", Kind: report.CellDate},
			{Name: "d", Kind: report.CellTime},
			{Name: "e", Kind: report.CellText},
		}
		var rows [][]string
		for range rapid.IntRange(1, 4).Draw(rt, "rows") {
			rows = append(rows, []string{
				text.Draw(rt, "text"), rapid.OneOf(text, whole).Draw(rt, "number"),
				rapid.OneOf(text, rapid.Map(second, func(s string) string { return s[:10] })).Draw(rt, "date"),
				rapid.OneOf(text, second).Draw(rt, "time"), text.Draw(rt, "last"),
			})
		}
		r.Sections = []report.Section{{Name: "changes", Title: "T", Columns: columns, Count: len(rows), Rows: rowsOf(rows...)}}
		agree(rt, r)
	})
}

// testingT is both a test and a rapid check.
type testingT interface {
	require.TestingT
	Helper()
}

func bytesOf(t testingT, write writer, r report.Report) []byte {
	var out bytes.Buffer
	require.NoError(t, write(&out, r))
	return out.Bytes()
}

func agree(t testingT, r report.Report) {
	t.Helper()
	workbook := openBook(t, bytesOf(t, render.WriteXLSX, r))
	page := parsePage(t, bytesOf(t, render.WriteHTML, r))
	object := parseObject(t, bytesOf(t, render.WriteJSON, r))
	require.Len(t, object, len(r.Sections))
	for i, s := range r.Sections {
		records := readCSV(t, bytesOf(t, func(w io.Writer, r report.Report) error { return render.WriteCSV(w, r, s.Name) }, r))
		require.Len(t, records, 1+s.Count)
		sheet := readSheet(t, workbook, i+1, s.Columns)
		require.Len(t, sheet, len(records))
		require.Equal(t, headings(s), sheet[0])
		require.Len(t, object[i], s.Count)
		for n, record := range records[1:] {
			worded := s.Worded(record)
			for c, cell := range record {
				require.Equal(t, asInWorkbook(s.Columns[c].Kind, worded[c]), sheet[1+n][c], "%q: CSV and XLSX", cell)
				bare := object[i][n][c]
				require.True(t, cell == bare || cell == "'"+bare, "CSV has %q, JSON %q", cell, bare)
				require.False(t, formula(cell), "%q", cell)
			}
		}
		require.Equal(t, readByPeople(s, object[i]), page.rows("section-"+s.Name), "JSON and HTML")
	}
}

func headings(s report.Section) (out []string) {
	for _, c := range s.Columns {
		out = append(out, cmp.Or(c.Label, c.Name))
	}
	return out
}

// readByPeople returns what the page shows of the rows: in words, in the order in which
// people read, without empty columns.
func readByPeople(s report.Section, rows [][]string) (out [][]string) {
	first, rest := s.ReadingOrder()
	for _, row := range rows {
		worded := s.Worded(row)
		var cells []string
		for _, at := range append(slices.Clone(first), rest...) {
			switch {
			case !slices.ContainsFunc(rows, func(row []string) bool { return row[at] != "" }):
			case s.Columns[at].Name == "organisation_name":
				cells = append(cells, s.Organisation(worded))
			default:
				cells = append(cells, worded[at])
			}
		}
		out = append(out, cells)
	}
	return out
}

// formula reports whether a spreadsheet would take the parsed cell of a CSV
// file for a formula. It is deliberately independent of the code under test.
func formula(cell string) bool {
	if strings.HasPrefix(cell, "'") {
		return false
	}
	if strings.IndexAny(cell, "\t\r\x00") == 0 {
		return true
	}
	cell = strings.TrimLeft(cell, " \t\r\n\x00\u00a0\ufeff\u200b\u3000\"")
	for _, start := range []string{"=", "+", "-", "@", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(cell, start) {
			return true
		}
	}
	return false
}

func readCSV(t testingT, raw []byte) [][]string {
	body, ok := bytes.CutPrefix(raw, []byte("\ufeff"))
	require.True(t, ok, "a byte order mark")
	require.True(t, bytes.HasSuffix(body, []byte("\r\n")))
	records, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	require.NoError(t, err)
	return records
}

func parseObject(t testingT, raw []byte) [][][]string {
	var object struct {
		Sections []struct {
			Count int        `json:"count"`
			Rows  [][]string `json:"rows"`
		} `json:"sections"`
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	require.NoError(t, decoder.Decode(&object))
	rows := make([][][]string, len(object.Sections))
	for i, s := range object.Sections {
		require.Len(t, s.Rows, s.Count)
		rows[i] = s.Rows
	}
	return rows
}

// asInWorkbook converts a cell of a CSV file to what the workbook shows: times
// are in UK time, and a negative number, which is guarded in CSV, is a number.
func asInWorkbook(kind report.Cell, text string) string {
	if bare, guarded := strings.CutPrefix(text, "'"); guarded && kind == report.CellNumber && len(bare) <= 15 {
		if n, err := strconv.Atoi(bare); err == nil && n < 0 && strconv.Itoa(n) == bare {
			return bare
		}
	}
	if kind == report.CellTime {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return at.In(profile.London()).Format(time.DateTime)
		}
	}
	return text
}

func openBook(t testingT, raw []byte) *excelize.File {
	book, err := excelize.OpenReader(bytes.NewReader(raw))
	require.NoError(t, err)
	return book
}

// readSheet reads a sheet back as texts, with times in UK time.
func readSheet(t testingT, book *excelize.File, index int, columns []report.Column) [][]string {
	name := book.GetSheetList()[index]
	rows, err := book.Rows(name)
	require.NoError(t, err)
	var out [][]string
	for n := 1; rows.Next(); n++ {
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		require.NoError(t, err)
		row := make([]string, len(columns))
		for i := range cells {
			at, err := excelize.CoordinatesToCellName(i+1, n)
			require.NoError(t, err)
			kind, err := book.GetCellType(name, at)
			require.NoError(t, err)
			row[i] = readCell(t, columns[i].Kind, kind, cells[i])
		}
		out = append(out, row)
	}
	require.NoError(t, rows.Close())
	return out
}

func readCell(t testingT, kind report.Cell, stored excelize.CellType, text string) string {
	if text == "" || stored == excelize.CellTypeInlineString {
		return text
	}
	require.Equal(t, excelize.CellTypeUnset, stored, "a number")
	n, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	at := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(n))
	switch kind {
	case report.CellDate:
		return at.Format(time.DateOnly)
	case report.CellTime:
		_, fraction := math.Modf(n)
		return at.Add(time.Duration(math.Round(fraction*86400)) * time.Second).Format(time.DateTime)
	default:
		return text
	}
}

// parsed is a page read back.
type parsed struct{ root *html.Node }

func parsePage(t testingT, raw []byte) parsed {
	root, err := html.Parse(bytes.NewReader(raw))
	require.NoError(t, err)
	return parsed{root}
}

// rows returns the cells of the first table after the heading.
func (p parsed) rows(heading string) [][]string {
	var out [][]string
	for node := range p.root.Descendants() {
		if node.Data != "section" || attribute(node, "aria-labelledby") != heading {
			continue
		}
		for row := range node.Descendants() {
			if row.Data == "tr" && row.Parent.Data == "tbody" {
				out = append(out, cellTexts(row))
			}
		}
	}
	return out
}

// headings returns the headings of the first table after a heading.
func (p parsed) headings(heading string) (out []string) {
	for node := range p.root.Descendants() {
		if node.Data != "section" || attribute(node, "aria-labelledby") != heading {
			continue
		}
		for cell := range node.Descendants() {
			if cell.Data == "th" {
				out = append(out, textOf(cell))
			}
		}
	}
	return out
}

// linked returns the text of the first link to a place in the page.
func (p parsed) linked(to string) string {
	for node := range p.root.Descendants() {
		if attribute(node, "href") == "#"+to {
			return textOf(node)
		}
	}
	return ""
}

func cellTexts(row *html.Node) []string {
	var out []string
	for cell := range row.ChildNodes() {
		text := textOf(cell)
		if first := cell.FirstChild; first != nil && first.Data == "time" {
			text = attribute(first, "datetime")
		}
		out = append(out, text)
	}
	return out
}

func textOf(node *html.Node) string {
	var out strings.Builder
	for below := range node.Descendants() {
		if below.Type == html.TextNode {
			out.WriteString(below.Data)
		}
	}
	return out.String()
}

func attribute(node *html.Node, key string) string {
	for _, a := range node.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

var errGone = errors.New("the store is gone")

// Every form reports errors of the rows and of the writer, with their place.
func TestErrors(t *testing.T) {
	t.Parallel()
	for name, write := range forms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gone := sample()
			gone.Sections[0].Rows = func(yield func([]string, error) bool) {
				if yield(change(), nil) {
					yield(nil, errGone)
				}
			}
			err := write(io.Discard, gone)
			require.ErrorIs(t, err, errGone)
			require.ErrorContains(t, err, "reading row 2 of section changes")

			short := sample()
			short.Sections[0].Rows = rowsOf(change()[:26])
			require.EqualError(t, write(io.Discard, short), "row 1 of section changes has 26 cells, want 27")
			for _, room := range []int{0, 10, 1000} {
				require.ErrorIs(t, write(&limitedWriter{room}, sample()), errFull, fmt.Sprint(room))
			}
		})
	}
	require.EqualError(t, render.WriteCSV(io.Discard, sample(), "nonsense"), `the report has no section "nonsense"`)
}

var errFull = errors.New("disk full")

// limitedWriter accepts a limited number of bytes.
type limitedWriter struct{ room int }

func (f *limitedWriter) Write(p []byte) (int, error) {
	n := min(len(p), f.room)
	f.room -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}
