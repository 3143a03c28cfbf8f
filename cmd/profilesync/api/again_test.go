package api

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// An approval of all or of a selection whose daemon died before it answered is begun again
// under its key, and says which run it started, although nothing waits any longer. Another
// request is told that nothing does.
func TestAnApprovalThatIsBegunAgainFindsItsRun(t *testing.T) { //nolint:paralleltest // newWorld sets variables
	w := newWorld(t)
	w.as(cid)
	for day, number := range []int{1, 2, 3} {
		query := fmt.Sprintf("name=edispensary_%d.csv&as_of=2026-06-%02d", number, day+1)
		w.do(call{id: "start-run-of-file", query: query, body: listing(t, number)})
		w.work()
	}
	do, bySomebody := &actions.Actions{App: w.app}, guard.With(t.Context(), bea)
	begun := time.Date(2026, 6, 3, 10, 0, 0, 0, time.UTC)
	underKey := func(key string) (started []string, err error) {
		_, digest, err := do.Waiting(t.Context(), runs.Selection{}) //nolint:contextcheck // the test's
		require.NoError(t, err)
		for _, d := range []actions.Decision{{All: true}, {All: true, Selection: runs.Selection{Digest: digest}}} {
			ctx := guard.WithOnce(bySomebody, bea.Name, key, begun)
			approvals, err := do.Approve(ctx, d)
			if err != nil {
				return nil, err
			}
			for _, approval := range approvals {
				started = append(started, approval.Run)
			}
		}
		return started, nil
	}
	first, err := underKey("k")
	require.NoError(t, err)
	require.Equal(t, []string{"4", "4"}, first, "begun again at once")
	w.work()
	again, err := underKey("k")
	require.NoError(t, err)
	require.Equal(t, first, again, "begun again when the run has ended")
	_, err = underKey("another")
	require.EqualError(t, err, "nothing waits for a decision")
	require.Equal(t, 4, pgtest.One[int](w.db, "select count(*) from run"), "one approval")
}
