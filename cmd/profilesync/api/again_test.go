package api

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// begin is a request of bea's that is begun under a key, for the first time or again.
func begin(t *testing.T, key string) context.Context {
	t.Helper()
	return guard.WithOnce(guard.With(t.Context(), bea), bea.Name, key, time.Date(2026, 6, 3, 10, 0, 0, 0, time.UTC))
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
