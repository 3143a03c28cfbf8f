package spool

import (
	"context"
	"fmt"
	"io"
	"os"
)

// scratch is a temporary file without a name, so that nothing is left behind if
// the process is killed.
type scratch struct {
	*os.File

	path    string // to be removed later, on systems that cannot remove open files; else empty
	written int64
}

func newScratch(dir string) (*scratch, error) {
	file, err := os.CreateTemp(dir, "profilesync-*")
	if err != nil {
		return nil, fmt.Errorf("spooling: %w", err)
	}
	s := &scratch{File: file}
	if err := os.Remove(file.Name()); err != nil {
		s.path = file.Name()
	}
	return s, nil
}

func (s *scratch) remove() {
	if s == nil {
		return
	}
	_ = s.Close() // it has no readers any more
	if s.path != "" {
		_ = os.Remove(s.path) // if it stays, its name shows that it is temporary
	}
}

// limitedWriter writes a text to its file within the limits of time and size.
type limitedWriter struct {
	ctx  context.Context //nolint:containedctx // io.Writer has no context; the writer lives within one call
	file *scratch
	most int64
}

func (w *limitedWriter) Write(b []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	if w.file.written+int64(len(b)) > w.most {
		return 0, fmt.Errorf("spooling: more than %d bytes", w.most)
	}
	n, err := w.file.Write(b)
	w.file.written += int64(n)
	return n, err
}

// Copy copies a reader into a temporary file, so that later readers do not wait
// for the source. Close removes it. It fails if there are more than most bytes, or
// when ctx ends.
func Copy(ctx context.Context, from io.Reader, most int64) (*File, error) {
	s, err := newScratch("")
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(&limitedWriter{ctx: ctx, file: s, most: most}, from); err != nil {
		s.remove()
		return nil, err
	}
	return &File{io.NewSectionReader(s, 0, s.written), s.remove}, nil
}
