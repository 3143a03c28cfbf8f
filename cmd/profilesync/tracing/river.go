package tracing

import (
	"context"
	"encoding/json"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/riverqueue/rivercontrib/otelriver"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/profilesync/profilesync/reconcile/push"
)

// Jobs returns what makes a span of every attempt at a job; none if nothing is traced.
func (t *Traces) Jobs() []rivertype.Middleware {
	if t == nil {
		return nil
	}
	return []rivertype.Middleware{
		&joins{}, otelriver.NewMiddleware(&otelriver.MiddlewareConfig{TracerProvider: t.provider, EnableWorkSpanJobKindSuffix: true}),
	}
}

// Queued returns what has the jobs that a request or a command queues go on in its trace;
// none if nothing is traced.
func (t *Traces) Queued() []rivertype.Middleware {
	if t == nil {
		return nil
	}
	return []rivertype.Middleware{&carries{}}
}

// carries gives jobs the trace in which they are queued.
type carries struct{ river.MiddlewareDefaults }

func (*carries) InsertMany(
	ctx context.Context, jobs []*rivertype.JobInsertParams, insert func(context.Context) ([]*rivertype.JobInsertResult, error),
) ([]*rivertype.JobInsertResult, error) {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return insert(ctx)
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	for _, job := range jobs {
		metadata := map[string]json.RawMessage{}
		if len(job.Metadata) > 0 && json.Unmarshal(job.Metadata, &metadata) != nil {
			continue
		}
		metadata["traceparent"], _ = json.Marshal(carrier["traceparent"]) //nolint:errchkjson // a text
		job.Metadata, _ = json.Marshal(metadata)                          //nolint:errchkjson // texts and what was JSON
	}
	return insert(ctx)
}

// Caused returns the metadata of jobs with the given causes, which makes each go on in
// the trace of its cause. An edit's trace begins here. It is nil if nothing is traced.
func (t *Traces) Caused() func(context.Context, []push.Cause) [][]byte {
	if t == nil {
		return nil
	}
	return func(ctx context.Context, causes []push.Cause) [][]byte {
		metadata := make([][]byte, len(causes))
		begun := make(map[push.Cause]bool, len(causes))
		for i, c := range causes {
			if c.Kind == "" {
				continue
			}
			if c.Kind == push.CauseEdit && !begun[c] {
				_, span := t.provider.Tracer("profilesync").Start(withRoot(ctx, c), "edit", trace.WithTimestamp(c.At))
				span.End()
				begun[c] = true
			}
			carrier := propagation.MapCarrier{}
			propagation.TraceContext{}.Inject(trace.ContextWithRemoteSpanContext(ctx, root(c)), carrier) //nolint:contextcheck // a text is read
			metadata[i], _ = json.Marshal(carrier)                                                       // texts only
		}
		return metadata
	}
}

// joins gives a job the trace of its cause or, without one, a trace of its own.
type joins struct{ river.MiddlewareDefaults }

func (*joins) Work(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
	if job.Kind == "tick" { // many a minute, and what it queues has traces of its own
		return work(ctx)
	}
	carrier := propagation.MapCarrier{}
	var metadata struct {
		Traceparent string `json:"traceparent"`
	}
	if json.Unmarshal(job.Metadata, &metadata) == nil && metadata.Traceparent != "" {
		carrier["traceparent"] = metadata.Traceparent
		return work(propagation.TraceContext{}.Extract(ctx, carrier))
	}
	itself := push.Cause{Kind: push.CauseJob, ID: job.ID, At: job.CreatedAt}
	if job.Attempt > 1 { // its first attempt began the trace
		return work(trace.ContextWithRemoteSpanContext(ctx, root(itself))) //nolint:contextcheck // a text is read
	}
	return work(withRoot(ctx, itself))
}
