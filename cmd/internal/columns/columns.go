// Package columns writes tables as text, in columns without lines.
package columns

import (
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/profilesync/profilesync/cmd/internal/visible"
)

const (
	// Unlimited is the width of what is no terminal: a file or another program, which
	// wants a line for a row.
	Unlimited = 1 << 20
	// narrowest is the least width that a table is made for.
	narrowest = 40
)

// Width returns how many columns fit a line: what COLUMNS says, else the width of the
// terminal, else Unlimited.
func Width(to io.Writer) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return max(n, narrowest)
	}
	if file, ok := to.(interface{ Fd() uintptr }); ok {
		if n, _, err := term.GetSize(int(file.Fd())); err == nil && n > 0 {
			return max(n, narrowest)
		}
	}
	return Unlimited
}

// Write writes a table that fits the Width, with nothing in its cells that steers a
// terminal: long cells wrap. The names in the header are separated by " | "; an empty
// header is left out, and one with no rows is the word "none".
func Write(to io.Writer, header string, rows [][]string) {
	if header != "" && len(rows) == 0 {
		_, _ = io.WriteString(to, "none\n") // an error means that the reader is gone
		return
	}
	page := table.NewWriter()
	page.SetOutputMirror(to)
	page.SetStyle(plain)
	if header != "" {
		page.AppendHeader(cells(strings.Split(header, " | ")))
	}
	for _, row := range rows {
		page.AppendRow(cells(row))
	}
	page.SetColumnConfigs(widths(header, rows, Width(to)))
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

// widths distributes the width of the page among the columns: the widest are narrowed
// first.
func widths(header string, rows [][]string, page int) (configs []table.ColumnConfig) {
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
	for limit > 8 && total(want, limit) > page {
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
