package tracing

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/uuid"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/profilesync/profilesync/reconcile/push"
)

// A request of somebody who is known is the first span of a trace, in which the job that it
// queues goes on, and what the job's run changes. What the caller says of traces is not read.
func TestARequestIsTracedAsFarAsItsJob(t *testing.T) {
	t.Parallel()
	traces, recorded := recording()
	job := &rivertype.JobInsertParams{Metadata: []byte(`{"a":1}`)}
	inner, outer := http.NewServeMux(), http.NewServeMux()
	inner.HandleFunc("POST /runs/{run}/undo", func(_ http.ResponseWriter, r *http.Request) {
		_, err := (&carries{}).InsertMany(r.Context(), []*rivertype.JobInsertParams{job},
			func(context.Context) ([]*rivertype.JobInsertResult, error) { return nil, nil })
		assert.NoError(t, err)
	})
	outer.Handle("/", Named(inner))
	known := true
	handler := traces.Requests(outer, func(*http.Request) bool { return known })
	ask := func(address string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, address, http.NoBody)
		r.Header.Set("Traceparent", "00-11111111111111111111111111111111-2222222222222222-01")
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	ask("/runs/4711/undo?name=Smith")
	require.Len(t, recorded.Ended(), 1)
	span := recorded.Ended()[0]
	require.Equal(t, "POST /runs/{run}/undo", span.Name())
	require.False(t, span.Parent().IsValid())
	require.Equal(t, uuid.Version(4), uuid.UUID(span.SpanContext().TraceID()).Version())
	require.NotContains(t, span.SpanContext().TraceID().String(), "1111111111")
	for _, kept := range (plain{span}).Attributes() {
		require.NotContains(t, kept.Value.String(), "4711")
		require.NotContains(t, kept.Value.String(), "Smith")
	}

	traceparent := "00-" + span.SpanContext().TraceID().String() + "-" + span.SpanContext().SpanID().String() + "-01"
	require.JSONEq(t, `{"a":1,"traceparent":"`+traceparent+`"}`, string(job.Metadata))
	cause := push.Cause{Kind: push.CauseJob, ID: 7, Trace: traceparent}
	require.Contains(t, string(traces.Caused()(t.Context(), []push.Cause{cause})[0]), traceparent)

	ask("/nothing/like/Smith")
	require.NotContains(t, recorded.Ended()[1].Name(), "Smith")
	require.NotEqual(t, recorded.Ended()[0].SpanContext().TraceID(), recorded.Ended()[1].SpanContext().TraceID())
	known = false
	ask("/runs/4711/undo")
	require.Len(t, recorded.Ended(), 2, "nobody's requests are not traced")
}

// What is queued outside of any trace is left as it is.
func TestAJobWithoutATraceIsQueuedAsItIs(t *testing.T) {
	t.Parallel()
	job := &rivertype.JobInsertParams{Metadata: []byte(`{}`)}
	_, err := (&carries{}).InsertMany(t.Context(), []*rivertype.JobInsertParams{job},
		func(context.Context) ([]*rivertype.JobInsertResult, error) { return nil, nil })
	require.NoError(t, err)
	require.JSONEq(t, `{}`, string(job.Metadata))
}

func TestACommandIsTracedWithoutItsArguments(t *testing.T) {
	t.Parallel()
	traces, recorded := recording()
	ctx, end := traces.Command(t.Context(), "hold add")
	require.True(t, trace.SpanContextFromContext(ctx).IsSampled())
	end(errors.New("no profile Smith"))
	require.Equal(t, "profilesync hold add", recorded.Ended()[0].Name())
	require.Empty(t, recorded.Ended()[0].Status().Description)
}
