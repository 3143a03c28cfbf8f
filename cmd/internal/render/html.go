package render

import (
	"bufio"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/report"
)

//go:embed page/page.tmpl page/style.css
var pageFiles embed.FS

var pageTemplate = template.Must(template.New("page.tmpl").ParseFS(pageFiles, "page/page.tmpl", "page/style.css"))

// rowsShown is how many rows of a section the page lists: with more it would
// not open on a phone. The rest are in the files.
const rowsShown = 1000

// WriteHTML writes the whole report as one self-contained page: style and
// charts are part of it, there is no script, and nothing is fetched (a policy
// in its head forbids it). The figures come first, each a link to its rows,
// then the charts with their numbers as tables, then the sections. A section
// lists its first 1,000 rows and says how many more there are, and where. A
// report without changes says "No changes" and still has its summary.
//
// A table shows at most eight columns, those that people read first, in words
// instead of codes; a switch above it shows the others. Columns without any text
// in the listed rows are left out, and so are charts without data.
//
// Dates are YYYY-MM-DD; times are in UK time, with the instant in the datetime
// of their element. Only the listed rows are held in memory. It fails with the
// errors of the rows and of w.
func WriteHTML(w io.Writer, r report.Report) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(w, csvBuffer)
	if err := pageTemplate.Execute(buffered, page); err != nil {
		return fmt.Errorf("writing HTML: %w", err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("writing HTML: %w", err)
	}
	return nil
}

// page is what the template shows. All texts are clean.
type page struct {
	Title, Scope        string
	Day                 string
	From, Until, Frozen clock
	Digest              string
	Empty               string // "No changes", or empty
	Figures             []figure
	Charts              []chart
	Sections            []section
}

// HasNone reports whether a figure is 0.
func (p page) HasNone() bool {
	return slices.ContainsFunc(p.Figures, func(f figure) bool { return f.None })
}

type figure struct {
	Label, Count string
	Target       string // the id of the section; empty for none
	None         bool   // the count is 0
}

type section struct {
	ID, Title, Note string
	Number          int // of the section in the page
	Count           string
	Nothing         string // shown in place of a table
	Caption         string
	Columns         []column
	First           int    // columns before those that the switch shows
	Switch          string // the label of the switch; empty if all columns are shown
	Rows            [][]cell
	More            string // shown below a table that does not list all rows
}

// Beyond is the place of the first column that the switch shows, as in CSS.
func (s *section) Beyond() int { return s.First + 1 }

// column is a column of a table; Number starts at 1, as in CSS.
type column struct {
	Number int
	Label  string
}

// cell is a cell of a table. If Instant is set, it is a time.
type cell struct {
	Text, Instant string
	Class         string // number or date; empty for none
}

// clock is an instant, for people and for machines.
type clock struct{ Text, Instant string }

func clockOf(at time.Time) clock {
	return clock{
		Text:    at.In(profile.London()).Format("Mon 2 January 2006, 15:04"),
		Instant: at.UTC().Format(time.RFC3339),
	}
}

func pageOf(r report.Report) (page, error) {
	out := page{
		Title: title(r.Header), Scope: scope(r.Header), Day: r.Day.Time().Format("Monday 2 January 2006"),
		From: clockOf(r.From), Until: clockOf(r.Until), Frozen: clockOf(r.Frozen), Digest: clean(r.Digest),
	}
	if hasNoChanges(r) {
		out.Empty = noChanges
	}
	for _, f := range r.Figures {
		out.Figures = append(out.Figures, figureOf(f, r.Sections))
	}
	for i, c := range withData(r.Charts) {
		out.Charts = append(out.Charts, chartOf(i, c))
	}
	for i, s := range r.Sections {
		shown, err := sectionOf(s)
		if err != nil {
			return page{}, err
		}
		shown.Number = i + 1
		out.Sections = append(out.Sections, shown)
	}
	return out, nil
}

func figureOf(f report.Figure, sections []report.Section) figure {
	out := figure{Label: clean(f.Label), Count: grouped(f.Count), None: f.Count == 0}
	if slices.ContainsFunc(sections, func(s report.Section) bool { return s.Name == f.Section }) {
		out.Target = anchor(f.Section)
	}
	return out
}

// errEnough stops reading a section after the rows that are shown.
var errEnough = errors.New("enough rows")

func sectionOf(s report.Section) (section, error) {
	out := section{ID: anchor(s.Name), Title: clean(s.Title), Note: clean(s.Note), Count: grouped(s.Count)}
	read, err := rowsOf(s)
	cut := errors.Is(err, errEnough)
	if err != nil && !cut {
		return section{}, err
	}
	first, rest := filled(s, read)
	out.columns(s, first, rest)
	for _, row := range read {
		out.Rows = append(out.Rows, cellsOf(s, row, slices.Concat(first, rest)))
	}
	out.Caption = fmt.Sprintf("%s, %s", out.Title, counted(len(out.Rows), "row"))
	out.More = omittedRowsText(s.Count, len(out.Rows), cut)
	out.Nothing = emptySectionText(s, len(out.Rows))
	return out, nil
}

// rowsOf returns the rows that the page lists, in words. The error is errEnough if
// there are more.
func rowsOf(s report.Section) (rows [][]string, err error) {
	err = eachRow(s, func(row []string) error {
		if len(rows) == rowsShown {
			return errEnough
		}
		rows = append(rows, s.Worded(row))
		return nil
	})
	return rows, err
}

// filled returns the columns to show in their order, without those that are empty in
// all rows.
func filled(s report.Section, rows [][]string) (first, rest []int) {
	empty := func(at int) bool {
		return !slices.ContainsFunc(rows, func(row []string) bool { return row[at] != "" })
	}
	first, rest = s.ReadingOrder()
	return slices.DeleteFunc(first, empty), slices.DeleteFunc(rest, empty)
}

// columns sets the columns, with the switch for those that are not read first.
func (s *section) columns(from report.Section, first, rest []int) {
	for i, at := range slices.Concat(first, rest) {
		s.Columns = append(s.Columns, column{Number: i + 1, Label: clean(from.Columns[at].Label)})
	}
	s.First = len(first)
	if len(rest) > 0 {
		s.Switch = "Show " + counted(len(rest), "more column")
	}
}

// omittedRowsText says how many rows a table leaves out. If the rows were cut
// there is at least one more, whatever the count says.
func omittedRowsText(count, shown int, cut bool) string {
	if cut {
		count = max(count, shown+1)
	}
	if count <= shown {
		return ""
	}
	are := "are"
	if count-shown == 1 {
		are = "is"
	}
	return fmt.Sprintf("These are the first %s of %s. %s more %s in the CSV and XLSX files of this report.",
		grouped(shown), counted(count, "row"), grouped(count-shown), are)
}

// emptySectionText returns what an empty section shows.
func emptySectionText(s report.Section, rows int) string {
	switch {
	case rows > 0:
		return ""
	case s.Name == report.SectionChanges:
		return noChanges + "."
	}
	return "None."
}

// cellsOf returns the cells of a row in the given order of columns.
func cellsOf(s report.Section, row []string, order []int) []cell {
	cells := make([]cell, len(order))
	for i, at := range order {
		cells[i] = cellOf(s.Columns[at].Kind, row[at])
		if s.Columns[at].Name == "organisation_name" {
			cells[i].Text = clean(s.Organisation(row))
		}
	}
	return cells
}

func cellOf(kind report.Cell, text string) cell {
	out := cell{Text: clean(text)}
	switch kind {
	case report.CellNumber:
		out.Class = "number"
	case report.CellTime:
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return cell{Text: at.In(profile.London()).Format("2006-01-02 15:04"), Instant: text}
		}
	case report.CellDate:
		out.Class = "date"
	case report.CellText:
	}
	return out
}

// anchor returns the id of a section in the page. It is the same every day,
// since people share links to it.
func anchor(name string) string {
	return "section-" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name)
}

// grouped formats a count with thousands separators.
func grouped(count int) string {
	digits := strconv.Itoa(count)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
