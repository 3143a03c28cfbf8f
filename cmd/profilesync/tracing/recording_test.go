package tracing

import (
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// recording returns traces that are kept instead of sent.
func recording() (*Traces, *tracetest.SpanRecorder) {
	recorded := tracetest.NewSpanRecorder()
	return &Traces{sdktrace.NewTracerProvider(
		sdktrace.WithSpanProcessor(recorded), sdktrace.WithSampler(causedOnly{}), sdktrace.WithIDGenerator(ids{}),
	)}, recorded
}
