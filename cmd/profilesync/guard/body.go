package guard

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// defaultBody is how many bytes a body may have where the operation says nothing.
const defaultBody = 1 << 20

// body is the body of a request, up to a limit that stands when the first byte is read.
type body struct {
	io.ReadCloser

	limit    int64
	writer   http.ResponseWriter
	limited  io.ReadCloser
	exceeded bool
	broken   bool // it ended before its end, which exceeded is, too
}

// AllowBody allows a body of that many bytes instead of 1 MiB. It must come before anything
// of it is read. Whoever allows a large one gives it time, too (AllowTime).
func AllowBody(ctx context.Context, bytes int64) error {
	c := callOf(ctx)
	if c.body.limited != nil {
		return errors.New("its body is being read already")
	}
	c.body.limit = bytes
	return nil
}

// AllowTime lets the body arrive, and the answer be given, within that time from now,
// instead of 10 and 30 seconds from the beginning: for streams again at each event.
func AllowTime(ctx context.Context, most time.Duration) error {
	c, guarded := ctx.Value(callKey{}).(*call)
	if !guarded {
		return nil
	}
	control, until := http.NewResponseController(c.body.writer), time.Now().Add(most)
	err := errors.Join(control.SetReadDeadline(until), control.SetWriteDeadline(until))
	if errors.Is(err, http.ErrNotSupported) { // not of a server
		return nil
	}
	return err
}

// Read fails with http.MaxBytesError where the body has more than it may.
func (b *body) Read(p []byte) (int, error) {
	if b.limited == nil {
		b.limited = http.MaxBytesReader(b.writer, b.ReadCloser, b.limit)
	}
	n, err := b.limited.Read(p)
	b.exceeded = b.exceeded || errors.As(err, new(*http.MaxBytesError))
	b.broken = b.broken || err != nil && !errors.Is(err, io.EOF)
	return n, err
}
