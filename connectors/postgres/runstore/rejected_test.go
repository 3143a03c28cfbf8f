package runstore_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func (w *world) reject(of runs.Summary) {
	w.Helper()
	_, err := w.store.Reject(w.Context(), idOf(of), runs.Selection{}, "rita", "")
	require.NoError(w, err)
}

func TestARejectedClosureIsProposedAgainOnceTheRegisterHasSaidOtherwise(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(100))
	w.listing(2, with(pharmacies(100), 11, ended))
	mass := w.listing(3, with(pharmacies(100), 11, ended))
	require.Equal(t, []string{"too-many-removals status 11"}, withheldFor(mass))
	w.reject(mass)
	require.Zero(t, w.listing(4, with(pharmacies(100), 11, ended)).Changes.Close)
	require.True(t, w.settled("FA0000"), "what is rejected costs nothing")
	require.Equal(t, 11, pgtest.One[int](w.Database, "select count(*) from mark where lifted_in is null"))

	w.listing(5, pharmacies(100))
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from mark where lifted_in is null"))
	require.Equal(t, 1, w.listing(6, with(pharmacies(100), 1, ended)).PendingClose)
	require.Equal(t, 1, w.listing(7, with(pharmacies(100), 1, ended)).Changes.Close)
	require.Equal(t, runs.ChangeCounts{}, w.listing(8, with(pharmacies(100), 1, ended)).Changes)
}

func TestARejectedNameIsShownWhenTheRegisterReturnsToIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	said := func(name string) []org { return with(pharmacies(40), 1, func(o *org) { o.Name = name }) }
	mass := w.listing(2, with(pharmacies(40), 11, func(o *org) { o.Name = "BONES" }))
	w.reject(mass)
	require.Equal(t, map[string]int{"name": 1}, w.listing(3, said("CRANE")).Fields)
	back := w.listing(4, said("BONES"))
	require.Equal(t, map[string]int{"name": 1}, back.Fields)
	require.Equal(t, "Bones", w.name("FA0000"))
	require.Equal(t, "Chemist 1", w.name("FA0001"))
	require.Equal(t, runs.ChangeCounts{}, w.listing(5, said("BONES")).Changes)
}

// A listing that was a mistake lifts no rejection once its run is undone.
func TestAnUndoneRunLiftsNoRejection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	renames := with(pharmacies(40), 11, renamed)
	w.reject(w.listing(2, renames))
	wrong := w.listing(3, pharmacies(40))
	w.child(runs.RunUndo, wrong)
	right := w.listing(4, renames)
	require.Equal(t, runs.ChangeCounts{}, right.Changes)
	require.Empty(t, right.Withheld)
	require.Equal(t, "Chemist 1", w.name("FA0001"))
}

// What waits of a profile that is closed waits in vain.
func TestClosingWithdrawsWhatWaitsOfTheProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(100))
	said := with(with(pharmacies(100), 12, renamed), 2, ended)
	mass := w.listing(2, said)
	require.Equal(t, 12, mass.Waiting)
	closing := w.listing(3, said)
	require.Equal(t, 2, closing.Changes.Close)
	require.Equal(t, 2, closing.Withdrawn)
	require.Equal(t, 10, closing.Waiting)
	require.Equal(t, map[string]int{"waiting": 10, "withdrawn": 2}, w.decisions(mass))
	require.Zero(t, w.listing(4, said).Withdrawn)
	approved := w.child(runs.RunApprove, mass)
	require.Equal(t, map[string]int{"name": 10}, approved.Fields)
	require.Empty(t, approved.LeftOut)
}

// Whoever changes the status while a closure is being applied keeps what waits.
func TestAClosureThatIsLeftOutWithdrawsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(100))
	said := with(with(pharmacies(100), 12, renamed), 2, ended)
	w.listing(2, said)
	w.hooks.beforeApply = func() { w.Exec("update profile set status = 'dormant' where code = 'FA0000'") }
	closing := w.work(w.begin(runs.Run{Kind: runs.RunListing, AsOf: day(3)}, said))
	w.hooks.beforeApply = nil
	require.Equal(t, 1, closing.Changes.Close)
	require.Equal(t, []runs.LeftOut{{Code: "FA0000", Field: "status", Because: runs.LeftEdited}}, closing.LeftOut)
	require.Equal(t, 11, closing.Waiting)
	require.Equal(t, 1, closing.Withdrawn)
	require.Equal(t, 11, pgtest.One[int](w.Database, "select waiting from run where id = 2"))
	require.Equal(t, []string{"FA0000"}, pgtest.All[string](w.Database, "select code from plan_row where waits and code < 'FA0002'"),
		"not what waited of the one that was closed")
}

func TestFieldsOfAProfileWhoseOpeningIsWithheldStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	w.Exec("update profile set status = 'closed' where code < 'FA0012'")
	said := with(pharmacies(40), 3, renamed)
	mass := w.listing(2, said)
	require.Equal(t, []string{"mass-change status 12"}, withheldFor(mass))
	require.Equal(t, runs.ChangeCounts{}, mass.Changes)
	require.Equal(t, "Chemist 0", w.name("FA0000"))
	night := w.listing(3, said)
	require.Equal(t, runs.ChangeCounts{}, night.Changes)
	require.Equal(t, 12, night.Waiting)
	require.True(t, w.settled("FA0000"))

	approved := w.child(runs.RunApprove, mass)
	require.Equal(t, runs.ChangeCounts{Reopen: 12}, approved.Changes)
	require.Equal(t, map[string]int{"name": 3}, w.listing(4, said).Fields, "once it is open it is compared")
	require.Equal(t, "Chemist 0 (New)", w.name("FA0000"))
	require.Equal(t, runs.ChangeCounts{}, w.listing(5, said).Changes)
}

// Names that are withheld as well say nothing of profiles that stay closed.
func TestWhatIsWithheldIsCountedWithoutProfilesThatStayClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	w.Exec("update profile set status = 'closed' where code < 'FA0012'")
	mass := w.listing(2, with(pharmacies(40), 15, renamed))
	require.Equal(t, []string{"mass-change status 12"}, withheldFor(mass))
	require.Equal(t, map[string]int{"name": 3}, mass.Fields)
}

func TestAnApprovalSaysWhyItLeavesSomethingOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listing(1, pharmacies(40))
	mass := w.listing(2, with(pharmacies(40), 11, renamed))
	w.Exec("insert into hold (code, field, reason, actor) values ('FA0000', 'name', 'why', 'jo')")
	w.Exec("update profile set name = 'My shop' where code = 'FA0001'")
	w.Exec("update profile set status = 'closed' where code = 'FA0002'")
	w.Exec("update upstream_record set facts = jsonb_set(facts, '{standing}', '\"inactive\"') where code = 'FA0002'")
	w.Exec("update upstream_record set facts = replace(facts::text, '(NEW)', '(NEWER)')::jsonb where code = 'FA0003'")
	approved := w.child(runs.RunApprove, mass)
	require.Equal(t, map[string]int{"name": 7}, approved.Fields)
	var left []string
	for _, l := range approved.LeftOut {
		left = append(left, fmt.Sprintf("%s %s", l.Code, l.Because))
	}
	require.Equal(t, []string{"FA0000 held", "FA0001 edited", "FA0002 closed", "FA0003 register"}, left)
	require.Equal(t, map[string]int{"approved": 7, "waiting": 3, "withdrawn": 1}, w.decisions(mass), "closed: it waits in vain")
	require.Equal(t, 3, approved.Waiting)
}
