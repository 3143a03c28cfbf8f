package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// recode is the merger of ICBs on 1 April 2026 as the guard reports it.
var recode = []withheld{{Reason: "mass-change", Type: "trust", Field: "icb", Count: 55, Of: 205}}

func TestTheRecodeOfApril2026IsWithheldApprovedUndoneAndProposedAgain(t *testing.T) {
	t.Parallel()
	before, after := realData(t, trustsBefore), realData(t, trustsAfterApril)
	s := newSite(t)
	require.Equal(t, changeCounts{Create: 205}, s.reconcile(0, before, "2025-12-29").Changes)

	run := requireRecodeWithheld(t, s, after)
	icbs := s.icbs()

	approved := s.asJSON(0, "runs", "approve", run.Run, "--actor", "Ann Approver")
	require.Equal(t, changeCounts{Update: 55}, approved.Changes)
	require.Equal(t, map[string]int{"icb": 55}, approved.Fields)
	require.NotEqual(t, run.Run, approved.Run, "an approval is a separate run")
	const ofAnn = "select count(*) from change where actor = 'Ann Approver' and field = 'icb' and run_id::text = $1"
	require.Equal(t, 55, s.count(ofAnn, approved.Run))

	undone := s.asJSON(0, "runs", "undo", approved.Run, "--confirm", approved.Run)
	require.Equal(t, changeCounts{Update: 55}, undone.Changes)
	require.Equal(t, map[string]int{"icb": 55}, undone.Fields)
	require.Empty(t, undone.LeftOut)
	require.Equal(t, icbs, s.icbs(), "exactly the 55 are reverted")

	again := s.reconcile(3, after, "2026-04-10")
	require.Equal(t, recode, again.Withheld, "what was undone is proposed again, and withheld")
	require.Equal(t, changeCounts{Close: 3}, again.Changes, "three closures were seen a second time")
	require.Zero(t, again.PendingClose)
	require.Equal(t, 202, again.Population)

	approved = s.asJSON(0, "runs", "approve", again.Run)
	require.Equal(t, changeCounts{Update: 53}, approved.Changes, "two of the three that the run closed were among the 55")
	require.Empty(t, approved.LeftOut)
	require.Empty(t, s.waiting())
	audit := s.audit()
	last := s.reconcile(0, after, "2026-04-11")
	require.Zero(t, last.Changes)
	require.Empty(t, last.Withheld)
	require.Equal(t, audit, s.audit())
}

// requireRecodeWithheld reconciles the listing of April 2026 and compares the
// run with what is known about the listing.
func requireRecodeWithheld(t *testing.T, s *site, file string) summary {
	t.Helper()
	plan := s.plan(3, file, "2026-04-09")
	run := s.reconcile(3, file, "2026-04-09")
	requireSameNumbers(t, plan, run)
	require.Equal(t, "withheld", run.State)
	require.Equal(t, recode, run.Withheld)
	require.Equal(t, changeCounts{Update: 4}, run.Changes)
	require.Equal(t, map[string]int{"name": 3, "address": 1}, run.Fields)
	require.Equal(t, 3, run.PendingClose)
	require.Equal(t, 205, run.Population)
	require.Equal(t, 2, s.do("profile", "show", "K0N6A").code, "a trust that opens in June has no profile")
	revisit := one[string](s, "select revisit::text from upstream_record where code = 'K0N6A'")
	require.Equal(t, "2026-06-01", revisit, "but will be compared again on that day")

	rows := s.changes(run.Run)
	require.Len(t, rows, 59)
	for _, c := range rows {
		require.Equal(t, c.Field == "icb", c.Withheld == "mass-change", "%s %s", c.Code, c.Field)
	}
	return run
}

// icbs returns the ICB of every profile.
func (s *site) icbs() map[string]string {
	s.t.Helper()
	return one[map[string]string](s, "select jsonb_object_agg(code, icb) from profile")
}

func TestRejectedChangesAreNotProposedAgain(t *testing.T) {
	t.Parallel()
	before, after := realData(t, trustsBefore), realData(t, trustsAfterApril)
	s := newSite(t)
	s.reconcile(0, before, "2025-12-29")
	run := s.reconcile(3, after, "2026-04-09")
	icbs := s.icbs()

	rejected := s.exits(0, "runs", "reject", run.Run, "--actor", "Rita Rejecter", "--format", "json")
	require.Contains(t, rejected.err, "55 changes are not proposed again")
	next := s.reconcile(0, after, "2026-04-10")
	require.Empty(t, next.Withheld)
	require.Equal(t, changeCounts{Close: 3}, next.Changes)
	require.Equal(t, icbs, s.icbs())

	back := s.reconcile(0, before, "2026-04-11")
	require.Empty(t, back.Withheld, "the old ICBs are back: nothing to do")
	require.Equal(t, 3, back.Changes.Reopen, "coming back is normal")
}

func TestUndoOfAListingLeavesAndListsWhatWasEditedSince(t *testing.T) {
	t.Parallel()
	before, after := realData(t, trustsBefore), realData(t, trustsAfterApril)
	s := newSite(t)
	s.reconcile(0, before, "2025-12-29")
	run := s.reconcile(3, after, "2026-04-09")
	renamed := ""
	for _, c := range s.changes(run.Run) {
		if c.Field == "name" {
			renamed = c.Code
		}
	}
	s.edit(renamed, "name", "Edited Since")

	undone := s.asJSON(0, "runs", "undo", run.Run, "--confirm", run.Run)
	require.Equal(t, []leftOut{{Code: renamed, Field: "name", Because: "edited"}}, undone.LeftOut)
	require.Equal(t, map[string]int{"name": 2, "address": 1}, undone.Fields)
	require.Equal(t, "Edited Since", s.field(renamed, "name"))

	next := s.reconcile(3, after, "2026-04-10")
	require.Contains(t, next.Withheld, withheld{Reason: "undone", Type: "trust", Field: "name", Count: 2, Of: 205})
	require.Contains(t, next.Withheld, withheld{Reason: "undone", Type: "trust", Field: "address", Count: 1, Of: 205})
	require.Equal(t, 1, next.Fields["name"], "the edit is corrected")
}

func TestDecisionsAreRefusedIfThereIsNothingToDecide(t *testing.T) {
	t.Parallel()
	file := realData(t, trustsBefore)
	s := newSite(t)
	run := s.reconcile(0, file, "2025-12-29")

	require.Contains(t, s.exits(1, "runs", "approve", run.Run).err, "withheld nothing")
	for _, command := range []string{"show", "approve", "reject", "undo"} {
		o := s.exits(1, "runs", command, "999", "--format", "json")
		require.Contains(t, o.err, "run 999: not found")
		require.Empty(t, o.out)
	}
	require.Equal(t, 1, s.count("select count(*) from run"), "a refused decision is not a run")

	older := s.reconcile(1, file, "2025-12-28")
	require.Equal(t, "refused", older.State)
	require.Contains(t, older.Error, "2025-12-29")
}

func TestUndoOfAFirstLoadHidesAndClosesAndDeletesNothing(t *testing.T) {
	t.Parallel()
	file := realData(t, trustsBefore)
	s := newSite(t)
	first := s.reconcile(0, file, "2025-12-29")

	undone := s.asJSON(0, "runs", "undo", first.Run, "--confirm", first.Run)
	require.Equal(t, changeCounts{Close: 205}, undone.Changes)
	require.Zero(t, undone.Population)
	require.Equal(t, 205, s.count("select count(*) from profile where hidden and status = 'closed'"))
	again := s.reconcile(3, file, "2025-12-30")
	require.Zero(t, again.Changes, "what was undone does not come back automatically")
	require.Equal(t, 205, again.Withheld[0].Count)

	back := s.asJSON(0, "runs", "undo", undone.Run, "--confirm", undone.Run)
	require.Equal(t, changeCounts{Reopen: 205}, back.Changes)
	require.Equal(t, 205, s.count("select count(*) from profile where not hidden and status = 'open'"))
	require.Zero(t, s.reconcile(0, file, "2025-12-31").Changes, "the next run finds nothing")
}
