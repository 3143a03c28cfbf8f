package ods

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// sampleSize is the number of first rows by which a file is recognised.
const sampleSize = 1000

// notCSV names what a file is instead of a register file.
var notCSV = []struct{ start, what string }{
	{"<", "a web page or XML document, not CSV; take the file again and look at what the server said"},
	{"{", "JSON, not CSV; the server answered with an error instead of the file"},
	{"[", "JSON, not CSV; the server answered with an error instead of the file"},
	{"PK\x03\x04", "a zip archive; unpack it and give the CSV in it"},
	{"\x1f\x8b", "compressed; unpack it first"},
	{"\xff\xfe", "UTF-16 text; take the file as published, not as saved by a spreadsheet"},
	{"\xfe\xff", "UTF-16 text; take the file as published, not as saved by a spreadsheet"},
}

// sampled is one row of the sample.
type sampled struct {
	row  profile.Row
	raw  []byte
	cols columns // nil if the row does not have 27 columns
}

// recognise finds the layout of the sample, or refuses it.
func recognise(name string, r report, sample []sampled) (*format, error) {
	f := &format{report: r, name: name}
	first := sample[0]
	for _, other := range notCSV {
		if bytes.HasPrefix(bytes.TrimLeft(first.raw, " \t"), []byte(other.start)) {
			return f, refuse(first, other.what, reject("row", excerpt(first.raw), "no row of a register file"))
		}
	}
	if isHeader(first, r.codes) {
		return f, refuse(first, "layout not recognised: it starts with a header line; register files have none, take the file as published",
			reject("row", excerpt(first.raw), "want a record"))
	}
	if r.status != noStatus {
		f.words = statusWordsOf(sample)
	}
	if r.status == statusRequired && f.words == nil {
		f.words = todaysWords
		at, bad := f.firstUnreadable(sample)
		return f, refuse(at, "layout not recognised: neither A, C, D, P nor ACTIVE, INACTIVE, DORMANT, PROPOSED stand in column 13; "+
			"check that the file is report "+name, bad)
	}
	return f, f.checkSample(sample)
}

// statusWordsOf returns the status words that most rows of the sample use.
func statusWordsOf(sample []sampled) map[string]profile.Standing {
	var legacy, todays int
	for _, s := range sample {
		if s.cols == nil {
			continue
		}
		if _, ok := legacyWords[s.cols.at(colStatus)]; ok {
			legacy++
		}
		if _, ok := todaysWords[s.cols.at(colStatus)]; ok {
			todays++
		}
	}
	switch {
	case legacy == 0 && todays == 0:
		return nil
	case legacy > todays:
		return legacyWords
	}
	return todaysWords
}

// checkSample refuses a sample of which most rows cannot be read: then the file
// is wrong, not its rows. If fewer are unreadable, the caller judges the whole
// listing (more than 1 % refuses it).
func (f *format) checkSample(sample []sampled) error {
	unreadable := 0
	for _, s := range sample {
		if _, bad := f.decode(s.raw); bad != nil {
			unreadable++
		}
	}
	if unreadable*2 <= len(sample) {
		return nil
	}
	at, bad := f.firstUnreadable(sample)
	return refuse(at, fmt.Sprintf("layout not recognised: %d of the first %d rows cannot be read as report %s; "+
		"check that the file is that report and complete", unreadable, len(sample), f.name), bad)
}

func (f *format) firstUnreadable(sample []sampled) (sampled, *profile.Rejected) {
	for _, s := range sample {
		if _, bad := f.decode(s.raw); bad != nil {
			return s, bad
		}
	}
	return sample[0], reject("row", excerpt(sample[0].raw), "want a record")
}

// isHeader reports whether the first line holds column names: no code, and
// words in the date's column.
func isHeader(first sampled, shapes []string) bool {
	cells, _ := splitLine(asValidText(first.raw), nil)
	if len(cells) == 0 {
		return false
	}
	row := columns(cells)
	name := strings.ToUpper(row.at(colCode))
	if hasShape(name, shapes...) {
		return false
	}
	if len(row) >= colOpened {
		opened := row.at(colOpened)
		return opened != "" && !strings.ContainsAny(opened, "0123456789")
	}
	return strings.Contains(name, "CODE") || strings.Contains(name, "ORGANISATION")
}

// refuse returns a refusal; the caller adds the file's name.
func refuse(at sampled, why string, bad *profile.Rejected) *profile.RefusedError {
	bad.Line, bad.Raw = at.row.Line, at.raw
	if bad.Code == "" {
		bad.Code = at.row.Code
	}
	return &profile.RefusedError{Why: why, At: *bad}
}
