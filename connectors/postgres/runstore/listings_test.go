package runstore_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// accepted is the last accepted listing: its day and its records.
func (w *world) accepted() string {
	w.Helper()
	rows := pgtest.All[string](w.Database, "select as_of || ' ' || records from listing")
	return fmt.Sprint(rows)
}

// pending are the records that wait for a second look, with the day of the first.
func (w *world) pending() []string {
	w.Helper()
	return pgtest.All[string](w.Database,
		"select code || ' ' || pending_since from upstream_record where pending_since is not null order by code")
}

// A listing was given a wrong day by a typing error: that confirmed closures one
// minute after the first look, and no later listing was accepted any more.
func TestUndoOfAListingForAWrongDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	closing := with(pharmacies(40), 3, ended)
	require.Equal(t, 3, w.listing(2, closing).PendingClose)
	first := w.pending()

	wrong := w.listing(20, closing)
	require.Equal(t, 3, wrong.Changes.Close)
	require.Empty(t, w.pending())
	require.Equal(t, runs.RunRefused, w.listing(3, closing).State, "locked out")

	undone := w.child(runs.RunUndo, wrong)
	require.Equal(t, 3, undone.Changes.Reopen)
	require.Equal(t, "[2025-04-02 40]", w.accepted())
	require.Equal(t, first, w.pending(), "the first look is back")
	require.Equal(t, 3, undone.PendingClose)

	same := w.listing(2, closing)
	require.Equal(t, runs.RunDone, same.State, "a minute later it is the same day still")
	require.Equal(t, runs.ChangeCounts{}, same.Changes)
	require.Equal(t, 3, same.PendingClose)
	later := w.listing(3, closing)
	require.Equal(t, []string{"undone status 3"}, withheldFor(later), "the second look; a person decides, since one has undone it")
	require.Equal(t, runs.ChangeCounts{}, later.Changes)
}

func TestUndoGivesBackTheFirstLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	closing := with(pharmacies(40), 3, ended)
	wrong := w.listing(20, closing)
	require.Len(t, w.pending(), 3)
	w.child(runs.RunUndo, wrong)
	require.Empty(t, w.pending())
	require.Equal(t, "[2025-04-01 40]", w.accepted())

	require.Equal(t, 3, w.listing(2, closing).PendingClose)
	require.Equal(t, 3, w.listing(3, closing).Changes.Close)
	require.Equal(t, runs.ChangeCounts{}, w.listing(4, closing).Changes)
}

func TestUndoGivesBackTheSecondAbsence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const flagged = "select count(*) from upstream_record where flag = 'missing-twice'"
	w.listing(1, pharmacies(40))
	w.listing(2, pharmacies(39))
	wrong := w.listing(20, pharmacies(39))
	require.Equal(t, 1, pgtest.One[int](w.Database, flagged))
	w.child(runs.RunUndo, wrong)
	require.Zero(t, pgtest.One[int](w.Database, flagged))
	require.Equal(t, "2025-04-02", pgtest.One[string](w.Database, "select missing_since::text from upstream_record where code = 'FA0039'"))
	w.listing(2, pharmacies(39))
	require.Zero(t, pgtest.One[int](w.Database, flagged), "the same day still")
	w.listing(3, pharmacies(39))
	require.Equal(t, 1, pgtest.One[int](w.Database, flagged))
}

// A look that a later run counted anew belongs to that run.
func TestUndoLeavesLooksOfLaterRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	closing := with(pharmacies(40), 3, ended)
	w.listing(1, pharmacies(40))
	first := w.listing(2, closing)
	require.Equal(t, 3, w.listing(3, closing).Changes.Close)
	w.child(runs.RunUndo, first)
	require.Empty(t, w.pending(), "they are closed")
	require.Equal(t, "[2025-04-03 40]", w.accepted())
}

// Undo gives back the newest listing that still stands, in whatever order runs
// are undone.
func TestUndoGivesTheListingBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		undo []int // runs of listings 1 to 3, and then undos from 4 on
		want string
	}{
		"the last":                      {[]int{3}, "[2025-04-02 39]"},
		"one in the middle":             {[]int{2}, "[2025-04-03 38]"},
		"the middle, then the last":     {[]int{2, 3}, "[2025-04-01 40]"},
		"all of them":                   {[]int{3, 2, 1}, "[]"},
		"the first only":                {[]int{1}, "[2025-04-03 38]"},
		"the last twice":                {[]int{3, 3}, "[2025-04-02 39]"},
		"the undo of the last":          {[]int{3, 4}, "[2025-04-03 38]"},
		"the undo of that undo":         {[]int{3, 4, 5}, "[2025-04-02 39]"},
		"and once more":                 {[]int{3, 4, 5, 6}, "[2025-04-03 38]"},
		"all of them, and one undo":     {[]int{1, 2, 3, 4}, "[2025-04-01 40]"},
		"a second undo that is undone":  {[]int{3, 3, 5}, "[2025-04-02 39]"},
		"the middle, and it comes back": {[]int{2, 3, 4}, "[2025-04-02 39]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			summaries := []runs.Summary{w.listing(1, pharmacies(40)), w.listing(2, pharmacies(39)), w.listing(3, pharmacies(38))}
			for _, n := range c.undo {
				summaries = append(summaries, w.child(runs.RunUndo, summaries[n-1]))
			}
			require.Equal(t, c.want, w.accepted())
			require.Equal(t, 3, pgtest.One[int](w.Database, "select count(*) from accepted_listing"), "undo accepts nothing")
		})
	}
}

func TestUndoOfAnApprovedShortListingGivesTheListingBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	short := w.listing(2, pharmacies(30))
	require.Equal(t, "[2025-04-01 40]", w.accepted())
	approved := w.child(runs.RunApprove, short)
	require.Equal(t, "[2025-04-02 30]", w.accepted())
	w.child(runs.RunUndo, short)
	require.Equal(t, "[2025-04-02 30]", w.accepted(), "the approval still stands")
	w.child(runs.RunUndo, approved)
	require.Equal(t, "[2025-04-01 40]", w.accepted())
}

// After an undo the register is read again, also where it shows the bytes that
// were accepted before: our records are those of the undone run.
func TestUndoForgetsTheBytesOfTheListing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.look(1, pharmacies(20), true)
	second := w.look(2, with(pharmacies(20), 1, func(o *org) { o.Form = 2 }), true)
	w.child(runs.RunUndo, second)
	etag, err := w.store.LastETag(t.Context(), profile.SourceODS, reportName)
	require.NoError(t, err)
	require.Empty(t, etag)
	require.Equal(t, runs.RunDone, w.look(2, pharmacies(20), true).State)
	require.Equal(t, runs.RunDone, w.look(2, pharmacies(20), false).State, "nothing is left to compare")
}

// A run for a wrong day finds one that is not open yet, and one that never will
// be: once it is undone, they are judged again when their days come.
func TestRecordsAreJudgedAgainForTheRightDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	listed := with(pharmacies(40), 1, func(o *org) { o.Standing, o.Opened, o.Closed = profile.Unstated, "2025-04-10", "2025-04-15" })
	listed = append(listed[1:], listed[0])
	listed[0].Standing, listed[0].Closed = profile.Unstated, "2025-04-10"
	require.Equal(t, 39, w.listing(2, listed).Changes.Create)
	wrong := w.listing(20, listed)
	require.Equal(t, 1, wrong.PendingClose)
	w.child(runs.RunUndo, wrong)
	require.Zero(t, w.listing(3, listed).PendingClose, "it ends on the 10th")
	tenth := w.listing(10, listed)
	require.Equal(t, 1, tenth.PendingClose)
	require.Equal(t, 1, tenth.Changes.Create, "it opens on the 10th")
	require.Equal(t, 1, w.listing(11, listed).Changes.Close)
}

// reset sets the day of the last accepted listing to 2 April.
func (w *world) reset() runstore.ResetDone {
	w.Helper()
	done, err := w.store.ResetListing(w.Context(), runstore.Reset{
		Source: profile.SourceODS, Report: reportName, To: day(2), Actor: "Bob", Reason: "a typing error",
	})
	require.NoError(w, err)
	return done
}

// A reset takes back what listings for later days only looked at; what they
// changed stays.
func TestAResetTakesBackLooksAtLaterDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	earlier := with(pharmacies(40), 1, ended)
	w.listing(2, earlier)
	later := with(pharmacies(39), 4, ended)
	require.Equal(t, 1, w.listing(20, later).Changes.Close)
	audited := w.audited()

	want := runstore.ResetDone{Report: reportName, Was: day(20), WasRecords: 39, Is: day(2), Records: 40, Closures: 3, Absences: 1}
	require.Equal(t, want, w.reset())
	require.Equal(t, "[2025-04-02 40]", w.accepted())
	require.Equal(t, audited, w.audited())
	again := w.reset()
	require.Equal(t, runstore.ResetDone{Report: reportName, Was: day(2), WasRecords: 40, Is: day(2), Records: 40}, again)
	require.Equal(t, []string{"Bob a typing error 2025-04-20"}, pgtest.All[string](w.Database,
		"select concat_ws(' ', actor, reason, was) from accepted_listing where run_id is null"), "recorded once")

	require.Equal(t, 3, w.listing(3, later).PendingClose)
	require.Equal(t, 3, w.listing(4, later).Changes.Close)
	require.Equal(t, runs.ChangeCounts{}, w.listing(5, later).Changes)
}

func TestAfterAResetRecordsAreJudgedAgainForTheRightDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	listed := with(pharmacies(40), 1, func(o *org) { o.Standing, o.Opened, o.Closed = profile.Unstated, "2025-04-10", "2025-04-15" })
	w.listing(2, listed)
	w.listing(20, listed)
	w.reset()
	require.Equal(t, 1, w.listing(10, listed).Changes.Create, "it opens on the 10th")
}

func TestAResetNeedsAListing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.store.ResetListing(t.Context(), runstore.Reset{Source: profile.SourceODS, Report: reportName, To: day(1)})
	require.ErrorIs(t, err, runstore.ErrNoListing)
}

// The undo of a run before a reset leaves the day that a person set; the undo of
// a run after it gives that day back.
func TestAResetOutlivesTheUndoOfARun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	wrong := w.listing(20, pharmacies(40))
	w.reset()
	w.child(runs.RunUndo, wrong)
	require.Equal(t, "[2025-04-02 40]", w.accepted())
	w.child(runs.RunUndo, w.listing(3, pharmacies(39)))
	require.Equal(t, "[2025-04-02 40]", w.accepted())
}

// A later run has seen them end again: that first look stays the first.
func TestUndoLeavesTheFirstLooksOfLaterRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	closing := with(pharmacies(40), 1, ended)
	w.listing(1, pharmacies(40))
	w.listing(2, closing)
	back := w.listing(3, pharmacies(40))
	require.Empty(t, w.pending())
	w.listing(4, closing)
	w.child(runs.RunUndo, back)
	require.Equal(t, []string{"FA0000 2025-04-04"}, w.pending())
}

func TestAResetLeavesTheLooksOfItsDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	w.listing(2, with(pharmacies(39), 1, ended))
	w.listing(20, pharmacies(39)[1:]) // absence takes nothing back
	done := w.reset()
	require.Equal(t, []int{0, 1}, []int{done.Closures, done.Absences})
	require.Equal(t, []string{"FA0000 2025-04-02"}, w.pending())
	require.Equal(t, []string{"FA0039 2025-04-02"}, pgtest.All[string](w.Database,
		"select code || ' ' || missing_since from upstream_record where missing_since is not null"))
}
