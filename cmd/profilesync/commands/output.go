package commands

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Printer writes results to standard output.
type Printer struct {
	to   io.Writer
	json bool
	form string // format of reports
}

// NewPrinter returns a printer that prints tables, or JSON if that is the
// format; reports have further formats.
func NewPrinter(to io.Writer, format string) *Printer {
	return &Printer{to: to, json: format == "json", form: format}
}

// pageWidth is the maximum width of a table: long cells wrap.
const pageWidth = 100

// Print writes a result: JSON, one object per line, or a table.
func (out *Printer) Print(object any, header string, rows [][]string) {
	if out.json {
		_ = json.NewEncoder(out.to).Encode(object) //nolint:errchkjson // our own types; an error means that the reader is gone
		return
	}
	page := table.NewWriter()
	page.SetOutputMirror(out.to)
	page.SetStyle(plain)
	if header != "" {
		page.AppendHeader(cells(strings.Split(header, " | ")))
	}
	for _, row := range rows {
		page.AppendRow(cells(row))
	}
	page.SetColumnConfigs(widths(header, rows))
	page.SuppressTrailingSpaces()
	page.Render()
}

// plain is a table style without lines.
var plain = table.Style{
	Box:     table.BoxStyle{PaddingRight: "  "},
	Options: table.Options{DoNotColorBordersAndSeparators: true},
}

func cells(row []string) table.Row {
	out := make(table.Row, len(row))
	for i, cell := range row {
		out[i] = cell
	}
	return out
}

// widths distributes the page width among the columns: the widest are narrowed
// first.
func widths(header string, rows [][]string) (configs []table.ColumnConfig) {
	var want []int
	for _, row := range append([][]string{strings.Split(header, " | ")}, rows...) {
		for i, cell := range row {
			if i == len(want) {
				want = append(want, 0)
			}
			want[i] = max(want[i], utf8.RuneCountInString(cell))
		}
	}
	limit := slices.Max(append([]int{1}, want...))
	for limit > 8 && total(want, limit) > pageWidth {
		limit--
	}
	for i := range want {
		configs = append(configs, table.ColumnConfig{Number: i + 1, WidthMax: limit, WidthMaxEnforcer: text.WrapSoft})
	}
	return configs
}

func total(want []int, limit int) (sum int) {
	for _, w := range want {
		sum += min(w, limit) + len("  ")
	}
	return sum
}

func (out *Printer) printSummary(s runs.Summary) { out.Print(s, "", runtext.Rows(s)) }

// OneLine puts a value with several lines on one line, for a table.
func OneLine(value string) string {
	if value == "" {
		return "-"
	}
	return strings.ReplaceAll(value, "\n", ", ")
}

// londonTime formats an instant in London time; a dash for the zero time.
func londonTime(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.In(profile.London()).Format(time.DateTime)
}
