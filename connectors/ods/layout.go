package ods

import (
	"fmt"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/ods/internal/canonical"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// sampleSize is the number of first rows by which a file is recognised.
const sampleSize = 1000

// sampled is one row of the sample.
type sampled struct {
	row   profile.Row
	raw   []byte
	cols  columns // nil if the row does not have 27 columns
	width int     // its number of columns, 0 if it is not CSV
}

// at returns a column of the row, empty when it does not have 27.
func (s sampled) at(n int) string {
	if s.cols == nil {
		return ""
	}
	return s.cols.at(n)
}

// recognise finds the layout of the sample, or refuses it.
func recognise(name string, r report, sample []sampled) (*format, error) {
	if err := checkColumns(name, sample); err != nil {
		return nil, err
	}
	first := sample[0]
	if isHeader(first, r.codes) {
		return nil, refuse(first, "layout not recognised: it starts with a header line; register files have none, take the file as published",
			canonical.Reject("row", canonical.Excerpt(first.raw), "want a record"))
	}
	layout := ""
	if r.status != noStatus {
		layout = layoutByStatus(sample)
	}
	if layout == "" && r.status == statusRequired {
		f := newFormat(name, r, dse, true)
		at, bad := f.firstUnreadable(sample)
		return nil, refuse(at, "layout not recognised: neither A, C, D, P nor ACTIVE, INACTIVE, DORMANT, PROPOSED stand in column 13; "+
			"check that the file is report "+name, bad)
	}
	withStatus := layout != ""
	if !withStatus {
		layout = layoutByFlag(sample)
	}
	f := newFormat(name, r, layout, withStatus)
	return f, f.checkSample(sample)
}

// layoutByStatus returns the layout whose status words most rows of the sample
// have, empty where none has one.
func layoutByStatus(sample []sampled) string {
	votes := make(map[string]int)
	for _, s := range sample {
		for layout, words := range statusWords {
			if _, ok := words[s.at(colStatus)]; ok {
				votes[layout]++
			}
		}
	}
	switch {
	case votes[legacy] == 0 && votes[dse] == 0:
		return ""
	case votes[legacy] > votes[dse]:
		return legacy
	}
	return dse
}

// layoutByFlag tells the layouts apart where there is no status: the amended flag
// is 0 on most rows of the old one, and never in today's.
func layoutByFlag(sample []sampled) string {
	if slices.ContainsFunc(sample, func(s sampled) bool { return s.at(colAmended) == "0" }) {
		return legacy
	}
	return dse
}

// checkSample refuses a sample of which most rows cannot be read: then the file
// is wrong, not its rows. If fewer are unreadable, the caller judges the whole
// listing (more than 1 % refuses it).
func (f *format) checkSample(sample []sampled) error {
	unreadable := 0
	for _, s := range sample {
		if f.unreadable(s) != nil {
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

// unreadable says why a row does not look like one of the report: it cannot be
// read, or holds something else where it should hold codes.
func (f *format) unreadable(s sampled) *profile.Rejected {
	record, bad := f.decode(s.raw)
	if i := canonical.FirstLeftOut(record); i >= 0 {
		return canonical.Reject(record.Notes[i].Field, record.Notes[i].Value, record.Notes[i].Reason)
	}
	return bad
}

func (f *format) firstUnreadable(sample []sampled) (sampled, *profile.Rejected) {
	for _, s := range sample {
		if bad := f.unreadable(s); bad != nil {
			return s, bad
		}
	}
	return sample[0], canonical.Reject("row", canonical.Excerpt(sample[0].raw), "want a record")
}

// isHeader reports whether the first line holds column names: no code, and
// words in the date's column.
func isHeader(first sampled, shapes []string) bool {
	cells, _ := splitLine(canonical.ValidText(first.raw), nil)
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
