package stream_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/api/stream"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Whoever has signed out, or whose token was revoked, follows a run for a minute at most:
// the stream ends, and he must say again who he is.
func TestAStreamEndsAfterAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := runstore.Progress{State: runs.RunRunning}
		progress := func(context.Context) (runstore.Progress, error) { return now, nil }
		answer, began := httptest.NewRecorder(), time.Now()
		s := stream.Stream{W: answer, Run: 7, Progress: progress, Look: time.Second, Alive: 15 * time.Second}
		s.Send(t.Context(), now)
		require.LessOrEqual(t, time.Since(began), time.Minute)
		require.Contains(t, answer.Body.String(), "it goes on", "it lasts as long as there is something to wait for")
		require.NotContains(t, answer.Body.String(), "event: ended", "the run has not")
	})
}
