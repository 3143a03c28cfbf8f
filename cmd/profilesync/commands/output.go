package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

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

func (out *Printer) printSummary(s runs.Summary) {
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
	if s.Withdrawn > 0 {
		rows = append(rows, []string{"withdrawn", fmt.Sprintf("%d that waited: the register or the profile says something else", s.Withdrawn)})
	}
	if len(s.Decisions) > 0 {
		rows = append(rows, []string{"decisions", decisionCounts(s.Decisions)})
	}
	standing := fmt.Sprintf("%d closures await confirmation, %d contradictions", s.PendingClose, s.Contradictions)
	if s.Waiting > 0 {
		standing += fmt.Sprintf(", %d wait for a decision", s.Waiting)
	}
	rows = append(rows, []string{"standing", standing})
	for _, l := range s.LeftOut {
		rows = append(rows, []string{"left out", fmt.Sprintf("%s %s: changed since", l.Code, l.Field)})
	}
	if s.Error != "" {
		rows = append(rows, []string{"error", s.Error})
	}
	out.Print(s, "", rows)
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

// decisionCounts lists the decisions on the changes that a run withheld.
func decisionCounts(counts map[string]int) string {
	var parts []string
	for _, decision := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[decision], decision))
	}
	return strings.Join(parts, ", ")
}

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
