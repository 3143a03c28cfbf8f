package httpx

import (
	"context"
	"io"
)

// drainLimit is how much of an unwanted body is read to keep its connection.
const drainLimit = 64 << 10

// body limits what may be read of a response and ends its attempt's timeout
// when it is closed.
type body struct {
	io.ReadCloser
	left   int64 // bytes that may still be read; -1 after the limit was passed
	cancel context.CancelFunc
}

func (b *body) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	// Reading one byte more than allowed tells a body of exactly the limit from a
	// longer one.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, ErrTooLarge
	}
	return n, err
}

func (b *body) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, drainLimit) // only to reuse the connection
	_ = body.Close()
}
