package ods

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

// errLongLine says that the content is not from the register.
var errLongLine = errors.New("longer than 1 MiB, not a record")

// rows locates every record between start and end. Of the line, which is gone with
// the next row, nothing may be kept.
func (s *spool) rows(identify func(line []byte) (profile.ODSCode, profile.Hash)) iter.Seq2[profile.Row, error] {
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
			line = withoutLineEnd(line)
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
		err = errLongLine
	}
	return fmt.Errorf("line %d: %w", line, err)
}

func withoutLineEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'})
}

// csvCode returns the first field of a line, or nothing if it is not a code.
func csvCode(line []byte) profile.ODSCode {
	field, _, _ := bytes.Cut(line[:min(len(line), maxCodeField)], []byte{','})
	code, err := profile.ParseODSCode(string(bytes.Trim(field, `"`)))
	if err != nil {
		return ""
	}
	return code
}

// maxCodeField has room for a code, its quotes and stray spaces, so that a line
// of anything else is not searched to its end.
const maxCodeField = 32
