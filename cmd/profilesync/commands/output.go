package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/cmd/internal/visible"
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

// Print writes a result: JSON, one object per line, or a table.
func (out *Printer) Print(object any, header string, rows [][]string) {
	if out.json {
		_ = json.NewEncoder(visible.JSON(out.to)).Encode(object) //nolint:errchkjson // our own types; an error means that the reader is gone
		return
	}
	columns.Write(out.to, header, rows)
}

// PrintLines writes text that another program reads, such as SQL, line by line.
func (out *Printer) PrintLines(lines []string) {
	if out.json {
		out.Print(lines, "", nil)
		return
	}
	for _, line := range lines {
		_, _ = io.WriteString(out.to, line+"\n") // an error means that the reader is gone
	}
}

// JSON reports whether results are printed as JSON.
func (out *Printer) JSON() bool { return out.json }

// Gap prints an empty line, between two tables.
func (out *Printer) Gap() { _, _ = fmt.Fprintln(out.to) }

func (out *Printer) printSummary(s runs.Summary) { out.Print(s, "", runtext.Rows(s)) }

// LondonTime formats an instant in London time; a dash for the zero time.
func LondonTime(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.In(profile.London()).Format(time.DateTime)
}

// FieldOf names a field, and the entry that shows it if the sink has several.
func FieldOf(field, entry string) string {
	if entry == "" {
		return field
	}
	return field + " of " + entry
}
