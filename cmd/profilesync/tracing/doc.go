// Package tracing sends traces by OpenTelemetry: one from each request, command,
// edit and job of its own, to the answers of the sinks.
//
//	tracing.go  starting, and the bounded queue of spans
//	ids.go      ids that follow from the cause: an edit, or a job
//	sampler.go  only what has a cause is traced
//	river.go    which trace a job belongs to
//	requests.go the API and the console
//	commands.go the command line
//	plain.go    what of a span is sent
//	log.go      the trace's id in the log
//
// The id of a trace follows from what caused it. A push that is queued, killed and worked
// again by another process therefore goes on in the trace of its cause, and no table has
// to remember it. A request and a command have random ids instead; the job that one queues
// carries its trace, and what the job's run changes is pushed in it. Spans without a cause (a
// poll, a request to /metrics, one of nobody who has signed in) are not made.
package tracing
