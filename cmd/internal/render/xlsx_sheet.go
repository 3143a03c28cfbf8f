package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/profilesync/profilesync/reconcile/report"
)

// section writes the rows of a section into its sheet, and into further sheets
// if they do not fit.
func (b *book) section(name string, s report.Section) error {
	out := &sheets{book: b, section: s, title: name}
	if err := out.next(name); err != nil {
		return fmt.Errorf("adding sheet %s: %w", name, err)
	}
	if err := eachRow(s, out.row); err != nil {
		return err
	}
	if err := out.end(); err != nil {
		return fmt.Errorf("ending sheet %s: %w", name, err)
	}
	return nil
}

// sheets writes one section, sheet by sheet.
type sheets struct {
	*book

	section report.Section
	title   string
	stream  *excelize.StreamWriter
	rows    int     // rows of this sheet including the header; 0 while first is held back
	first   [][]any // rows held back to compute the column widths
	count   int     // number of sheets so far
}

// measured is how many rows of a sheet are held back to compute the column
// widths.
const measured = 100

func (s *sheets) next(name string) (err error) {
	if _, err := s.file.NewSheet(name); err != nil {
		return err
	}
	s.count++
	s.rows, s.first = 0, nil
	s.stream, err = s.file.NewStreamWriter(name)
	return err
}

func (s *sheets) row(cells []string) error {
	if max(s.rows, 1+len(s.first)) == s.limit {
		if err := s.further(); err != nil {
			return fmt.Errorf("continuing sheet %s: %w", s.title, err)
		}
	}
	values := make([]any, len(cells))
	for i, cell := range s.section.Worded(cells) {
		values[i] = s.value(s.section.Columns[i].Kind, cell)
	}
	if s.rows > 0 {
		return s.put(values)
	}
	s.first = append(s.first, values)
	if len(s.first) < measured {
		return nil
	}
	return s.begin()
}

func (s *sheets) further() error {
	if err := s.end(); err != nil {
		return err
	}
	return s.next(s.sheetName(fmt.Sprintf("%s %d", s.title, s.count+1)))
}

// begin writes what comes before the rows, and the rows held back. The stream
// accepts widths and panes only before the first row.
func (s *sheets) begin() error {
	for i, column := range s.section.Columns {
		if err := s.stream.SetColWidth(i+1, i+1, s.width(i, column)); err != nil {
			return err
		}
	}
	err := s.stream.SetPanes(&excelize.Panes{
		Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft",
		Selection: []excelize.Selection{{SQRef: "A2", ActiveCell: "A2", Pane: "bottomLeft"}},
	})
	if err != nil {
		return err
	}
	header := make([]any, len(s.section.Columns))
	for i, column := range s.section.Columns {
		header[i] = excelize.Cell{StyleID: s.header, Value: guarded(heading(column))}
	}
	for _, values := range append([][]any{header}, s.first...) {
		if err := s.put(values); err != nil {
			return err
		}
	}
	s.first = nil
	return nil
}

func (s *sheets) put(values []any) error {
	s.rows++
	cell, err := excelize.CoordinatesToCellName(1, s.rows)
	if err != nil {
		return err
	}
	return s.stream.SetRow(cell, values)
}

// end makes a table of the rows, with a filter for every column.
func (s *sheets) end() error {
	if s.rows == 0 {
		if err := s.begin(); err != nil {
			return err
		}
	}
	last, err := excelize.CoordinatesToCellName(max(1, len(s.section.Columns)), max(2, s.rows))
	if err != nil {
		return err
	}
	if err := s.stream.AddTable(&excelize.Table{Range: "A1:" + last, StyleName: "TableStyleLight1"}); err != nil {
		return err
	}
	return s.stream.Flush()
}

// width returns the column width for the longest line of the rows held back, in
// Excel's unit of about one character. The filter's arrow takes four.
func (s *sheets) width(i int, column report.Column) float64 {
	widest := utf8.RuneCountInString(heading(column)) + 4
	switch column.Kind {
	case report.CellDate:
		widest = max(widest, 12)
	case report.CellTime:
		widest = max(widest, 20)
	case report.CellNumber, report.CellText:
		for _, values := range s.first {
			widest = max(widest, lineWidth(values[i])+2)
		}
	}
	return float64(min(widest, 48))
}

// heading returns the heading of a column.
func heading(c report.Column) string { return cmp.Or(c.Label, c.Name) }

func lineWidth(value any) int {
	if styled, ok := value.(excelize.Cell); ok {
		value = styled.Value
	}
	if value == nil {
		return 0
	}
	lines := strings.Split(fmt.Sprint(value), "\n")
	return utf8.RuneCountInString(slices.MaxFunc(lines, func(a, b string) int { return len(a) - len(b) }))
}

// maxSheetName is Excel's limit.
const maxSheetName = 31

// sheetName makes and reserves a name that Excel accepts and no other sheet
// has. Excel ignores case in names.
func (b *book) sheetName(wanted string) string {
	wanted = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\'`, r) || r < ' ' || r > 0xffff || r == utf8.RuneError {
			return ' '
		}
		return r
	}, clean(wanted))
	wanted = strings.Join(strings.Fields(wanted), " ")
	for number := 1; ; number++ {
		end := ""
		if number > 1 {
			end = fmt.Sprintf(" (%d)", number)
		}
		name := strings.TrimSpace(firstWords(wanted, maxSheetName-len(end)) + end)
		if key := strings.ToLower(name); name != "" && !b.taken[key] {
			b.taken[key] = true
			return name
		}
	}
}

// firstWords cuts a text to a number of characters, between two words if there are two.
func firstWords(text string, count int) string {
	runes := []rune(text)
	if len(runes) <= count {
		return text
	}
	if space := strings.LastIndexByte(string(runes[:count+1]), ' '); space > 0 {
		return strings.TrimRight(text[:space], " ,;:–-")
	}
	return string(runes[:count])
}
