package ods

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/profilesync/profilesync/connectors/ods/internal/canonical"
	"github.com/profilesync/profilesync/connectors/ods/internal/spool"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// A refusal names the true reason first, and what a file is comes before what
// stands in it. So its form is looked at before any row is.

// headSize is how much of the start of a file is looked at.
const headSize = 64 << 10

// ctrlZ is what old systems put at the end of a text.
const ctrlZ = "\x1a"

// notCSV names what is found where a register file was expected.
var notCSV = []struct{ start, what string }{
	{"<", "a web page or XML document, not CSV; take the file again and look at what the server said"},
	{"{", "JSON, not CSV; the server answered with an error instead of the file"},
	{"[", "JSON, not CSV; the server answered with an error instead of the file"},
	{"PK\x03\x04", "a zip archive; unpack it and give the CSV in it"},
	{"\x1f\x8b", "compressed; unpack it first"},
	{"\xff\xfe", "UTF-16 text; take the file as published, not as saved by a spreadsheet"},
	{"\xfe\xff", "UTF-16 text; take the file as published, not as saved by a spreadsheet"},
}

// checkForm refuses what is no text of lines, and a text that ends with a mark.
func (l *Listing) checkForm() error {
	head, err := l.spool.Head(headSize)
	if err != nil {
		return err
	}
	first, _, _ := bytes.Cut(head, []byte{'\n'})
	at := sampled{row: profile.Row{Line: 1}, raw: spool.WithoutLineEnd(first)}
	for _, other := range notCSV {
		if bytes.HasPrefix(bytes.TrimLeft(head, " \t"), []byte(other.start)) {
			return refuse(at, other.what, canonical.Reject("row", canonical.Excerpt(first), "no row of a register file"))
		}
	}
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		return refuse(at, "its lines end with CR alone, as old Macs wrote them; save it with CRLF or LF, or take the file as published",
			canonical.Reject("row", canonical.Excerpt(first), "want LF or CRLF after it"))
	}
	return l.checkMark()
}

// checkMark refuses a file with a Ctrl-Z after its last record.
func (l *Listing) checkMark() error {
	row, err := l.spool.LastRow()
	if err != nil {
		return err
	}
	raw, err := l.spool.Bytes(row)
	if err != nil || !bytes.HasSuffix(raw, []byte(ctrlZ)) {
		return err
	}
	why := "it ends with a Ctrl-Z, which old systems put at the end of a text; remove it, or take the file as published"
	return refuse(sampled{row: row, raw: raw}, why, canonical.Reject("last byte", ctrlZ, "want the end of a record"))
}

// separators other than the comma, by what a message calls them.
var separators = []struct {
	char byte
	name string
}{{'\t', "tabs"}, {';', "semicolons"}}

// checkColumns refuses a sample of which most rows are separated by something
// else, or all have the same wrong number of columns.
func checkColumns(name string, sample []sampled) error {
	for _, s := range separators {
		if most(sample, func(row sampled) bool { return separatedBy(row, s.char) }) {
			why := fmt.Sprintf("its columns are separated by %s, not commas; take the file as published, not as saved by a spreadsheet", s.name)
			return refuse(sample[0], why, canonical.Reject("row", canonical.Excerpt(sample[0].raw), "want commas between the columns"))
		}
	}
	width, odd := sample[0].width, func(row sampled) bool { return row.width == sample[0].width }
	if width < 2 || width == numColumns || !most(sample, odd) {
		return nil
	}
	why := fmt.Sprintf("its rows have %d columns, and those of report %s have %d; take the file as published", width, name, numColumns)
	return refuse(sample[0], why, canonical.Reject("columns", strconv.Itoa(width), fmt.Sprintf("want %d columns", numColumns)))
}

func most(sample []sampled, is func(sampled) bool) bool {
	n := 0
	for _, s := range sample {
		if is(s) {
			n++
		}
	}
	return n*2 > len(sample)
}

// separatedBy reports a row that has nearly as many of the character as a row has
// columns, and could not be read with commas.
func separatedBy(row sampled, char byte) bool {
	return row.cols == nil && bytes.Count(row.raw, []byte{char}) >= numColumns-2
}
