package ods

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/profilesync/profilesync/connectors/ods/internal/spool"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Listing is one complete report: the only pull that shows what is absent. Its
// rows may be read several times and concurrently. It keeps a temporary file
// until Close.
type Listing struct {
	name   string
	spool  *spool.Spool
	known  *Commissioners // nil where none were given
	format *format        // nil until it is recognised
}

// ListingOption says what else is known when a listing is read.
type ListingOption func(*Listing)

// WithCommissioners gives the boards of commissioners, from which layouts take the
// ICB and region of practices, and by which every region is checked. Without them,
// or with nil, a layout that follows from them does not state these fields.
func WithCommissioners(known *Commissioners) ListingOption {
	return func(l *Listing) { l.known = known }
}

// OpenListing spools a complete report and checks its content: name is its file
// or address, for messages; report is one of Reports, see ReportOf.
//
// Content that is not that report in a known layout is a *profile.RefusedError:
// nothing, a web page, another report, a header line, a row cut off at the end.
// So is a file of changes only. Record rejects single rows that cannot be read.
func OpenListing(name, report string, r io.Reader, options ...ListingOption) (*Listing, error) {
	rules, err := reportNamed(report)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, err)
	}
	return openListing(name, report, rules, r, options...)
}

func openListing(name, report string, rules report, r io.Reader, options ...ListingOption) (*Listing, error) {
	if strings.Contains(filepath.Base(name), "_changes_") {
		return nil, &profile.RefusedError{Name: name, Why: "it holds only the changes of a period; give the complete report"}
	}
	s, err := spool.New()
	if err != nil {
		return nil, err
	}
	l := &Listing{name: name, spool: s}
	for _, option := range options {
		option(l)
	}
	if err := l.open(report, rules, r); err != nil {
		_ = s.Close() // err says more
		if refused, ok := errors.AsType[*profile.RefusedError](err); ok {
			refused.Name = name
			return nil, refused
		}
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return l, nil
}

func (l *Listing) open(name string, rules report, r io.Reader) error {
	if err := l.spool.Fill(r); err != nil {
		return err
	}
	if l.spool.Empty() {
		return &profile.RefusedError{Why: "it is empty; take the file again"}
	}
	if err := l.checkForm(); err != nil {
		return err
	}
	sample, err := l.sample()
	if err != nil {
		return err
	}
	format, err := recognise(name, rules, sample)
	if err != nil {
		return err
	}
	format.known, l.format = l.known, format
	return l.checkEnd()
}

func (l *Listing) sample() ([]sampled, error) {
	var sample []sampled
	for row, err := range l.Rows() {
		if errors.Is(err, spool.ErrLongLine) {
			return nil, &profile.RefusedError{Why: err.Error() + "; check that it is a register file"}
		}
		if err != nil {
			return nil, err
		}
		raw, err := l.spool.Bytes(row)
		if err != nil {
			return nil, err
		}
		cols, bad := split(raw)
		width := len(cols)
		if bad != nil {
			cols = nil
		}
		if sample = append(sample, sampled{row, raw, cols, width}); len(sample) == sampleSize {
			break
		}
	}
	return sample, nil
}

// checkEnd refuses a file that ends in the middle of a row.
func (l *Listing) checkEnd() error {
	if !l.spool.Cut() {
		return nil
	}
	row, err := l.spool.LastRow()
	if err != nil {
		return err
	}
	raw, err := l.spool.Bytes(row)
	if err != nil {
		return err
	}
	if _, bad := l.format.decode(raw); bad != nil {
		return refuse(sampled{row: row, raw: raw}, "it is cut off in its last row; take the file again", bad)
	}
	return nil
}

// Name returns the file or address the listing came from.
func (l *Listing) Name() string { return l.name }

// Report returns the name of its report.
func (l *Listing) Report() string { return l.format.name }

// Layout returns the name of its layout. Redefined says what means something else
// in another layout of the same report.
func (l *Listing) Layout() string { return l.format.layout }

// LacksCommissioners reports whether the layout has fields that follow from the
// boards of commissioners, and none were given: it does not state them.
func (l *Listing) LacksCommissioners() bool {
	return l.known == nil && needsCommissioners(l.format.columns)
}

// Size returns its size in bytes.
func (l *Listing) Size() int64 { return l.spool.Size() }

// Content returns a new reader of the bytes as received, for storing.
func (l *Listing) Content() io.Reader { return l.spool.Content() }

// Stamp identifies the listing by its bytes, and by the boards of commissioners
// that it was opened with.
func (l *Listing) Stamp() runs.Stamp {
	stamp := runs.Stamp{Digest: l.spool.Digest(), Boards: l.known.Digest(), Layout: l.Layout()}
	if l.known != nil {
		stamp.Digest = profile.HashOf(string(stamp.Digest[:]), string(stamp.Boards[:]))
	}
	return stamp
}

// Close removes the temporary file.
func (l *Listing) Close() error { return l.spool.Close() }

// Rows yields the position, code and hash of every record, in the order of the
// file. Blank lines at the end are skipped; Record rejects any other. An error
// ends it. The hash is that of the bytes and, where the boards of commissioners
// make another record of them, of these boards too.
func (l *Listing) Rows() iter.Seq2[profile.Row, error] { return l.spool.Rows(l.identify) }

func (l *Listing) identify(line []byte) (profile.ODSCode, profile.Hash) {
	code, hash := csvCode(line), spool.HashOf(line)
	if l.known == nil || l.format == nil {
		return code, hash
	}
	row, bad := split(line)
	if bad != nil {
		return code, hash
	}
	plain := *l.format
	plain.known = nil
	var with, without profile.Record
	l.format.readBoard(row, &with)
	plain.readBoard(row, &without)
	if with.Values != without.Values {
		hash = profile.HashOf(string(line), with.Values.Get(profile.FieldICB), with.Values.Get(profile.FieldRegion))
	}
	return code, hash
}

// Raw returns the bytes of one row as received.
func (l *Listing) Raw(row profile.Row) ([]byte, error) { return l.spool.Bytes(row) }

// Record decodes one row. A row that cannot be read is a *profile.Rejected,
// to be quarantined; every other error is about reading the local copy.
func (l *Listing) Record(row profile.Row) (profile.Record, error) {
	raw, err := l.spool.Bytes(row)
	if err != nil {
		return profile.Record{}, fmt.Errorf("%s: %w", l.name, err)
	}
	record, bad := l.format.decode(raw)
	if bad != nil {
		bad.Line, bad.Raw, bad.Code = row.Line, raw, row.Code
		return profile.Record{}, bad
	}
	return record, nil
}
