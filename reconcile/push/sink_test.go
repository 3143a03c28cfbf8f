package push_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/push"
)

func TestParseSink(t *testing.T) {
	t.Parallel()
	for _, sink := range push.Sinks() {
		parsed, err := push.ParseSink(string(sink))
		require.NoError(t, err)
		require.Equal(t, sink, parsed)
	}
	for _, unknown := range []string{"", "DoS", "ods", "dos "} {
		_, err := push.ParseSink(unknown)
		require.ErrorContains(t, err, fmt.Sprintf("sink %q: want one of [dos website]", unknown))
	}
}

// Every status that a sink is known to answer with, and some that none is:
// connectors/website/CONTRACT.md "Answers",
// connectors/dos/CONTRACT.md "Change events",
// connectors/dos/CONTRACT.md "Ingest answers". The ingest's reference client
// repeats 408 and 410. We do not repeat a push that cannot succeed, and read back
// one that may have been accepted.
func TestAnswerTo(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]push.Answer{
		0:   push.AnswerUnclear, // no status at all
		100: push.AnswerUnclear,
		200: push.AnswerUnclear, // with a body that could not be understood
		201: push.AnswerUnclear,
		202: push.AnswerUnclear,
		299: push.AnswerUnclear,
		300: push.AnswerRefused,
		302: push.AnswerRefused,
		400: push.AnswerRefused,
		401: push.AnswerUnauthorized,
		402: push.AnswerRefused,
		403: push.AnswerUnauthorized,
		404: push.AnswerRefused,
		405: push.AnswerRefused,
		406: push.AnswerRefused,
		408: push.AnswerUnclear,
		409: push.AnswerConflict,
		410: push.AnswerRefused,
		412: push.AnswerConflict,
		413: push.AnswerRefused,
		415: push.AnswerRefused,
		422: push.AnswerRefused,
		425: push.AnswerLater,
		428: push.AnswerRefused, // a header is missing: a bug of ours
		429: push.AnswerLater,
		499: push.AnswerRefused,
		500: push.AnswerUnclear,
		502: push.AnswerUnclear,
		503: push.AnswerUnclear,
		504: push.AnswerUnclear,
		599: push.AnswerUnclear,
	} {
		require.Equal(t, want, push.AnswerTo(status), "status %d", status)
	}
}

// Whatever the status, a push that may have been taken is read back: it is neither
// given up nor sent blindly.
func TestEveryStatusHasAnAnswer(t *testing.T) {
	t.Parallel()
	answers := []push.Answer{
		push.AnswerRefused, push.AnswerUnauthorized, push.AnswerConflict, push.AnswerLater, push.AnswerUnclear,
	}
	for status := range 1000 {
		answer := push.AnswerTo(status)
		require.Contains(t, answers, answer, "status %d", status)
		if status >= 500 || status < 300 {
			require.Equal(t, push.AnswerUnclear, answer, "status %d", status)
		}
	}
}

func TestSinkErrorSaysWhatToDo(t *testing.T) {
	t.Parallel()
	refused := &push.SinkError{
		Sink: push.SinkWebsite, Answer: push.AnswerRefused, Status: 422,
		Reason: `PUT FA123: /Postcode "X": not a postcode: correct the profile`,
	}
	require.EqualError(t, refused, `website: refused (status 422): PUT FA123: /Postcode "X": not a postcode: correct the profile`)
	down := &push.SinkError{Sink: push.SinkDoS, Answer: push.AnswerDown, Reason: "too many failed", Wait: time.Minute}
	require.EqualError(t, down, "dos: down: too many failed")
}
