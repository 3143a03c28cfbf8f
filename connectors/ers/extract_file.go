package ers

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// maxEntries is the most files in an archive: an extract has one, or a few more.
const maxEntries = 100

var (
	errLongRecord = errors.New("a row is longer than 1 MiB: a quote is not closed, or it is not CSV")
	errTooLarge   = errors.New("its content is larger than any extract: check where it comes from")
)

// contentOf finds the CSV with our columns: the file itself, or the only one in its
// archive.
func contentOf(file io.ReaderAt, size int64, columns Columns, limit int64) (func() (io.ReadCloser, error), header, error) {
	var magic [4]byte
	if n, err := file.ReadAt(magic[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, header{}, fmt.Errorf("reading it: %w", err)
	} else if n < len(magic) {
		return nil, header{}, errors.New("it is empty")
	}
	if !bytes.Equal(magic[:], []byte("PK\x03\x04")) && !bytes.Equal(magic[:], []byte("PK\x05\x06")) {
		open := func() (io.ReadCloser, error) {
			return io.NopCloser(&sizeLimit{from: io.NewSectionReader(file, 0, size), left: limit}), nil
		}
		found, err := headerOf(open, columns)
		return open, found, err
	}
	archive, err := zip.NewReader(file, size)
	if err != nil {
		return nil, header{}, fmt.Errorf("the archive is damaged or incomplete: %w", err)
	}
	return fromArchive(archive, columns, limit)
}

func fromArchive(archive *zip.Reader, columns Columns, limit int64) (func() (io.ReadCloser, error), header, error) {
	if len(archive.File) > maxEntries {
		return nil, header{}, fmt.Errorf("the archive holds %d files: want the one CSV", len(archive.File))
	}
	var chosen func() (io.ReadCloser, error)
	var columnsOf header
	refusal := errors.New("the archive holds no .csv file: use the EBSX05 extract as it was downloaded")
	for _, entry := range archive.File {
		base := path.Base(entry.Name)
		if !strings.EqualFold(path.Ext(base), ".csv") || strings.HasPrefix(base, ".") {
			continue
		}
		open := func() (io.ReadCloser, error) { return openEntry(entry, limit) }
		found, err := headerOf(open, columns)
		switch {
		case err != nil:
			refusal = fmt.Errorf("file %.100q in it: %w", base, err)
		case chosen != nil:
			return nil, header{}, errors.New("the archive holds several CSV files with these columns: use only one")
		default:
			chosen, columnsOf = open, found
		}
	}
	if chosen == nil {
		return nil, header{}, refusal
	}
	return chosen, columnsOf, nil
}

func openEntry(entry *zip.File, limit int64) (io.ReadCloser, error) {
	content, err := entry.Open()
	if err != nil {
		return nil, fmt.Errorf("unpacking it: %w", err)
	}
	return struct {
		io.Reader
		io.Closer
	}{&sizeLimit{from: content, left: limit}, content}, nil
}

// closeRead closes a file that was only read, so that no error can lose data.
func closeRead(content io.Closer) { _ = content.Close() }

// sizeLimit ends with an error, not silently, after a number of bytes: the sizes that a
// zip states are not trusted.
type sizeLimit struct {
	from io.Reader
	left int64
}

func (b *sizeLimit) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// records reads CSV one record at a time, each of at most maxRecord bytes.
type records struct {
	csv  *csv.Reader
	from *recordLimit
}

func newRecords(content io.Reader) *records {
	buffered := bufio.NewReader(content)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = buffered.Discard(len(mark)) // never fails: it was peeked at
	}
	from := &recordLimit{from: buffered}
	reader := csv.NewReader(from)
	reader.ReuseRecord = true
	reader.TrimLeadingSpace = true
	return &records{csv: reader, from: from}
}

// next returns the next record, which is valid until the next call. A *csv.ParseError
// is about this record alone.
func (r *records) next() ([]string, error) {
	r.from.left = maxRecord
	cells, err := r.csv.Read()
	for n, cell := range cells {
		cells[n] = line(latin1(cell))
	}
	return cells, err
}

// line returns the line on which a cell of the last record starts.
func (r *records) line(cell int) int {
	line, _ := r.csv.FieldPos(cell)
	return line
}

// rejectLines rejects a record that is not CSV, or has another number of cells than the
// header. It rejects each of its lines, since an open quote joins rows, which all
// count.
func (r *records) rejectLines(cells []string, err error) []*profile.Rejected {
	syntax, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return nil
	}
	end := syntax.Line
	if len(cells) > 0 {
		end = max(end, r.line(len(cells)-1))
	}
	var rejected []*profile.Rejected
	for line := syntax.StartLine; line <= end; line++ {
		rejected = append(rejected, &profile.Rejected{
			Line: line, Field: "row", Value: joined(cells), Raw: []byte(joined(cells)),
			Reason: "not CSV that fits the header: " + syntax.Err.Error(),
		})
	}
	return rejected
}

// recordLimit allows a limited number of bytes for each record.
type recordLimit struct {
	from io.Reader
	left int
}

func (p *recordLimit) Read(into []byte) (int, error) {
	n, err := p.from.Read(into)
	if p.left -= n; p.left < 0 {
		return 0, errLongRecord
	}
	return n, err
}

// latin1 decodes a text as Latin-1 if it is not UTF-8.
func latin1(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteRune(rune(c))
	}
	return b.String()
}

func joined(cells []string) string { return strings.Join(cells, ",") }
