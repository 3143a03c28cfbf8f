package httpx

import (
	"context"
	"crypto/rand"
	"fmt"
)

type correlationKey struct{}

// WithCorrelationID makes every request with the context carry this id in
// Options.CorrelationHeader.
func WithCorrelationID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, correlationKey{}, id)
}

func correlationID(ctx context.Context) string {
	if id, ok := ctx.Value(correlationKey{}).(string); ok {
		return id
	}
	return newUUID()
}

// newUUID returns a random (version 4) UUID: some NHS APIs refuse other ids.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
