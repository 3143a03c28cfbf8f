package runstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestTooManyRemovalsWaitForApproval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	closing := with(pharmacies(40), 11, ended)
	require.Equal(t, 11, w.listing(2, closing).PendingClose)

	mass := w.listing(3, with(closing, 12, renamed))
	require.Equal(t, runs.RunWithheld, mass.State)
	require.Equal(t, []runs.Withheld{
		{Reason: runs.MassChange, Type: profile.Pharmacy, Field: "name", Count: 12, Of: 40},
		{Reason: runs.TooManyRemovals, Type: profile.Pharmacy, Field: "status", Count: 11, Of: 40},
	}, mass.Withheld)
	require.Equal(t, runs.ChangeCounts{}, mass.Changes)
	require.Equal(t, 11, mass.PendingClose)

	night := w.listing(4, with(closing, 12, renamed))
	require.Equal(t, runs.RunDone, night.State, "nothing new")
	require.Empty(t, night.Withheld)
	require.Equal(t, 23, night.Waiting)
	require.Zero(t, night.Withdrawn)

	approved := w.child(runs.RunApprove, mass)
	require.Equal(t, runs.RunDone, approved.State)
	require.Equal(t, runs.ChangeCounts{Close: 11, Update: 1}, approved.Changes)
	require.Equal(t, map[string]int{"name": 12, "status": 11}, approved.Fields)
	require.Equal(t, 29, approved.Population)
	require.Empty(t, approved.LeftOut)
	require.Zero(t, approved.PendingClose)
	require.Equal(t, []string{"approver"}, pgtest.All[string](w.Database,
		"select distinct actor from change where run_id = $1", idOf(approved)))
	require.Equal(t, 23, pgtest.One[int](w.Database, "select count(*) from plan_row where run_id = $1 and decision = 'approved'", idOf(mass)))

	undone := w.child(runs.RunUndo, approved)
	require.Equal(t, runs.ChangeCounts{Reopen: 11, Update: 1}, undone.Changes)
	require.Equal(t, 40, undone.Population)
	require.Equal(t, []string{"mass-change name 12", "too-many-removals status 11"},
		withheldFor(w.listing(5, with(closing, 12, renamed))), "the guard's own reason")
}

func TestWhatIsWithheldWaitsUntilTheRegisterTakesItBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	mass := w.listing(2, with(pharmacies(40), 11, renamed))
	require.Equal(t, []string{"mass-change name 11"}, withheldFor(mass))
	fewer := w.listing(3, with(pharmacies(40), 10, renamed))
	require.Equal(t, runs.ChangeCounts{}, fewer.Changes, "ten are as few as the guard lets pass, but they wait")
	require.Equal(t, 10, fewer.Waiting)
	require.Equal(t, 1, fewer.Withdrawn)
	require.Equal(t, map[string]int{"waiting": 10, "withdrawn": 1}, w.decisions(mass))

	eleventh := w.listing(4, with(with(pharmacies(40), 10, renamed), 1, func(o *org) { o.ICB = "QOQ" }))
	require.Equal(t, map[string]int{"icb": 1}, eleventh.Fields, "the rest of a profile goes on")
	w.Exec("update profile set name = 'Chemist 3 (New)' where code = 'FA0003'")
	w.Exec("update profile set name = 'My shop' where code = 'FA0004'")
	edited := w.listing(5, with(with(pharmacies(40), 10, renamed), 1, func(o *org) { o.ICB = "QOQ" }))
	require.Equal(t, 1, edited.Withdrawn, "the profile says it already")
	require.Equal(t, []string{"mass-change name 1"}, withheldFor(edited), "of another old value")
	require.Equal(t, 9, edited.Waiting)
	require.Equal(t, map[string]int{"waiting": 8, "withdrawn": 2, "replaced": 1}, w.decisions(mass))

	back := w.listing(6, pharmacies(40))
	require.Equal(t, 9, back.Withdrawn)
	require.Zero(t, back.Waiting)
	again := w.listing(7, pharmacies(40))
	require.Equal(t, runs.ChangeCounts{}, again.Changes)
	require.Zero(t, again.Withdrawn)
}

func TestWhatWaitsIsCountedWithWhatIsNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	w.listing(2, with(pharmacies(40), 11, renamed))
	more := w.listing(3, with(pharmacies(40), 13, renamed))
	require.Equal(t, []string{"mass-change name 2"}, withheldFor(more))
	require.Equal(t, 13, more.Waiting)
}

func TestADecisionIsMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	mass := w.listing(2, with(pharmacies(40), 12, renamed))
	some := runs.Selection{Codes: []profile.ODSCode{"FA0000", "FA0001", "FA0002"}}
	approved := w.approve(mass, some)
	require.Equal(t, map[string]int{"name": 3}, approved.Fields)
	require.Equal(t, 9, approved.Waiting)

	_, err := w.store.CreateRun(t.Context(), approval(mass, some), nil)
	require.EqualError(t, err, fmt.Sprintf(
		"run %s: nothing of this waits for a decision: 3 already approved by approver in run %s; 9 others wait", mass.Run, approved.Run))
	_, err = w.store.Reject(t.Context(), idOf(mass), some, "rita", "")
	require.ErrorContains(t, err, "3 already approved by approver in run "+approved.Run)

	others := runs.Selection{Codes: []profile.ODSCode{"FA0030"}}
	_, err = w.store.Reject(t.Context(), idOf(mass), others, "rita", "")
	require.EqualError(t, err, fmt.Sprintf("run %s: nothing of this waits for a decision; 9 others wait", mass.Run))

	rows, err := w.store.Reject(t.Context(), idOf(mass), runs.Selection{}, "rita", "")
	require.NoError(t, err)
	require.Equal(t, 9, rows)
	_, err = w.store.Reject(t.Context(), idOf(mass), others, "rita", "")
	require.EqualError(t, err, fmt.Sprintf("run %s: nothing of this waits for a decision", mass.Run))
	_, err = w.store.CreateRun(t.Context(), approval(mass, runs.Selection{}), nil)
	require.ErrorContains(t, err, "9 already rejected by rita, 3 already approved by approver in run "+approved.Run)
	require.Zero(t, w.listing(3, with(pharmacies(40), 12, renamed)).Waiting)
}

// An approval that is asked for and not worked yet holds its rows: no run in
// between applies or withdraws them twice.
func TestAnApprovalKeepsItsRowsUntilItIsWorked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	mass := w.listing(2, with(pharmacies(40), 12, renamed))
	id, err := w.store.CreateRun(t.Context(), approval(mass, runs.Selection{}), nil)
	require.NoError(t, err)
	night := w.listing(3, with(pharmacies(40), 8, renamed))
	require.Equal(t, runs.ChangeCounts{}, night.Changes)
	require.Equal(t, 4, night.Withdrawn)
	approved := w.work(id)
	require.Equal(t, map[string]int{"name": 8}, approved.Fields)
	require.Zero(t, approved.Waiting)
	require.Equal(t, map[string]int{"approved": 8, "withdrawn": 4}, w.decisions(mass))
}

// A run that is being planned and a person who decides lock the same rows, in
// different orders: neither may stop the other for good.
func TestADecisionNeverWaitsForARunThatIsBeingPlanned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	mass := w.listing(2, with(pharmacies(40), 12, renamed))
	x, err := w.store.LockOrganisations(t.Context())
	require.NoError(t, err)
	defer x.Close()
	require.NoError(t, x.BeginPlan(t.Context(), runs.Run{
		Kind: runs.RunListing, Source: profile.SourceODS, Report: reportName, AsOf: day(3), Actor: "tester",
	}, nil))
	defer x.DiscardPlan()
	ends := func(code profile.ODSCode) error {
		return x.EndWaiting(t.Context(), []runstore.EndedRow{{Run: idOf(mass), Code: code, Field: "name"}})
	}
	require.NoError(t, ends("FA0011"))

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = w.store.Reject(ctx, idOf(mass), runs.Selection{}, "rita", "")
	require.ErrorContains(t, err, "is changing what waits of it at this moment; try again")
	_, err = w.store.CreateRun(ctx, approval(mass, runs.Selection{}), nil)
	require.ErrorContains(t, err, "is changing what waits of it at this moment; try again")
	require.NoError(t, ends("FA0000"), "the run goes on")

	decided := make(chan int)
	go func() {
		rows, err := w.store.Reject(t.Context(), idOf(mass), runs.Selection{}, "rita", "")
		assert.NoError(t, err, "it is tried again until the run has ended")
		decided <- rows
	}()
	x.DiscardPlan()
	require.Equal(t, 12, <-decided)
}

func TestAnApprovalOfWhatHasChangedIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	mass := w.listing(2, with(pharmacies(40), 12, renamed))
	waiting, err := w.store.Waiting(t.Context(), runs.Selection{Run: idOf(mass)})
	require.NoError(t, err)
	require.Len(t, waiting, 12)
	seen := approval(mass, runs.Selection{Digest: runstore.WaitingDigest(waiting)})
	w.listing(3, with(pharmacies(40), 11, renamed))
	_, err = w.store.CreateRun(t.Context(), seen, nil)
	require.ErrorContains(t, err, "what waits has changed since")
	require.Equal(t, 11, w.listing(4, with(pharmacies(40), 11, renamed)).Waiting)
}

func TestUndoneChangesAreProposedAgainAndWithheld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	said := with(with(pharmacies(40), 2, renamed), 1, ended)
	w.listing(2, said)
	run := w.listing(3, said)
	require.Equal(t, 1, run.Changes.Close)
	named := w.listing(4, with(said, 3, func(o *org) { o.ICB = "QOQ" }))
	require.Equal(t, map[string]int{"icb": 2}, named.Fields, "closed profiles stay as they are")

	w.child(runs.RunUndo, run)
	undone := w.child(runs.RunUndo, named)
	require.Equal(t, map[string]int{"icb": 2}, undone.Fields)
	require.Equal(t, "QWO", w.value("FA0001", profile.FieldICB))

	said = with(said, 3, func(o *org) { o.ICB = "QOQ" })
	again := w.listing(5, said)
	require.Equal(t, []string{"undone icb 2", "undone status 1"}, withheldFor(again))
	require.Equal(t, map[string]int{"icb": 1}, again.Fields, "reopened, it is compared again")

	approved := w.child(runs.RunApprove, again)
	require.Equal(t, runs.ChangeCounts{Close: 1, Update: 2}, approved.Changes)
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from mark"))
	for on := 6; on < 8; on++ {
		silent := w.listing(on, said)
		require.Empty(t, silent.Withheld)
		require.Equal(t, runs.ChangeCounts{}, silent.Changes)
		require.Zero(t, silent.PendingClose)
	}
}

func TestUndoLeavesWhatWasEditedSince(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(3))
	run := w.listing(2, with(pharmacies(3), 3, renamed))
	w.Exec("update profile set name = 'My shop' where code = 'FA0001'")
	undone := w.child(runs.RunUndo, run)
	require.Equal(t, map[string]int{"name": 2}, undone.Fields)
	require.Equal(t, []runs.LeftOut{{Code: "FA0001", Field: "name", Because: runs.LeftEdited}}, undone.LeftOut)
	require.Equal(t, "My shop", w.name("FA0001"))
	require.Equal(t, "Chemist 2", w.name("FA0002"))
}

func TestUndoOfAnUndo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(3))
	renames := with(pharmacies(3), 3, renamed)
	run := w.listing(2, renames)
	back := w.child(runs.RunUndo, w.child(runs.RunUndo, run))
	require.Equal(t, map[string]int{"name": 3}, back.Fields)
	require.Equal(t, "Chemist 0 (New)", w.name("FA0000"))
	silent := w.listing(3, renames)
	require.Empty(t, silent.Withheld)
	require.Equal(t, runs.ChangeCounts{}, silent.Changes)
}

func TestUndoOfACreationHidesAndCloses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.listing(1, pharmacies(3))
	undone := w.child(runs.RunUndo, run)
	require.Equal(t, runs.ChangeCounts{Close: 3}, undone.Changes)
	require.Zero(t, undone.Population)
	require.Equal(t, profile.StatusClosed, w.profile("FA0001").Status())
	require.Equal(t, "true", w.value("FA0001", profile.FieldHidden))
	require.Equal(t, []string{"undone status 3"}, withheldFor(w.listing(2, pharmacies(3))))

	w.child(runs.RunUndo, undone)
	require.Equal(t, profile.StatusOpen, w.profile("FA0001").Status())
	require.Equal(t, "false", w.value("FA0001", profile.FieldHidden))
	require.Empty(t, w.listing(3, pharmacies(3)).Withheld)
}

func TestUndoneMissingMarkIsWithheld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(20))
	run := w.listing(2, pharmacies(19))
	const marked = "select count(*) from upstream_record where missing_since is not null"
	require.Equal(t, 1, pgtest.One[int](w.Database, marked))
	w.child(runs.RunUndo, run)
	require.Zero(t, pgtest.One[int](w.Database, marked))
	again := w.listing(3, pharmacies(19))
	require.Equal(t, []string{"undone status 1"}, withheldFor(again))
	require.Zero(t, pgtest.One[int](w.Database, marked))
	w.child(runs.RunApprove, again)
	require.Equal(t, 1, pgtest.One[int](w.Database, marked))
	require.Empty(t, w.listing(4, pharmacies(19)).Withheld)

	w.child(runs.RunUndo, run) // approved again on another day
	require.Equal(t, runs.RunDone, w.listing(5, pharmacies(20)).State, "a return is normal")
}

func TestRejectedStaysSilentUntilTheValueChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	renames := with(pharmacies(40), 11, renamed)
	mass := w.listing(2, renames)
	require.Equal(t, []string{"mass-change name 11"}, withheldFor(mass))
	rows, err := w.store.Reject(t.Context(), idOf(mass), runs.Selection{}, "approver", "")
	require.NoError(t, err)
	require.Equal(t, 11, rows)

	for on := 3; on < 5; on++ {
		silent := w.listing(on, renames)
		require.Equal(t, runs.RunDone, silent.State)
		require.Equal(t, runs.ChangeCounts{}, silent.Changes)
	}
	renames[0].Name = "QUITE ANOTHER"
	require.Equal(t, map[string]int{"name": 1}, w.listing(5, renames).Fields)
	require.Equal(t, "Quite Another", w.name("FA0000"))

	_, err = w.store.Reject(t.Context(), idOf(mass), runs.Selection{}, "rita", "")
	require.ErrorContains(t, err, "11 already rejected by approver")
}

func TestRejectedMissingMarkStaysSilentUntilItReturns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(200))
	mass := w.listing(2, pharmacies(189))
	require.Equal(t, []string{"too-many-removals status 11"}, withheldFor(mass))
	rows, err := w.store.Reject(t.Context(), idOf(mass), runs.Selection{}, "approver", "")
	require.NoError(t, err)
	require.Equal(t, 11, rows)
	require.Empty(t, w.listing(3, pharmacies(189)).Withheld)
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from upstream_record where missing_since is not null"))

	w.listing(4, pharmacies(200))
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from mark where lifted_in is null"))
	require.Equal(t, []string{"too-many-removals status 11"}, withheldFor(w.listing(5, pharmacies(189))))
}

func TestParentAndChildAreUndoneApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	said := with(with(pharmacies(40), 11, renamed), 2, func(o *org) { o.ICB = "QOQ" })
	parent := w.listing(2, said)
	require.Equal(t, map[string]int{"icb": 2}, parent.Fields)
	child := w.child(runs.RunApprove, parent)
	require.Equal(t, map[string]int{"name": 11}, child.Fields)
	require.Equal(t, map[string]int{"icb": 2}, w.child(runs.RunUndo, parent).Fields)
	require.Equal(t, "Chemist 1 (New)", w.name("FA0001"))
	require.Equal(t, map[string]int{"name": 11}, w.child(runs.RunUndo, child).Fields)
	require.Equal(t, "Chemist 1", w.name("FA0001"))

	again := w.child(runs.RunUndo, child)
	require.Empty(t, again.Fields)
	require.Len(t, again.LeftOut, 11, "taken back already")
}

func TestApprovalLeavesOutWhatMoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	mass := w.listing(2, with(pharmacies(40), 11, renamed))
	w.Exec("update profile set name = 'My shop' where code = 'FA0003'")
	approved := w.child(runs.RunApprove, mass)
	require.Equal(t, map[string]int{"name": 10}, approved.Fields)
	require.Equal(t, []runs.LeftOut{{Code: "FA0003", Field: "name", Because: runs.LeftEdited}}, approved.LeftOut)
	require.Equal(t, "My shop", w.name("FA0003"))
	again := w.listing(3, with(pharmacies(40), 11, renamed))
	require.Equal(t, []string{"mass-change name 1"}, withheldFor(again), "nobody approved it for this profile")
	require.Equal(t, map[string]int{"approved": 10, "replaced": 1}, w.decisions(mass))
}

// An approval that cannot be finished has approved what it applied, and leaves the
// rest to another decision.
func TestApprovalThatFailsHalfWay(t *testing.T) {
	t.Parallel()
	const all, chunk = 4010, 4000
	w := newWorld(t)
	w.listing(1, pharmacies(all))
	mass := w.listing(2, with(pharmacies(all), all, renamed))
	w.Exec("alter table profile add constraint refused check (name <> 'Chemist 4005 (New)')")
	failed := w.child(runs.RunApprove, mass)
	require.Equal(t, runs.RunFailed, failed.State)
	require.Equal(t, chunk, pgtest.One[int](w.Database, "select count(*) from profile where name like '%(New)'"))
	require.Equal(t, map[string]int{"approved": chunk, "waiting": all - chunk}, w.decisions(mass))

	night := w.listing(3, with(pharmacies(all), all, renamed))
	require.Zero(t, night.Changes)
	require.Zero(t, night.Withdrawn)
	w.Exec("alter table profile drop constraint refused")
	require.Equal(t, map[string]int{"name": all - chunk}, w.child(runs.RunApprove, mass).Fields)
	require.Equal(t, map[string]int{"approved": all}, w.decisions(mass))
}

func TestFateOfEveryRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	orgs := with(pharmacies(40), 11, renamed)
	orgs[20].ICB = "QOQ"
	mass := w.listing(2, orgs)
	fates := func() map[string]int {
		rows, more, err := w.store.PlanRows(t.Context(), idOf(mass), false, 100)
		require.Zero(t, more)
		require.NoError(t, err)
		counts := map[string]int{}
		for _, row := range rows {
			counts[fmt.Sprintf("%s %s", row.Field, row.Fate())]++
		}
		return counts
	}
	require.Equal(t, map[string]int{"name waits: mass-change": 11, "icb applied": 1}, fates())
	approved := w.child(runs.RunApprove, mass)
	require.Equal(t, map[string]int{"name approved by approver in run " + approved.Run: 11, "icb applied": 1}, fates())
	undone := w.child(runs.RunUndo, approved)
	require.Equal(t, map[string]int{
		"name approved by approver in run " + approved.Run + ", undone by run " + undone.Run: 11, "icb applied": 1,
	}, fates())
	rows, more, err := w.store.PlanRows(t.Context(), idOf(mass), true, 4)
	require.NoError(t, err)
	require.Len(t, rows, 4)
	require.Equal(t, 7, more)
	_, err = w.store.CreateRun(t.Context(), approval(mass, runs.Selection{}), nil)
	require.ErrorContains(t, err, "11 already approved by approver in run "+approved.Run+", undone by run "+undone.Run)
}
