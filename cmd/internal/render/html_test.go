package render_test

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html"

	"github.com/profilesync/profilesync/cmd/internal/render"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/report"
)

// Every link of the page leads to a place in it, and every label to an element.
func TestPageHoldsTogether(t *testing.T) {
	t.Parallel()
	for _, r := range []report.Report{sample(), nothingChanged(), {}} {
		page := parsePage(t, written(t, render.WriteHTML, r))
		ids, wanted := map[string]int{}, []string{}
		counts := map[string]int{}
		for node := range page.root.Descendants() {
			if node.Data != "title" || node.Parent.Data == "head" { // charts have titles too
				counts[node.Data]++
			}
			if id := attribute(node, "id"); id != "" {
				ids[id]++
			}
			wanted = append(wanted, strings.Fields(attribute(node, "aria-labelledby"))...)
			if at, local := strings.CutPrefix(attribute(node, "href"), "#"); local {
				wanted = append(wanted, at)
			}
		}
		for _, id := range wanted {
			require.Equal(t, 1, ids[id], id)
		}
		for id, times := range ids {
			require.Equal(t, 1, times, id)
		}
		for _, once := range []string{"title", "h1", "main", "header", "footer", "nav"} {
			require.Equal(t, 1, counts[once], once)
		}
		require.Zero(t, counts["script"]+counts["img"]+counts["iframe"]+counts["object"])
		require.Equal(t, counts["table"], counts["caption"])
	}
}

// The page fetches nothing.
func TestPageStandsAlone(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Sections[0].Rows, r.Sections[0].Count = nil, 0 // only its rows contain URLs
	page := string(written(t, render.WriteHTML, r))
	require.NotRegexp(t, `(?i)https?:|//[a-z]|url\(|@import|<script|\son[a-z]+=`, page)
}

func TestEmptyReport(t *testing.T) {
	t.Parallel()
	r := nothingChanged()
	page := parsePage(t, written(t, render.WriteHTML, r))
	text := textOf(page.root)
	require.Contains(t, text, "No changes in the time this report covers.")
	for _, figure := range r.Figures {
		require.Contains(t, text, figure.Label)
	}
	require.Len(t, readCSV(t, written(t, changesCSV, r)), 1, "the header")
	note, err := openBook(t, written(t, render.WriteXLSX, r)).GetCellValue("Summary", "A2")
	require.NoError(t, err)
	require.Equal(t, "No changes", note)
}

// A long section is cut in the page, which says so; the files have all of it.
func TestLongSection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rows, count int
		more        string
	}{
		{1000, 1000, ""},
		{1001, 1001, "These are the first 1,000 of 1,001 rows. 1 more is in the CSV and XLSX files of this report."},
		{2345, 2345, "These are the first 1,000 of 2,345 rows. 1,345 more are in the CSV and XLSX files of this report."},
		{1001, 0, "These are the first 1,000 of 1,001 rows. 1 more is in the CSV and XLSX files of this report."},
	} {
		r := sample()
		read := 0
		r.Sections[0].Count = c.count
		r.Sections[0].Rows = func(yield func([]string, error) bool) {
			for range c.rows {
				if read++; !yield(change(), nil) {
					return
				}
			}
		}
		page := parsePage(t, written(t, render.WriteHTML, r))
		require.Len(t, page.rows("section-changes"), min(c.rows, 1000))
		require.LessOrEqual(t, read, 1001, "reads no more than it shows")
		require.Equal(t, c.more != "", strings.Contains(textOf(page.root), "These are the first"))
		require.Contains(t, textOf(page.root), c.more)
		require.Len(t, readCSV(t, written(t, changesCSV, r)), 1+c.rows)
	}
}

// A lead reads words, and at most eight columns before the switch; what is empty in all
// rows is not shown at all.
func TestPageIsReadByPeople(t *testing.T) {
	t.Parallel()
	page := parsePage(t, written(t, render.WriteHTML, sample()))
	require.Equal(t, []string{
		"Organisation", "What", "Before", "After", "Changed", "By", "DoS", "Website",
		"Report", "Change", "ICB", "ICB name", "Region", "Type", "DoS service", "DoS type", "Field in DoS", "Action",
		"Role", "Source", "Approval", "Approved by", "Approved", "To DoS", "Run",
	}, page.headings("section-changes"), "nothing has arrived at the website")
	require.Equal(t, []string{
		"Fake Pharmacy (TES73)", "Opening hours: Monday", "09:00-13:00;14:00-17:30", "09:00-17:30", "2026-11-20T09:15:00Z",
		"Organisation editor u-4711", "arrived", "waiting",
	}, page.rows("section-changes")[0][:8])
	text := string(written(t, render.WriteHTML, sample()))
	require.Contains(t, text, `for="section-changes-columns">Show 17 more columns<`)
	require.Contains(t, text, `.switch:not(:checked) ~ .rows .t1 tr > :nth-child(n+9) { display: none }`)
	require.NotContains(t, text, "section-withheld-columns", "all its columns are shown")
	require.NotRegexp(t, `PENDING|NOT_REQUIRED|PROFILE_MANAGER|>modify<`, text)
	require.NotContains(t, text, "Changes by kind", "a chart without data")
}

// The numbers at the head are those of the rows below, in the page and in the workbook.
func TestHeadCountsTheRows(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Figures = nil
	for i, s := range report.Sections() {
		s.Count = i
		row := make([]string, len(s.Columns))
		for at := range row {
			row[at] = "x"
		}
		s.Rows = rowsOf(slices.Repeat([][]string{row}, i)...)
		r.Sections = append(r.Sections[:i], s)
		r.Figures = append(r.Figures, report.FigureOf(s))
	}
	page, book := parsePage(t, written(t, render.WriteHTML, r)), openBook(t, written(t, render.WriteXLSX, r))
	for i, figure := range r.Figures {
		require.Equal(t, fmt.Sprint(len(page.rows("section-"+figure.Section)))+" "+figure.Label, page.linked("section-"+figure.Section))
		rows, err := book.GetRows(book.GetSheetList()[1+i])
		require.NoError(t, err)
		require.Len(t, rows, 1+figure.Count, figure.Label)
	}
}

// withText puts the text in every place of a report that shows texts.
func withText(text string) report.Report {
	r := sample()
	r.Name, r.Region, r.Digest = text+".", profile.ODSCode("Q"+text), text
	r.Figures = []report.Figure{{Name: text, Label: text, Count: 1, Section: "changes"}, {Label: text}}
	r.Charts = []report.Chart{
		{Name: "by-day", Title: text, Bars: []report.Bar{{Label: text, Count: 2}, {Label: text, Count: 1}}},
		{Name: text, Title: text, Bars: []report.Bar{{Label: text, Count: 2}}},
	}
	label := text + "."
	columns := []report.Column{
		{Name: "a", Label: label, Kind: report.CellText},
		{Name: "b", Label: label, Kind: report.CellNumber},
		{Name: "c", Label: label, Kind: report.CellDate},
		{Name: "d", Label: label, Kind: report.CellText},
	}
	r.Sections = []report.Section{
		{Name: "changes", Title: text, Note: "Note " + text, Columns: columns, Count: 1, Rows: rowsOf([]string{text, text, text, text})},
		{Name: "x" + text, Title: text, Note: "Note " + text, Columns: columns, Count: 0},
	}
	return r
}

var hostile = []string{
	"Fake Pharmacy", "", "=1+1", "+44 113 496 0000", "\t=1", "\r\n", "\x00", "\xff\xfe", "'=1", `"=1`, "a,b", "_x000D_", "_x005F_x0041_",
	"</title></style></script></svg><script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "*/}body{display:none}/*", `\22 }`,
	"<!--", "]]>", "{{.}}", "javascript:alert(1)", "&lt;", "&#x0;", "</td></tr></table>", "<plaintext>",
	"'\"`", "\u202e", "\u2028", "\ufeff=1", "＝1",
}

var rulesOfLabels = regexp.MustCompile(`content: "(?:[^"\\\n]|\\[0-9a-fA-F]{1,6} ?|\\\\)*"`)

// shape lists the elements of a page with the names of their attributes, and
// the rules of its style sheet without the texts of the labels.
func (p parsed) shape(t *testing.T) []string {
	t.Helper()
	var out []string
	for node := range p.root.Descendants() {
		if node.Type == html.CommentNode {
			out = append(out, "a comment")
		}
		if node.Type != html.ElementNode {
			continue
		}
		element := []string{node.Data}
		for _, a := range node.Attr {
			element = append(element, a.Key)
			if a.Key == "href" {
				require.Regexp(t, `^(#[a-z0-9-]+|data:,)$`, a.Val)
			}
		}
		if node.Data == "style" {
			element = append(element, rulesOfLabels.ReplaceAllString(textOf(node), "LABEL"))
		}
		out = append(out, strings.Join(element, " "))
	}
	return out
}

// No text creates an element, an attribute or a rule, and every text is read
// back unchanged.
func FuzzHTML(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		page := parsePage(t, written(t, render.WriteHTML, withText(text)))
		plain := "plain"
		if text == "" {
			plain = "" // an empty cell, label or title gives another page
		}
		require.Equal(t, parsePage(t, written(t, render.WriteHTML, withText(plain))).shape(t), page.shape(t))
		stored := parseObject(t, written(t, render.WriteJSON, withText(text)))[0]
		require.Equal(t, readByPeople(withText(text).Sections[0], stored), page.rows("section-changes"))
	})
}

// No text starts a formula in a file that a spreadsheet opens, or creates a
// cell, a row or an element.
func FuzzFormula(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, "second")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		r := withText(first)
		r.Sections[0].Rows = rowsOf([]string{first, second, first, second}, []string{second, first, second, first})
		r.Sections[0].Count = 2
		records := readCSV(t, written(t, changesCSV, r))
		require.Len(t, records, 3)
		for _, record := range records {
			require.Len(t, record, 4)
			for _, cell := range record {
				require.False(t, formula(cell), "%q", cell)
			}
		}
		raw := written(t, render.WriteXLSX, r)
		for name, part := range partsOf(t, raw) {
			require.NotContains(t, part, "<f>", name)
			require.NotContains(t, part, "<f ", name)
		}
		book := openBook(t, raw)
		for _, sheet := range book.GetSheetList() {
			rows, err := book.GetRows(sheet)
			require.NoError(t, err)
			for r, row := range rows {
				for c, shown := range row {
					at, err := excelize.CoordinatesToCellName(c+1, r+1)
					require.NoError(t, err)
					kind, err := book.GetCellType(sheet, at)
					require.NoError(t, err)
					require.True(t, kind == excelize.CellTypeUnset || !formula(shown), "%s %s %q", sheet, at, shown)
				}
			}
		}
	})
}

func TestUnusualSections(t *testing.T) {
	t.Parallel()
	r := report.Report{Sections: []report.Section{{Name: "changes", Columns: []report.Column{{Name: "one"}}}}}
	require.Equal(t, "\ufeffone\r\n", string(written(t, changesCSV, r)))
	r.Sections[0].Count, r.Sections[0].Rows = 1, rowsOf([]string{""})
	require.Equal(t, "\ufeffone\r\n\"\"\r\n", string(written(t, changesCSV, r)), "an empty cell is not an empty line")
	require.Error(t, render.WriteCSV(io.Discard, report.Report{}, ""))
}
