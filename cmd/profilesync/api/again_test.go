package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/api/problem"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// begin is a request of bea's that is begun under a key, for the first time or again.
func begin(t *testing.T, key string) context.Context {
	t.Helper()
	claimed := accessstore.Answer{Begun: time.Date(2026, 6, 3, 10, 0, 0, 0, time.UTC)}
	return guard.WithOnce(guard.With(t.Context(), bea), bea.Name, key, claimed)
}

// A request that is refused says that it may be what it asks for that stands in its way, if
// it was begun before by a daemon that ended.
func TestARefusalSaysThatItMayBeDone(t *testing.T) { //nolint:paralleltest // newWorld sets variables
	w := newWorld(t)
	w.as(cid)
	for day, number := range []int{1, 2, 3} {
		query := fmt.Sprintf("name=edispensary_%d.csv&as_of=2026-06-%02d", number, day+1)
		w.do(call{id: "start-run-of-file", query: query, body: listing(t, number)})
		w.work()
	}
	do, all := &actions.Actions{App: w.app}, actions.Decision{All: true}
	_, err := do.Reject(begin(t, "k"), all)
	require.NoError(t, err)
	again := guard.WithOnce(guard.With(t.Context(), bea), bea.Name, "k", accessstore.Answer{Again: true})
	for ctx, text := range map[context.Context]string{
		begin(t, "another"): "nothing waits for a decision",
		again:               "nothing waits for a decision; the daemon that was asked first ended before it answered, and may have done it",
	} {
		_, err = do.Reject(ctx, all)
		answer := problem.Of(ctx, slog.New(slog.DiscardHandler), "reject", err)
		require.EqualError(t, answer, text)
		var status huma.StatusError
		require.ErrorAs(t, answer, &status)
		require.Equal(t, http.StatusConflict, status.GetStatus())
	}
}

// An approval of all or of a selection whose daemon died before it answered is begun again
// under its key, and says which run it started, although nothing waits any longer. Another
// request, under another key or the same, is told that nothing does.
func TestAnApprovalThatIsBegunAgainFindsItsRun(t *testing.T) { //nolint:paralleltest // newWorld sets variables
	for _, looked := range []bool{false, true} {
		w := newWorld(t)
		w.as(cid)
		for day, number := range []int{1, 2, 3} {
			query := fmt.Sprintf("name=edispensary_%d.csv&as_of=2026-06-%02d", number, day+1)
			w.do(call{id: "start-run-of-file", query: query, body: listing(t, number)})
			w.work()
		}
		do, d := &actions.Actions{App: w.app}, actions.Decision{All: true}
		if looked {
			_, digest, err := do.Waiting(t.Context(), runs.Selection{})
			require.NoError(t, err)
			d.Digest = digest
		}
		for _, when := range []string{"first", "begun again at once", "begun again when the run has ended"} {
			approvals, err := do.Approve(begin(t, "k"), d)
			require.NoError(t, err, when)
			require.Len(t, approvals, 1, when)
			require.Equal(t, "4", approvals[0].Run, when)
			if when != "first" {
				w.work()
			}
		}
		_, err := do.Approve(begin(t, "another"), d)
		require.EqualError(t, err, "nothing waits for a decision")
		d.Type = profile.Pharmacy
		_, err = do.Approve(begin(t, "k"), d)
		require.EqualError(t, err, "nothing waits for a decision")
		require.Equal(t, 4, pgtest.One[int](w.db, "select count(*) from run"), "one approval")
	}
}

// A file that is sent again under its key after its daemon died has its run already; another
// file has a run of its own.
func TestAFileThatIsSentAgainHasOneRun(t *testing.T) { //nolint:paralleltest // newWorld sets variables
	w := newWorld(t)
	do := &actions.Actions{App: w.app}
	start := func(text string) string {
		ctx := begin(t, "k")
		file := actions.File{Name: "edispensary_2026-06-02.csv", Sent: strings.NewReader(text)}
		scopes, err := do.Scopes(ctx, actions.Request{Files: []actions.File{file}})
		require.NoError(t, err)
		started, err := do.Reconcile(ctx, scopes[0], false)
		require.NoError(t, err)
		return started.Run
	}
	require.Equal(t, "1", start(listing(t, 1)))
	require.Equal(t, "1", start(listing(t, 1)))
	require.NotEqual(t, "1", start(listing(t, 2)))
	require.Equal(t, 2, pgtest.One[int](w.db, "select count(*) from run"))
}
