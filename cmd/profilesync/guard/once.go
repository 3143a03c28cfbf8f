package guard

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

type onceKey struct{}

// claim is a key that a principal gave, and when it was first begun: a day later the same
// key means something else.
type claim struct {
	principal, key string
	begun          time.Time
	again          bool
}

// WithOnce returns a context for what is done under a key that was claimed.
func WithOnce(ctx context.Context, principal, key string, claimed accessstore.Answer) context.Context {
	return context.WithValue(ctx, onceKey{}, claim{principal, key, claimed.Begun, claimed.Again})
}

// BegunAgain reports whether a request with this key was begun before, by a daemon that
// ended before it answered: what is asked for may have been done then.
func BegunAgain(ctx context.Context) bool {
	c, ok := ctx.Value(onceKey{}).(claim)
	return ok && c.again
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
