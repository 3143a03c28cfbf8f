package guard

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"
)

type onceKey struct{}

// claim is a key that a principal gave, and when it was first begun: a day later the same
// key means something else.
type claim struct {
	principal, key string
	begun          time.Time
}

// WithOnce returns a context for what is done under a key.
func WithOnce(ctx context.Context, principal, key string, begun time.Time) context.Context {
	return context.WithValue(ctx, onceKey{}, claim{principal, key, begun})
}

// Once names a part of what a request with a key does. The name is the same when the
// request is begun again because its daemon died, so that a part which was done is found.
// It is nil for requests without a key, which nobody begins again.
func Once(ctx context.Context, part ...any) []byte {
	c, ok := ctx.Value(onceKey{}).(claim)
	if !ok {
		return nil
	}
	name := sha256.New()
	_, _ = fmt.Fprintf(name, "%q %q %d", c.principal, c.key, c.begun.UnixMicro()) // it never fails
	_, _ = fmt.Fprintf(name, " %#v", part)
	return name.Sum(nil)
}
