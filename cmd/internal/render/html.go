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
	Rows            [][]cell
	More            string // shown below a table that does not list all rows
}

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
	for i, c := range r.Charts {
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
	for i, c := range s.Columns {
		out.Columns = append(out.Columns, column{Number: i + 1, Label: clean(c.Label)})
	}
	err := eachRow(s, func(row []string) error {
		if len(out.Rows) == rowsShown {
			return errEnough
		}
		out.Rows = append(out.Rows, cellsOf(s.Columns, row))
		return nil
	})
	cut := errors.Is(err, errEnough)
	if err != nil && !cut {
		return section{}, err
	}
	out.Caption = fmt.Sprintf("%s, %s", out.Title, counted(len(out.Rows), "row"))
	out.More = omittedRowsText(s.Count, len(out.Rows), cut)
	out.Nothing = emptySectionText(s, len(out.Rows))
	return out, nil
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

func cellsOf(columns []report.Column, row []string) []cell {
	cells := make([]cell, len(row))
	for i, text := range row {
		cells[i].Text = clean(text)
		switch columns[i].Kind {
		case report.CellNumber:
			cells[i].Class = "number"
		case report.CellTime:
			if at, err := time.Parse(time.RFC3339, text); err == nil {
				cells[i] = cell{Text: at.In(profile.London()).Format(time.DateTime), Instant: text}
			}
		case report.CellDate:
			cells[i].Class = "date"
		case report.CellText:
		}
	}
	return cells
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
