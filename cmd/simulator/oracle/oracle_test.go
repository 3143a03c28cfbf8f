package oracle_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/simulator/oracle"
	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// trusts lists n open trusts of a board.
func trusts(n int, board string) (facts []odstest.Fact) {
	for i := range n {
		facts = append(facts, odstest.Fact{
			Code: fmt.Sprintf("R%02d", i), Standing: profile.Active, Fields: map[string]string{"icb": board},
		})
	}
	return facts
}

func day(n int) profile.Date { return profile.NewDate(2026, 3, n) }

func TestAClosureIsPredictedForTheSecondDay(t *testing.T) {
	t.Parallel()
	o, listed := oracle.New(), trusts(2, "QYG")
	require.Equal(t, runs.ChangeCounts{Create: 2}, o.Listing("etr", listed, day(1)).Changes)
	listed[1].Standing, listed[1].Closed = profile.Inactive, day(2)
	first := o.Listing("etr", listed, day(2))
	require.Equal(t, 1, first.PendingClose)
	require.Equal(t, first.Changes, o.Listing("etr", listed, day(2)).Changes, "the same day does not confirm it")
	second := o.Listing("etr", listed, day(3))
	require.Equal(t, runs.ChangeCounts{Close: 1}, second.Changes)
	require.Equal(t, 1, second.Population)
	require.False(t, o.IsOpen("etr", listed[1].Code))
}

func TestAMassChangeIsPredictedAsWithheld(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]runs.State{10: runs.RunDone, 11: runs.RunWithheld} {
		o := oracle.New()
		o.Listing("etr", trusts(n, "QYG"), day(1))
		recode := o.Listing("etr", trusts(n, "QOX"), day(2))
		require.Equal(t, want, recode.State, n)
		if want == runs.RunDone {
			require.Equal(t, n, recode.Changes.Update)
			require.Empty(t, o.FirstWithheld("etr"))
			continue
		}
		require.Equal(t, "QYG", o.Field("etr", o.FirstWithheld("etr"), "icb"))
		require.Equal(t, n, o.Approval("etr").Changes.Update)
		require.Equal(t, "QOX", o.Field("etr", o.FirstWithheld("etr"), "icb"))
		require.Equal(t, n, o.Undo("etr").Changes.Update)
		require.Equal(t, "QYG", o.Field("etr", o.FirstWithheld("etr"), "icb"))
	}
}

func TestEveryWrongNumberIsNamed(t *testing.T) {
	t.Parallel()
	want := oracle.New().Listing("etr", trusts(3, "QYG"), day(1))
	require.NoError(t, oracle.CheckRun(want, want))
	got := want
	got.Records, got.Population = 4, 5
	err := oracle.CheckRun(want, got)
	require.ErrorContains(t, err, "records         want 3, got 4")
	require.ErrorContains(t, err, "population      want 3, got 5")

	var arrived outside.Tally
	require.NoError(t, oracle.CheckTally(outside.Tally{}, arrived))
	arrived.DoS.Twice, arrived.Website.Stored = 1, 2
	err = oracle.CheckTally(outside.Tally{}, arrived)
	require.ErrorContains(t, err, "DoS twice         want 0, got 1")
	require.ErrorContains(t, err, "website stored    want 0, got 2")
}
