package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
)

type nameKey struct{}

// Requests makes a span of each request that is wanted, the first of a trace of its own,
// which goes on in the jobs that the request queues. The traceparent of a caller is not read,
// whoever calls: nobody from outside puts spans into our traces, or says which are made.
//
// The span is named by the pattern that served the request (Named): never by an address.
func (t *Traces) Requests(next http.Handler, wanted func(*http.Request) bool) http.Handler {
	if t == nil {
		return next
	}
	traced := otelhttp.NewHandler(next, "", otelhttp.WithTracerProvider(t.provider), otelhttp.WithSpanNameFormatter(nameOfRequest),
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !wanted(r) {
			next.ServeHTTP(w, r)
			return
		}
		traced.ServeHTTP(w, r.WithContext(context.WithValue(begin(r.Context()), nameKey{}, new(string))))
	})
}

// Named names the span of each request by the pattern of the handler within that serves it.
func Named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if name, ok := r.Context().Value(nameKey{}).(*string); ok {
				*name = r.Pattern
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func nameOfRequest(_ string, r *http.Request) string {
	if name, ok := r.Context().Value(nameKey{}).(*string); ok && *name != "" {
		return *name
	}
	if r.Pattern != "" {
		return r.Pattern
	}
	return "request"
}
