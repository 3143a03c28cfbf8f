package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// pageWidth is how wide a table may be: long cells wrap.
const pageWidth = 100

// print writes a result: JSON, one object a line, or a table.
func (a *app) print(object any, header string, rows [][]string) {
	if a.json {
		_ = json.NewEncoder(a.stdout).Encode(object) //nolint:errchkjson // our own types; a reader that has gone needs nothing
		return
	}
	page := table.NewWriter()
	page.SetOutputMirror(a.stdout)
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

// plain is a table without lines.
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

// widths shares the page among the columns: the widest give way first.
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

func (a *app) printSummary(s runs.Summary) {
	name := "run " + s.Run
	if s.Run == "" {
		name = "plan"
	}
	rows := [][]string{
		{name, fmt.Sprintf("%s, %s as of %s", s.State, s.Report, s.AsOf)},
		{"records", fmt.Sprintf("%d, %d rejected", s.Records, s.Rejected)},
		{"profiles", fmt.Sprintf("%d open afterwards", s.Population)},
		{"changes", fmt.Sprintf("%d created, %d updated, %d closed, %d reopened, %d dormant",
			s.Changes.Create, s.Changes.Update, s.Changes.Close, s.Changes.Reopen, s.Changes.Dormant)},
	}
	if len(s.Fields) > 0 {
		rows = append(rows, []string{"fields", fieldCounts(s.Fields)})
	}
	for _, w := range s.Withheld {
		what := strings.TrimSpace(fmt.Sprintf("%d of %d %s %s", w.Count, w.Of, w.Type, w.Field))
		rows = append(rows, []string{"withheld", what + ": " + string(w.Reason)})
	}
	standing := fmt.Sprintf("%d closures await their second look, %d contradictions", s.PendingClose, s.Contradictions)
	rows = append(rows, []string{"standing", standing})
	for _, l := range s.LeftOut {
		rows = append(rows, []string{"left out", fmt.Sprintf("%s %s: it changed since", l.Code, l.Field)})
	}
	if s.Error != "" {
		rows = append(rows, []string{"error", s.Error})
	}
	a.print(s, "", rows)
}

// fieldCounts lists counts in the order of fields.
func fieldCounts(counts map[string]int) string {
	var parts []string
	for _, f := range profile.Fields() {
		if n := counts[f.String()]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", f, n))
		}
	}
	return strings.Join(parts, ", ")
}
