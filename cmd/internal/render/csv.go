package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/report"
)

// WriteCSV writes one section as CSV, the changes if the name is empty: UTF-8
// with a byte order mark for Excel, CRLF after every record, quotes as in RFC
// 4180, the column names first (reconcile/RULES.md "Report columns"). Cells
// that a spreadsheet might take for a formula, such as phone numbers with a +,
// are prefixed with '. Dates are YYYY-MM-DD and times RFC 3339 in UTC, as in
// the report. Line ends inside a cell are "\n". Memory does not grow with the
// rows.
//
// It fails if the report has no such section, and with the errors of the rows
// and of w.
func WriteCSV(w io.Writer, r report.Report, section string) error {
	if section == "" {
		section = report.SectionChanges
	}
	at := slices.IndexFunc(r.Sections, func(s report.Section) bool { return s.Name == section })
	if at < 0 {
		return fmt.Errorf("the report has no section %q", section)
	}
	out := &csvWriter{w: w, buf: make([]byte, 0, csvBuffer+csvBuffer/4)}
	out.buf = append(out.buf, "\ufeff"...)
	if err := out.record(columnNames(r.Sections[at].Columns)); err != nil {
		return err
	}
	if err := eachRow(r.Sections[at], out.record); err != nil {
		return err
	}
	return out.flush()
}

func columnNames(columns []report.Column) []string {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
	}
	return names
}

const csvBuffer = 64 << 10

// csvWriter exists because encoding/csv, if it ends records with CRLF, also
// writes line ends inside cells as CRLF, and needs two more passes per cell.
type csvWriter struct {
	w   io.Writer
	buf []byte
}

func (c *csvWriter) record(cells []string) error {
	for i, cell := range cells {
		if i > 0 {
			c.buf = append(c.buf, ',')
		}
		c.buf = appendCSV(c.buf, cell)
	}
	if len(cells) == 1 && cells[0] == "" {
		c.buf = append(c.buf, `""`...) // an empty line is not a record
	}
	c.buf = append(c.buf, "\r\n"...)
	if len(c.buf) < csvBuffer {
		return nil
	}
	return c.flush()
}

func (c *csvWriter) flush() error {
	if _, err := c.w.Write(c.buf); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	c.buf = c.buf[:0]
	return nil
}

// appendCSV adds the guard before the quotes: outside the quotes it would not
// be part of the cell.
func appendCSV(buf []byte, cell string) []byte {
	class := classify(cell)
	if class&needsCleaning != 0 {
		cell = clean(cell)
		class = classify(cell)
	}
	guard := startsFormula(cell)
	if class&needsQuotes == 0 && !mayBeTrimmed(cell) {
		if guard {
			buf = append(buf, '\'')
		}
		return append(buf, cell...)
	}
	buf = append(buf, '"')
	if guard {
		buf = append(buf, '\'')
	}
	for {
		quote := strings.IndexByte(cell, '"')
		if quote < 0 {
			return append(append(buf, cell...), '"')
		}
		buf = append(append(buf, cell[:quote]...), `""`...)
		cell = cell[quote+1:]
	}
}

// mayBeTrimmed reports whether a reader might trim the cell if it had no
// quotes.
func mayBeTrimmed(cell string) bool {
	if cell == "" {
		return false
	}
	first, last := cell[0], cell[len(cell)-1]
	return first == ' ' || first == '\t' || last == ' ' || last == '\t'
}
