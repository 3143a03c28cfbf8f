package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile"
)

func TestParseSink(t *testing.T) {
	t.Parallel()
	for _, sink := range reconcile.Sinks() {
		parsed, err := reconcile.ParseSink(string(sink))
		require.NoError(t, err)
		require.Equal(t, sink, parsed)
	}
	for _, unknown := range []string{"", "DoS", "ods", "dos "} {
		_, err := reconcile.ParseSink(unknown)
		require.ErrorContains(t, err, fmt.Sprintf("sink %q: want one of [dos website]", unknown))
	}
}

// Every status that a sink is known to answer with, and some that none is:
// connectors/website/CONTRACT.md "Answers",
// connectors/dos/CONTRACT.md "Change events",
// connectors/dos/CONTRACT.md "Ingest answers". Where they differ (408 and 410 are
// repeated by the ingest's reference client), a push that cannot help is not
// repeated, and one that may have been taken is read back.
func TestAnswerTo(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]reconcile.Answer{
		0:   reconcile.AnswerUnclear, // no status at all
		100: reconcile.AnswerUnclear,
		200: reconcile.AnswerUnclear, // with a body that could not be understood
		201: reconcile.AnswerUnclear,
		202: reconcile.AnswerUnclear,
		299: reconcile.AnswerUnclear,
		300: reconcile.AnswerRefused,
		302: reconcile.AnswerRefused,
		400: reconcile.AnswerRefused,
		401: reconcile.AnswerUnauthorized,
		402: reconcile.AnswerRefused,
		403: reconcile.AnswerUnauthorized,
		404: reconcile.AnswerRefused,
		405: reconcile.AnswerRefused,
		406: reconcile.AnswerRefused,
		408: reconcile.AnswerUnclear,
		409: reconcile.AnswerConflict,
		410: reconcile.AnswerRefused,
		412: reconcile.AnswerConflict,
		413: reconcile.AnswerRefused,
		415: reconcile.AnswerRefused,
		422: reconcile.AnswerRefused,
		425: reconcile.AnswerLater,
		428: reconcile.AnswerRefused, // a header is missing: ours to mend
		429: reconcile.AnswerLater,
		499: reconcile.AnswerRefused,
		500: reconcile.AnswerUnclear,
		502: reconcile.AnswerUnclear,
		503: reconcile.AnswerUnclear,
		504: reconcile.AnswerUnclear,
		599: reconcile.AnswerUnclear,
	} {
		require.Equal(t, want, reconcile.AnswerTo(status), "status %d", status)
	}
}

func TestSinkErrorSaysWhatToDo(t *testing.T) {
	t.Parallel()
	refused := &reconcile.SinkError{
		Sink: reconcile.SinkWebsite, Answer: reconcile.AnswerRefused, Status: 422,
		Reason: `PUT FA123: /Postcode "X": not a postcode: correct the profile`,
	}
	require.EqualError(t, refused, `website: refused (status 422): PUT FA123: /Postcode "X": not a postcode: correct the profile`)
	down := &reconcile.SinkError{Sink: reconcile.SinkDoS, Answer: reconcile.AnswerDown, Reason: "too many failed", Wait: time.Minute}
	require.EqualError(t, down, "dos: down: too many failed")
}
