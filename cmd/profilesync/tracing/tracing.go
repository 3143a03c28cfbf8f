package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Options say where traces go.
type Options struct {
	// Endpoint is the address of a collector (OTLP over HTTP), without /v1/traces; empty: as the standard
	// variables OTEL_EXPORTER_OTLP_... say, and nothing is traced if they name none.
	Endpoint string
	Getenv   func(string) string
	Version  string // of the program
	Log      *slog.Logger
	Counted  func(outcome string, spans int) // sent, failed (the collector did not take them) or dropped (the queue was full)
}

// Traces sends traces. A nil one traces nothing, at no cost.
type Traces struct {
	provider *sdktrace.TracerProvider
}

const (
	// maxQueued is how many spans wait for the collector. More are dropped and counted:
	// work never waits for it.
	maxQueued = 8192
	// sendTimeout is how long the collector may take for a batch, closeTimeout for what is
	// left when the program ends.
	sendTimeout  = 5 * time.Second
	closeTimeout = 2 * time.Second
	sayEvery     = time.Minute
)

// Start begins to trace; it returns nil if no collector is named. It does not ask the
// collector.
func Start(ctx context.Context, o Options) (*Traces, error) {
	if o.Getenv("OTEL_SDK_DISABLED") == "true" ||
		o.Endpoint == "" && o.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && o.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return nil, nil //nolint:nilnil // nothing is traced
	}
	options := []otlptracehttp.Option{otlptracehttp.WithTimeout(sendTimeout)}
	if o.Endpoint != "" {
		options = append(options, otlptracehttp.WithEndpointURL(strings.TrimRight(o.Endpoint, "/")+"/v1/traces"))
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	var said atomic.Int64
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		if last := said.Load(); time.Since(time.UnixMilli(last)) > sayEvery && said.CompareAndSwap(last, time.Now().UnixMilli()) {
			o.Log.WarnContext(ctx, "sending traces: work goes on without them", "error", err)
		}
	}))
	counted := &counter{SpanExporter: exporter, counted: o.Counted}
	counted.SpanProcessor = sdktrace.NewBatchSpanProcessor(counted, sdktrace.WithMaxQueueSize(maxQueued),
		sdktrace.WithBatchTimeout(time.Second), sdktrace.WithExportTimeout(2*sendTimeout))
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSpanProcessor(queue{counted}), sdktrace.WithSampler(causedOnly{}), sdktrace.WithIDGenerator(ids{}),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "profilesync"),
			attribute.String("service.version", o.Version))),
	)
	return &Traces{provider}, nil
}

// Close sends what is left, for a short time.
func (t *Traces) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // traces are no work that could fail
	return nil
}

// Queries returns what makes a span of every statement of a traced job, named as in its
// file; nil if nothing is traced.
func (t *Traces) Queries() pgx.QueryTracer {
	if t == nil {
		return nil
	}
	return otelpgx.NewTracer(otelpgx.WithTracerProvider(t.provider), otelpgx.WithDisableSQLStatementInAttributes(),
		otelpgx.WithDisableAcquireTracer(), otelpgx.WithSpanNameFunc(nameOf))
}

var named = regexp.MustCompile(`^-- name: (\w+) `)

func nameOf(statement string) string {
	if found := named.FindStringSubmatch(statement); found != nil {
		return found[1]
	}
	return "statement"
}

// counter counts what becomes of spans. It is both ends of the library's queue, which it
// never fills: what would not fit is dropped before.
type counter struct {
	sdktrace.SpanExporter
	sdktrace.SpanProcessor

	counted func(outcome string, spans int)
	mutex   sync.Mutex
	waiting int
}

// ExportSpans sends spans without what may hold data of people.
func (c *counter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	bare := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, s := range spans {
		bare[i] = plain{s}
	}
	err := c.SpanExporter.ExportSpans(ctx, bare)
	outcome := "sent"
	if err != nil {
		outcome = "failed"
	}
	c.counted(outcome, len(spans))
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.waiting -= len(spans)
	return err
}

// Shutdown ends the exporter; the queue has ended before.
func (c *counter) Shutdown(ctx context.Context) error { return c.SpanExporter.Shutdown(ctx) }

func (c *counter) admit() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.waiting >= maxQueued {
		return false
	}
	c.waiting++
	return true
}

// queue is the library's queue with its end in view.
type queue struct{ *counter }

func (q queue) OnEnd(s sdktrace.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	if !q.admit() {
		q.counted("dropped", 1)
		return
	}
	q.SpanProcessor.OnEnd(s)
}

// Shutdown sends what is left, and ends the exporter.
func (q queue) Shutdown(ctx context.Context) error { return q.SpanProcessor.Shutdown(ctx) }
