package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
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

// Print writes a result. As JSON (reconcile/RULES.md "JSON"), a slice is one object a
// line, and none for an empty one; anything else is one object. As a table, a header
// without rows is the word "none".
func (out *Printer) Print(result any, header string, rows [][]string) {
	if !out.json {
		columns.Write(out.to, header, rows)
		return
	}
	if list := reflect.ValueOf(result); list.Kind() == reflect.Slice {
		for i := range list.Len() {
			out.encode(list.Index(i).Interface())
		}
		return
	}
	out.encode(result)
}

// encode ignores errors: those of our own types are none, and a writer that fails says
// so at the end of the program.
func (out *Printer) encode(object any) {
	_ = json.NewEncoder(visible.JSON(out.to)).Encode(object) //nolint:errchkjson // see above
}

// Text prints a text for another program, such as a script; as JSON the given object.
func (out *Printer) Text(text string, object any) {
	if out.json {
		out.encode(object)
		return
	}
	_, _ = io.WriteString(out.to, text) // an error means that the reader is gone
}

// PrintLines writes text line by line, whatever the format.
func (out *Printer) PrintLines(lines []string) {
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
