package tracing

import sdktrace "go.opentelemetry.io/otel/sdk/trace"

// causedOnly makes spans of traces that have a cause, and no others.
type causedOnly struct{}

func (causedOnly) Description() string { return "causedOnly" }

func (causedOnly) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	parent, first := parentOf(p.ParentContext)
	decision := sdktrace.Drop
	if parent.IsSampled() || first {
		decision = sdktrace.RecordAndSample
	}
	return sdktrace.SamplingResult{Decision: decision, Tracestate: parent.TraceState()}
}
