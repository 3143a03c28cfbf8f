package spool

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// readAhead is also the length of the longest line accepted: the longest real
// ones have 400 bytes in files and 60 kB from the API.
const readAhead = 1 << 20

// ErrLongLine says that the content is not from the register.
var ErrLongLine = errors.New("longer than 1 MiB, not a record")

// Rows locates every record between start and end. Of the line, which is gone with
// the next row, nothing may be kept.
func (s *Spool) Rows(identify func(line []byte) (profile.ODSCode, profile.Hash)) iter.Seq2[profile.Row, error] {
	return func(yield func(profile.Row, error) bool) {
		reader := bufio.NewReaderSize(io.NewSectionReader(s.file, s.start, s.end-s.start), readAhead)
		row := profile.Row{Offset: s.start}
		for row.Offset < s.end {
			line, err := reader.ReadSlice('\n')
			row.Line++
			if err != nil && !errors.Is(err, io.EOF) {
				yield(profile.Row{}, lineError(row.Line, err))
				return
			}
			taken := int64(len(line))
			line = WithoutLineEnd(line)
			row.Code, row.Hash = identify(line)
			row.Length = len(line)
			if !yield(row, nil) {
				return
			}
			row.Offset += taken
		}
	}
}

func lineError(line int, err error) error {
	if errors.Is(err, bufio.ErrBufferFull) {
		err = ErrLongLine
	}
	return fmt.Errorf("line %d: %w", line, err)
}

// WithoutLineEnd drops LF or CRLF.
func WithoutLineEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'})
}
