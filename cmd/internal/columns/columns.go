// Package columns writes tables as text, in columns without lines.
package columns

import (
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/profilesync/profilesync/cmd/internal/visible"
)

// pageWidth is the maximum width of a table: long cells wrap.
const pageWidth = 100

// Write writes a table, with nothing in its cells that steers a terminal. The names in
// the header are separated by " | "; an empty header is left out.
func Write(to io.Writer, header string, rows [][]string) {
	page := table.NewWriter()
	page.SetOutputMirror(to)
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

// OneLine puts a value with several lines on one line; an empty one is a dash.
func OneLine(value string) string {
	if value == "" {
		return "-"
	}
	return strings.ReplaceAll(value, "\n", ", ")
}

// plain is a table style without lines.
var plain = table.Style{
	Box:     table.BoxStyle{PaddingRight: "  "},
	Options: table.Options{DoNotColorBordersAndSeparators: true},
}

func cells(row []string) table.Row {
	out := make(table.Row, len(row))
	for i, cell := range row {
		out[i] = visible.Text(cell)
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
