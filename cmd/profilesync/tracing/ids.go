package tracing

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/profilesync/profilesync/reconcile/push"
)

// root is the first span of a cause's trace, in the same place in every process.
func root(c push.Cause) trace.SpanContext {
	if begun := spanOf(c.Trace); begun.IsValid() {
		return begun
	}
	facts := append([]byte(c.Kind), 0)
	facts = binary.BigEndian.AppendUint64(facts, uint64(c.ID)) //nolint:gosec // any bits will do
	facts = binary.BigEndian.AppendUint64(facts, uint64(c.At.UnixMicro()))
	return rootOf(sha256.Sum256(facts))
}

func rootOf(sum [sha256.Size]byte) trace.SpanContext {
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80 // a UUID of version 4: as a correlation id some APIs refuse others
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID(sum[:16]), SpanID: trace.SpanID(sum[16:24]), TraceFlags: trace.FlagsSampled, Remote: true,
	})
}

type rootKey struct{}

// withRoot makes the next span that starts with the context the first of the cause's
// trace.
func withRoot(ctx context.Context, c push.Cause) context.Context {
	return context.WithValue(ctx, rootKey{}, root(c))
}

// begin makes the next span that starts with the context the first of a new trace.
func begin(ctx context.Context) context.Context {
	var random [sha256.Size]byte
	for i := 0; i < len(random); i += 8 {
		binary.NativeEndian.PutUint64(random[i:], rand.Uint64()) //nolint:gosec // no secret
	}
	return context.WithValue(ctx, rootKey{}, rootOf(random))
}

// spanOf returns the span that a traceparent names; none if it names none.
func spanOf(traceparent string) trace.SpanContext {
	carrier := propagation.MapCarrier{"traceparent": traceparent}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
}

// ids gives first spans the ids of their causes, and all others random ones.
type ids struct{}

func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	if r, ok := ctx.Value(rootKey{}).(trace.SpanContext); ok {
		return r.TraceID(), r.SpanID()
	}
	return trace.TraceID{1}, trace.SpanID{1} // the sampler drops it
}

func (ids) NewSpanID(context.Context, trace.TraceID) (id trace.SpanID) {
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:], rand.Uint64()) //nolint:gosec // no secret
	}
	return id
}

// parentOf returns the span that a new one belongs to; first reports whether the new one
// begins the trace of a cause.
func parentOf(ctx context.Context) (parent trace.SpanContext, first bool) {
	parent = trace.SpanContextFromContext(ctx)
	_, first = ctx.Value(rootKey{}).(trace.SpanContext)
	return parent, first && !parent.IsValid()
}
