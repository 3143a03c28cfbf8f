package ers

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/profilesync/profilesync/reconcile/profile"
)

const (
	// maxContent is the most bytes of an unpacked extract: ten times what all services
	// of e-RS need.
	maxContent = 1 << 30
	// maxRecord is the most bytes of a row, so that an open quote cannot take the whole
	// file.
	maxRecord = 1 << 20
	// maxBad is the most bad rows in a hundred: with more it is not the extract that it
	// should be.
	maxBad = 1
)

// Extract is an EBSX05 file that has been read to its end and accepted. Its rows are
// read again, one at a time.
type Extract struct {
	name   string
	open   func() (io.ReadCloser, error)
	header header
	rows   int
	bad    int
}

// OpenExtract reads an EBSX05 file, a zip of one CSV or the CSV itself, in UTF-8 or
// Latin-1. It refuses a layout without the columns, content that breaks off or is too
// large, and a file of which more than 1 % of the rows cannot be read
// (reconcile/RULES.md "Listings"), with a *profile.RefusedError that says what to do.
// The file must stay open while rows are read.
func OpenExtract(name string, file io.ReaderAt, size int64, columns Columns) (*Extract, error) {
	return openExtract(name, file, size, columns, maxContent)
}

func openExtract(name string, file io.ReaderAt, size int64, columns Columns, limit int64) (*Extract, error) {
	e := &Extract{name: name}
	columns = columns.withDefaults()
	if err := columns.check(); err != nil {
		return nil, fmt.Errorf("columns of the EBSX05 extract: %w", err)
	}
	var err error
	if e.open, e.header, err = contentOf(file, size, columns, limit); err != nil {
		return nil, e.refuse(err)
	}
	var first profile.Rejected
	for _, err := range e.Rows() {
		e.rows++
		var rejected *profile.Rejected
		switch {
		case errors.As(err, &rejected):
			if e.bad++; e.bad == 1 {
				first = *rejected
			}
		case err != nil:
			return nil, err
		}
	}
	switch {
	case e.rows == 0:
		return nil, e.refuse(errors.New("it has no rows: check that it is complete"))
	case e.bad*100 > e.rows*maxBad:
		why := fmt.Sprintf("%d of its %d rows cannot be read, more than 1 %%; check that it is the EBSX05 service extract", e.bad, e.rows)
		return nil, &profile.RefusedError{Name: name, Why: why, At: first}
	}
	return e, nil
}

func (e *Extract) refuse(err error) error {
	return &profile.RefusedError{Name: e.name, Why: err.Error()}
}

// Rows reads the rows in the order of the file; a service may have several. A row that
// cannot be read is returned as a *profile.Rejected, and reading continues; any other
// error is the last.
func (e *Extract) Rows() iter.Seq2[ExtractRow, error] {
	return func(yield func(ExtractRow, error) bool) {
		content, err := e.open()
		if err != nil {
			yield(ExtractRow{}, e.refuse(err))
			return
		}
		defer closeRead(content)
		reader := newRecords(content)
		if _, err := reader.next(); err != nil { // the header
			yield(ExtractRow{}, e.refuse(err))
			return
		}
		for {
			cells, err := reader.next()
			switch {
			case errors.Is(err, io.EOF):
				return
			case errors.As(err, new(*csv.ParseError)):
				if !yieldAll(yield, reader.rejectLines(cells, err)) {
					return
				}
			case err != nil:
				yield(ExtractRow{}, e.refuse(err))
				return
			case !yield(e.row(reader, cells)):
				return
			}
		}
	}
}

func (e *Extract) row(reader *records, cells []string) (ExtractRow, error) {
	row, rejected := e.header.read(cells)
	row.Line = reader.line(0)
	if rejected != nil {
		rejected.Line, rejected.Raw = row.Line, []byte(joined(cells))
		return ExtractRow{}, rejected
	}
	return row, nil
}

func yieldAll(yield func(ExtractRow, error) bool, rejected []*profile.Rejected) bool {
	for _, one := range rejected {
		if !yield(ExtractRow{}, one) {
			return false
		}
	}
	return true
}
