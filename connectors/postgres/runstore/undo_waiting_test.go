package runstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// previewUndo is what an undo would leave waiting.
func (w *world) previewUndo(of runs.Summary) int {
	w.Helper()
	run := runs.Run{
		Kind: runs.RunUndo, Source: profile.SourceODS, Report: of.Report, Parent: idOf(of), AsOf: of.AsOf, Actor: "approver",
	}
	reversal, err := w.runs.PreviewUndo(w.Context(), run)
	require.NoError(w, err)
	return reversal.Summary.Waiting
}

// A wrong file withdraws what waited. Once it is undone that waits again, and no
// run applies it.
func TestUndoGivesBackWhatWaited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := with(pharmacies(130), 12, renamed)
	w.listing(1, pharmacies(110))
	mass := w.listing(2, good[:110])
	require.Equal(t, []string{"mass-change name 12"}, withheldFor(mass))
	waiting := w.waits()
	w.listing(3, good)
	require.Equal(t, waiting, w.waits())

	wrong := w.listing(4, pharmacies(130))
	require.Equal(t, 12, wrong.Withdrawn)
	require.Empty(t, w.waits())
	require.Equal(t, 12, w.previewUndo(wrong))
	undone := w.child(runs.RunUndo, wrong)
	require.Equal(t, 12, undone.Waiting)
	require.Equal(t, waiting, w.waits())
	require.Equal(t, map[string]int{"waiting": 12}, w.decisions(mass))

	night := w.listing(5, good)
	require.Equal(t, runs.ChangeCounts{}, night.Changes)
	require.Equal(t, waiting, w.waits())
	require.Equal(t, map[string]int{"name": 12}, w.approve(mass, runs.Selection{}).Fields)
	require.Empty(t, w.waits())
}

// What waits again, since a run was undone, is compared with the next listing,
// though that is the wrong file once more.
func TestWhatWaitsAgainIsWithdrawnAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.look(1, pharmacies(40), true)
	w.look(2, with(pharmacies(40), 12, renamed), true)
	wrong := w.look(3, pharmacies(40), true)
	w.child(runs.RunUndo, wrong)
	require.Len(t, w.waits(), 12)
	require.Equal(t, 12, w.look(3, pharmacies(40), true).Withdrawn)
	require.Empty(t, w.waits())
	require.Equal(t, runs.RunDone, w.look(4, pharmacies(40), false).State)
}

// What a run withheld waits no longer when the run is undone. The register
// proposes it again, and it is withheld, however little is left of it.
func TestUndoEndsWhatTheRunWithheld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	mass := w.listing(2, with(pharmacies(40), 12, renamed))
	require.Zero(t, w.previewUndo(mass))
	w.child(runs.RunUndo, mass)
	require.Empty(t, w.waits())
	require.Equal(t, map[string]int{"undone": 12}, w.decisions(mass))
	_, err := w.store.CreateRun(t.Context(), approval(mass, runs.Selection{}), nil)
	require.ErrorContains(t, err, "12 already undone by run 3")

	fewer := w.listing(3, with(pharmacies(40), 9, renamed))
	require.Equal(t, []string{"undone name 9"}, withheldFor(fewer))
	require.Equal(t, map[string]int{"name": 9}, w.approve(fewer, runs.Selection{}).Fields)
	require.Equal(t, 3, pgtest.One[int](w.Database, "select count(*) from mark"), "of those that the register took back")
}

// An approval that is queued when its run is undone applies nothing.
func TestUndoEndsAnApprovalThatIsQueued(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	mass := w.listing(2, with(pharmacies(40), 12, renamed))
	queued, err := w.store.CreateRun(t.Context(), approval(mass, runs.Selection{}), nil)
	require.NoError(t, err)
	w.child(runs.RunUndo, mass)
	require.Equal(t, runs.ChangeCounts{}, w.work(queued).Changes)
	require.Empty(t, w.waits())
}

// The profile was edited, so that the change waited on in a later run: with the
// undo of that one it waits in the earlier run again.
func TestUndoGivesBackWhatItsRunReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	listed := with(pharmacies(40), 12, renamed)
	mass := w.listing(2, listed)
	waiting := w.waits()
	w.Exec("update profile set name = 'My shop' where code = 'FA0003'")
	later := w.listing(3, listed)
	require.Equal(t, map[string]int{"waiting": 11, "replaced": 1}, w.decisions(mass))
	w.child(runs.RunUndo, later)
	require.Equal(t, waiting, w.waits())
	require.Equal(t, map[string]int{"waiting": 12}, w.decisions(mass))
	require.Equal(t, []string{"mass-change name 1"}, withheldFor(w.listing(4, listed)), "of the old value that it has")
	require.Len(t, w.waits(), 12)
}

// Something else waits of a fact by the time of the undo: that stays.
func TestUndoLeavesWhatWaitsNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := func(o *org) { o.Name += " (OTHER)" }
	w.listing(1, pharmacies(40))
	mass := w.listing(2, with(pharmacies(40), 12, renamed))
	back := w.listing(3, with(pharmacies(40), 0, renamed))
	w.listing(4, with(pharmacies(40), 11, other))
	waiting := w.waits()
	require.Len(t, waiting, 11)
	w.child(runs.RunUndo, back)
	require.Equal(t, map[string]int{"waiting": 1, "withdrawn": 11}, w.decisions(mass))
	require.Len(t, w.waits(), 12)
	require.Subset(t, w.waits(), waiting)
	require.Equal(t, 1, w.listing(5, with(pharmacies(40), 11, other)).Withdrawn)
	require.Equal(t, waiting, w.waits())
}

// Undo of an undo, and so on: each gives back the list as it was.
func TestUndoOfAnUndoTurnsTheListBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	mass := w.listing(2, with(pharmacies(40), 12, renamed))
	before := w.waits()
	marks := func() []string {
		return pgtest.All[string](w.Database, "select code || ' ' || verdict || ' ' || value from mark order by 1")
	}
	last := w.listing(3, with(pharmacies(40), 13, func(o *org) { o.Name += " (OTHER)" }))
	after := w.waits()
	require.NotEqual(t, before, after)
	require.Empty(t, marks())
	last = w.child(runs.RunUndo, last)
	require.Equal(t, before, w.waits())
	undone := marks()
	require.Len(t, undone, 13)
	for range 2 {
		last = w.child(runs.RunUndo, last)
		require.Equal(t, after, w.waits())
		require.Empty(t, marks())
		last = w.child(runs.RunUndo, last)
		require.Equal(t, before, w.waits())
		require.Equal(t, undone, marks())
	}
	require.Equal(t, map[string]int{"name": 12}, w.approveStated(mass, with(pharmacies(40), 12, renamed)).Fields)
}

// approveStated approves what waits of a run once a listing has said it again.
func (w *world) approveStated(of runs.Summary, orgs []org) runs.Summary {
	w.Helper()
	require.Equal(w, runs.ChangeCounts{}, w.listing(4, orgs).Changes)
	return w.approve(of, runs.Selection{})
}

// A missing mark that waited, of what a wrong file lists again.
func TestUndoGivesBackMissingMarks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(200))
	w.listing(2, pharmacies(200)[11:])
	waiting := w.waits()
	require.Len(t, waiting, 11)
	wrong := w.listing(3, pharmacies(200))
	require.Empty(t, w.waits())
	w.child(runs.RunUndo, wrong)
	require.Equal(t, waiting, w.waits())
	require.Zero(t, w.listing(4, pharmacies(200)[11:]).Withdrawn)
	require.Equal(t, waiting, w.waits())
	require.Equal(t, 11, w.listing(5, pharmacies(200)).Withdrawn)
}

// A mark that held no more, since the organisations were listed again, holds anew
// with the undo of a later run that withheld the same.
func TestUndoRenewsAMarkThatWasLifted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := pharmacies(200)
	w.listing(1, all)
	w.child(runs.RunUndo, w.listing(2, all[11:]))
	w.listing(3, all)
	require.Equal(t, 11, pgtest.One[int](w.Database, "select count(*) from mark where lifted_in is not null"))
	w.child(runs.RunUndo, w.listing(4, all[11:]))
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from mark where lifted_in is not null"))
	require.Equal(t, []string{"undone status 1"}, withheldFor(w.listing(5, all[1:])))
}
