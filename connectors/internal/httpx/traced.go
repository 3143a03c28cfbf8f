package httpx

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traced makes a span of each request that belongs to a trace, with the status of its
// answer. No header of the trace is sent but the correlation id.
type traced struct{ plain, spans http.RoundTripper }

func withSpans(network http.RoundTripper) http.RoundTripper {
	return traced{network, otelhttp.NewTransport(network, otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()))}
}

// RoundTrip sends the request.
func (t traced) RoundTrip(req *http.Request) (*http.Response, error) {
	if trace.SpanFromContext(req.Context()).IsRecording() {
		return t.spans.RoundTrip(req)
	}
	return t.plain.RoundTrip(req)
}

// TraceOr returns the id of the trace that the work belongs to, in the form of a UUID; the
// other id if it belongs to none.
func TraceOr(ctx context.Context, other string) string {
	if span := trace.SpanContextFromContext(ctx); span.IsSampled() {
		return uuid.UUID(span.TraceID()).String()
	}
	return other
}
