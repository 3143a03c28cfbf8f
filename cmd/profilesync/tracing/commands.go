package tracing

import (
	"context"

	"go.opentelemetry.io/otel/codes"
)

// Command begins the span of a command, the first of a trace of its own, which goes on in the
// jobs that the command queues. It is named as the command is, without its arguments. What it
// returns ends the span.
func (t *Traces) Command(ctx context.Context, name string) (_ context.Context, end func(error)) {
	if t == nil {
		return ctx, func(error) {}
	}
	ctx, span := t.provider.Tracer("profilesync").Start(begin(ctx), "profilesync "+name) //nolint:spancheck // ended below
	return ctx, func(err error) {                                                        //nolint:spancheck // it ends it
		if err != nil {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
