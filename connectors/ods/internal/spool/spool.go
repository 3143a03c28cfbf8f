// Package spool keeps the local copy of one pull, and finds its records.
package spool

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// maxSpool is the most that one pull may write to the disk, in bytes. The
// largest report has about 10 MB, the whole register 900 MB.
const maxSpool = 4 << 30

// Spool is the local copy of one pull: a temporary file without a name, so that
// nothing is left if the process is killed.
type Spool struct {
	file    *os.File
	path    string // to be removed later, on systems that cannot remove open files; otherwise empty
	start   int64  // past a byte order mark
	end     int64  // past the last record, its line end and blank lines excluded
	lines   int    // line feeds in the file, those behind the last record excluded once it is full
	cut     bool   // the last record has no line end
	written int64
	digest  hash.Hash // SHA-256 of all that was written
}

// New makes an empty one.
func New() (*Spool, error) {
	file, err := os.CreateTemp("", "profilesync-*")
	if err != nil {
		return nil, fmt.Errorf("spooling: %w", err)
	}
	s := &Spool{file: file, digest: sha256.New()}
	if err := os.Remove(file.Name()); err != nil {
		s.path = file.Name()
	}
	return s, nil
}

// Empty reports whether there is no record at all.
func (s *Spool) Empty() bool { return s.end == s.start }

// Cut reports whether the last record has no line end.
func (s *Spool) Cut() bool { return s.cut }

// Size returns the bytes that were written.
func (s *Spool) Size() int64 { return s.written }

// Digest is the hash of all that was written.
func (s *Spool) Digest() profile.Hash { return profile.Hash(s.digest.Sum(nil)[:len(profile.Hash{})]) }

// Write appends to the spool. It must not be called once rows are being read.
func (s *Spool) Write(p []byte) (int, error) {
	if s.written += int64(len(p)); s.written > maxSpool {
		return 0, fmt.Errorf("spooling: more than %d bytes", int64(maxSpool))
	}
	s.lines += bytes.Count(p, []byte{'\n'})
	s.digest.Write(p)
	return s.file.Write(p)
}

// Fill copies all of r and finds where the records start and end.
func (s *Spool) Fill(r io.Reader) error {
	if _, err := io.CopyBuffer(onlyWriter{s}, r, make([]byte, 1<<20)); err != nil {
		return err
	}
	return s.Measure()
}

// onlyWriter hides ReadFrom, so that io.CopyBuffer uses the buffer.
type onlyWriter struct{ io.Writer }

// Measure finds where the records start and end. Nothing may be written after it.
func (s *Spool) Measure() error {
	var mark [3]byte
	if n, _ := s.file.ReadAt(mark[:], 0); n == len(mark) && mark == [3]byte{0xEF, 0xBB, 0xBF} {
		s.start = int64(len(mark))
	}
	if err := s.trimEnd(); err != nil {
		return fmt.Errorf("spooling: %w", err)
	}
	s.cut = s.end == s.written && s.end > s.start
	return nil
}

// trimEnd finds the end of the last line that is not blank.
func (s *Spool) trimEnd() error {
	block := make([]byte, 64<<10)
	for s.end = s.written; s.end > s.start; {
		from := max(s.start, s.end-int64(len(block)))
		tail := block[:s.end-from]
		if _, err := s.file.ReadAt(tail, from); err != nil {
			return err
		}
		kept := bytes.TrimRight(tail, "\r\n")
		s.lines -= bytes.Count(tail[len(kept):], []byte{'\n'})
		s.end = from + int64(len(kept))
		if s.end > from {
			return nil
		}
	}
	return nil
}

// Head returns at most the first n bytes of the records.
func (s *Spool) Head(n int64) ([]byte, error) {
	head := make([]byte, min(n, s.end-s.start))
	if _, err := s.file.ReadAt(head, s.start); err != nil {
		return nil, fmt.Errorf("spooling: %w", err)
	}
	return head, nil
}

// LastRow locates the last record, to check how the file ends.
func (s *Spool) LastRow() (profile.Row, error) {
	from := max(s.start, s.end-readAhead)
	tail := make([]byte, s.end-from)
	if _, err := s.file.ReadAt(tail, from); err != nil {
		return profile.Row{}, fmt.Errorf("spooling: %w", err)
	}
	line := tail[bytes.LastIndexByte(tail, '\n')+1:]
	return profile.Row{Offset: s.end - int64(len(line)), Length: len(line), Line: s.lines + 1}, nil
}

// Bytes returns the raw bytes of one row.
func (s *Spool) Bytes(row profile.Row) ([]byte, error) {
	if row.Length < 0 || row.Offset < s.start || row.Offset+int64(row.Length) > s.end {
		return nil, fmt.Errorf("line %d: bytes %d+%d are not in this pull", row.Line, row.Offset, row.Length)
	}
	raw := make([]byte, row.Length)
	if _, err := s.file.ReadAt(raw, row.Offset); err != nil {
		return nil, fmt.Errorf("line %d: %w", row.Line, err)
	}
	return raw, nil
}

// Content returns a new reader of everything as received.
func (s *Spool) Content() io.Reader { return io.NewSectionReader(s.file, 0, s.written) }

// Close frees the file.
func (s *Spool) Close() error {
	err := s.file.Close()
	if s.path != "" {
		_ = os.Remove(s.path) // its name says that it may be removed
	}
	return err
}

// HashOf is the hash of the bytes of a record.
func HashOf(line []byte) profile.Hash {
	sum := sha256.Sum256(line)
	return profile.Hash(sum[:16])
}
