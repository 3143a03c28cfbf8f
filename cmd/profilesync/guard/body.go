package guard

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	// defaultBody is how many bytes a body may have where the operation says nothing.
	defaultBody = 1 << 20
	// largeBodyTime is how long a body that AllowBody allows may take to arrive.
	largeBodyTime = 5 * time.Minute
)

// body is the body of a request, up to a limit that stands when the first byte is read.
type body struct {
	io.ReadCloser

	limit    int64
	writer   http.ResponseWriter
	limited  io.ReadCloser
	exceeded bool
}

// AllowBody allows a body of that many bytes, 5 minutes to arrive in, instead of 1 MiB in 10
// seconds. It must come before anything of it is read.
func AllowBody(ctx context.Context, bytes int64) error {
	c := callOf(ctx)
	if c.body.limited != nil {
		return errors.New("its body is being read already")
	}
	c.body.limit = bytes
	deadline := time.Now().Add(largeBodyTime) //nolint:forbidigo // connections live by the real time
	control := http.NewResponseController(c.body.writer)
	err := errors.Join(control.SetReadDeadline(deadline), control.SetWriteDeadline(deadline.Add(time.Minute)))
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
	return n, err
}

// AllowTime lets the answer take that long from now, instead of 30 seconds from the request:
// for streams again at each event.
func AllowTime(ctx context.Context, most time.Duration) error {
	err := http.NewResponseController(callOf(ctx).body.writer).SetWriteDeadline(time.Now().Add(most)) //nolint:forbidigo // as above
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
