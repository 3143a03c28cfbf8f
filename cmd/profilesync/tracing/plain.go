package tracing

import (
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// sent lists the attributes of spans that leave this machine. Statements, their values,
// queries of addresses, texts of errors and everything else stay here: they may hold data
// of people.
var sent = []attribute.Key{
	"kind", "attempt", "queue", "status", "id", "http.request.method", "http.response.status_code", "server.address", "server.port",
	"url.full", "db.system.name", "db.operation.name", "db.response.status_code", "error.type",
}

// plain is a span without what may hold data of people.
type plain struct{ sdktrace.ReadOnlySpan }

func (p plain) Attributes() (kept []attribute.KeyValue) {
	for _, a := range p.ReadOnlySpan.Attributes() {
		if !slices.Contains(sent, a.Key) {
			continue
		}
		if a.Key == "url.full" {
			address, _, _ := strings.Cut(a.Value.AsString(), "?")
			a.Value = attribute.StringValue(address)
		}
		kept = append(kept, a)
	}
	return kept
}

func (plain) Events() []sdktrace.Event { return nil }

func (p plain) Status() sdktrace.Status { return sdktrace.Status{Code: p.ReadOnlySpan.Status().Code} }
