package tracing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/profilesync/profilesync/reconcile/push"
)

func (t *Traces) start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	return t.provider.Tracer("test").Start(ctx, name, options...) //nolint:spancheck // the caller ends it
}

func noVariable(string) string { return "" }

// Without a collector nothing is made, and nothing is asked.
func TestNothingIsTracedWithoutACollector(t *testing.T) {
	t.Parallel()
	for name, getenv := range map[string]func(string) string{
		"none": noVariable,
		"off": func(name string) string {
			return map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}[name]
		},
	} {
		traces, err := Start(t.Context(), Options{Getenv: getenv})
		require.NoError(t, err, name)
		require.Nil(t, traces, name)
		require.Nil(t, traces.Jobs())
		require.Nil(t, traces.Queued())
		served := http.NotFoundHandler()
		require.Equal(t, fmt.Sprint(served), fmt.Sprint(traces.Requests(served, nil)))
		ctx, end := traces.Command(t.Context(), "plan")
		require.Equal(t, t.Context(), ctx)
		end(nil)
		require.Nil(t, traces.Queries())
		require.Nil(t, traces.Caused())
		log := slog.Default()
		require.Same(t, log, traces.Log(log))
	}
}

// The same cause has the same trace in every process, whose id is a UUID.
func TestTheIDsFollowFromTheCause(t *testing.T) {
	t.Parallel()
	edit := push.Cause{Kind: push.CauseEdit, ID: 7, At: time.UnixMicro(1_000_001)}
	other, job := edit, edit
	other.ID, job.Kind = 8, push.CauseJob
	require.True(t, root(edit).Equal(root(edit)))
	require.NotEqual(t, root(edit).TraceID(), root(other).TraceID())
	require.NotEqual(t, root(edit).TraceID(), root(job).TraceID())
	require.Equal(t, uuid.Version(4), uuid.UUID(root(edit).TraceID()).Version())

	traces, recorded := recording()
	_, nothing := traces.start(t.Context(), "without a cause")
	nothing.End()
	metadata := traces.Caused()(t.Context(), []push.Cause{edit, edit, {}, job})
	require.Equal(t, metadata[0], metadata[1])
	require.Nil(t, metadata[2])
	require.Len(t, recorded.Ended(), 1, "the edit's first span, once")
	require.True(t, recorded.Ended()[0].SpanContext().Equal(root(edit).WithRemote(false)))
	require.Equal(t, edit.At.UTC(), recorded.Ended()[0].StartTime().UTC())

	var inside trace.SpanContext
	require.NoError(
		t,
		(&joins{}).Work(t.Context(), &rivertype.JobRow{Kind: "push_dos", Metadata: metadata[0]}, func(ctx context.Context) error {
			ctx, span := traces.start(ctx, "push")
			defer span.End()
			inside = trace.SpanContextFromContext(ctx)
			return nil
		}),
	)
	require.Equal(t, root(edit).TraceID(), inside.TraceID())
	require.Equal(t, root(edit).SpanID(), recorded.Ended()[1].Parent().SpanID())
}

// What may hold data of people stays here.
func TestSpansAreSentBare(t *testing.T) {
	t.Parallel()
	traces, recorded := recording()
	_, span := traces.start(withRoot(t.Context(), push.Cause{Kind: push.CauseJob}), "x", trace.WithAttributes(
		attribute.String(
			"url.full",
			"https://a.example/x?name=Smith",
		),
		attribute.String("db.query.text", "Smith"),
		attribute.Int("attempt", 2),
	))
	span.RecordError(errors.New("Smith"))
	span.SetStatus(2, "Smith")
	span.End()
	bare := plain{recorded.Ended()[0]}
	require.Empty(t, bare.Events())
	require.Empty(t, bare.Status().Description)
	require.Equal(
		t,
		[]attribute.KeyValue{attribute.String("url.full", "https://a.example/x"), attribute.Int("attempt", 2)},
		bare.Attributes(),
	)
}

// A collector that says nothing costs neither time nor memory: what does not fit is
// dropped and counted, and each span is counted once.
func TestASilentCollectorIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	answers := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-answers }))
	defer server.Close()
	defer close(answers)
	var counts [3]atomic.Int64
	var said bytes.Buffer
	traces, err := Start(t.Context(), Options{
		Endpoint: server.URL, Getenv: noVariable, Log: slog.New(slog.NewTextHandler(&said, nil)),
		Counted: func(outcome string, spans int) {
			counts[strings.Index("sent failed dropped", outcome)/5].Add(int64(spans))
		},
	})
	require.NoError(t, err)
	const spans = 3 * maxQueued
	ctx := withRoot(t.Context(), push.Cause{Kind: push.CauseJob, ID: 1})
	began := time.Now()
	for range spans {
		_, span := traces.start(ctx, "x")
		span.End()
	}
	require.Less(t, time.Since(began), closeTimeout)
	require.EqualValues(t, spans-maxQueued, counts[2].Load(), "dropped")
	began = time.Now()
	require.NoError(t, traces.Close())
	require.Less(t, time.Since(began), 2*closeTimeout, "the end of the program is not held up either")
}

func TestTheLogNamesTheTrace(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	log := (&Traces{}).Log(slog.New(slog.NewTextHandler(&text, nil))).With("a", 1)
	r := root(push.Cause{Kind: push.CauseJob, ID: 1})
	log.InfoContext(trace.ContextWithSpanContext(t.Context(), r), "in")
	log.InfoContext(t.Context(), "out")
	lines := strings.Split(text.String(), "\n")
	require.Contains(t, lines[0], "a=1 trace_id="+r.TraceID().String())
	require.NotContains(t, lines[1], "trace_id")
}
