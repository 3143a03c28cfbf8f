package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile"
)

func TestMarkMissing(t *testing.T) {
	t.Parallel()
	plan := reconcile.MarkMissing(today, []reconcile.Missed{
		{Code: "FA004", Type: reconcile.Pharmacy, Undone: true},
		{Code: "FA003", Type: reconcile.Pharmacy, Since: today.AddDays(-1)},
		{Code: "FA002", Type: reconcile.Pharmacy, Since: today},
		{Code: "FA001", Type: reconcile.Pharmacy},
	})
	mark := reconcile.Change{
		Code: "FA001", Type: reconcile.Pharmacy, Verb: reconcile.Missing, New: today.String(), Reason: reconcile.BecauseUpstream,
	}
	again := mark
	again.Code, again.Undone = "FA004", true
	require.Equal(t, []reconcile.Change{mark, again}, plan.Changes, "a mark each, never a closure")
	require.Equal(t, []reconcile.Outcome{
		{Code: "FA001"}, {Code: "FA002"}, {Code: "FA003", Flag: reconcile.StillAbsent}, {Code: "FA004"},
	}, plan.Outcomes, "the same day twice is one listing")
	require.Equal(t, reconcile.Plan{}, reconcile.MarkMissing(today, nil))
}

func rename(code reconcile.ODSCode, old, now string) reconcile.Change {
	return reconcile.Change{
		Code: code, Type: reconcile.Pharmacy, Verb: reconcile.Update, Field: reconcile.FieldName, Old: old, New: now,
		Reason: reconcile.BecauseUpstream,
	}
}

func TestApproveTakesExactlyWhatWasWithheld(t *testing.T) {
	t.Parallel()
	drifted, undone := rename("FA002", "A", "B"), rename("FA003", "A", "B")
	drifted.Reason, undone.Undone = reconcile.BecauseDrift, true
	fresh := reconcile.Plan{Changes: []reconcile.Change{
		rename("FA001", "A", "B"), rename("FA002", "A", "B"), rename("FA003", "A", "B"),
		rename("FA004", "A", "C"), rename("FA005", "X", "B"), rename("FA007", "A", "B"),
	}}
	withheld := []reconcile.Change{
		rename("FA001", "A", "B"), drifted, undone, // they follow still, whatever the reason
		rename("FA004", "A", "B"), // upstream says something else by now
		rename("FA005", "A", "B"), // somebody edited the profile
		rename("FA006", "A", "B"), // no longer follows
	}
	apply, left := reconcile.Approve(withheld, fresh)
	require.Equal(t, withheld[:3], apply, "FA007 was never withheld")
	require.Equal(t, withheld[3:], left)
}

func local(profiles ...*reconcile.Profile) map[reconcile.ODSCode]reconcile.Profile {
	all := make(map[reconcile.ODSCode]reconcile.Profile)
	for _, p := range profiles {
		all[p.Code] = *p
	}
	return all
}

func becoming(verb reconcile.Verb, old, now reconcile.Status) reconcile.Change {
	return reconcile.Change{
		Code: "FA001", Type: reconcile.Pharmacy, Verb: verb, Field: reconcile.FieldStatus, Old: string(old), New: string(now),
		Reason: reconcile.BecauseUpstream,
	}
}

func because(reason reconcile.Reason, c reconcile.Change) reconcile.Change {
	c.Reason = reason
	return c
}

func TestUndo(t *testing.T) {
	t.Parallel()
	mark := reconcile.Change{Code: "FA001", Type: reconcile.Pharmacy, Verb: reconcile.Missing, New: today.String()}
	unmark := mark
	unmark.Old, unmark.New = mark.New, ""
	undo := func(c reconcile.Change) []reconcile.Change {
		return []reconcile.Change{because(reconcile.BecauseUndo, c)}
	}
	for name, c := range map[string]struct {
		applied reconcile.Change
		local   *reconcile.Profile
		want    []reconcile.Change // nothing: it is left and named
	}{
		"an update":                {rename("FA001", "Well", "Boots"), profiled(reconcile.StatusOpen), undo(rename("FA001", "Boots", "Well"))},
		"an update edited since":   {rename("FA001", "Well", "Lloyds"), profiled(reconcile.StatusOpen), nil},
		"an update cased since":    {rename("FA001", "Well", "BOOTS"), profiled(reconcile.StatusOpen), nil},
		"no such profile any more": {rename("FA009", "Well", "Boots"), profiled(reconcile.StatusOpen), nil},
		"a closure": {
			becoming(reconcile.Close, reconcile.StatusOpen, reconcile.StatusClosed), profiled(reconcile.StatusClosed),
			undo(becoming(reconcile.Reopen, reconcile.StatusClosed, reconcile.StatusOpen)),
		},
		"a closure of a dormant one": {
			becoming(reconcile.Close, reconcile.StatusDormant, reconcile.StatusClosed), profiled(reconcile.StatusClosed),
			undo(becoming(reconcile.ToSleep, reconcile.StatusClosed, reconcile.StatusDormant)),
		},
		"a reopening": {
			becoming(reconcile.Reopen, reconcile.StatusClosed, reconcile.StatusOpen), profiled(reconcile.StatusOpen),
			undo(becoming(reconcile.Close, reconcile.StatusOpen, reconcile.StatusClosed)),
		},
		"a closure reopened since": {
			becoming(reconcile.Close, reconcile.StatusOpen, reconcile.StatusClosed), profiled(reconcile.StatusOpen), nil,
		},
		"a missing mark":   {mark, profiled(reconcile.StatusOpen), undo(unmark)},
		"its undo, undone": {unmark, profiled(reconcile.StatusOpen), undo(mark)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, left := reconcile.Undo([]reconcile.Change{c.applied}, local(c.local))
			require.Equal(t, c.want, plan.Changes)
			if c.want == nil {
				require.Equal(t, []reconcile.Change{c.applied}, left)
			} else {
				require.Empty(t, left)
			}
		})
	}
}

// A creation is taken back by closing and hiding: nothing is ever deleted.
func TestUndoOfACreation(t *testing.T) {
	t.Parallel()
	creation := reconcile.Change{Code: "FA001", Type: reconcile.Pharmacy, Verb: reconcile.Create, New: "{}"}
	hiding := reconcile.Change{
		Code: "FA001", Type: reconcile.Pharmacy, Verb: reconcile.Update, Field: reconcile.FieldHidden, Old: "false", New: "true",
		Reason: reconcile.BecauseUndo,
	}
	closing := func(from reconcile.Status) reconcile.Change {
		return because(reconcile.BecauseUndo, becoming(reconcile.Close, from, reconcile.StatusClosed))
	}
	hidden := stating(reconcile.FieldHidden, "true")
	for name, c := range map[string]struct {
		local *reconcile.Profile
		want  []reconcile.Change
	}{
		"as created":         {profiled(reconcile.StatusOpen), []reconcile.Change{closing(reconcile.StatusOpen), hiding}},
		"dormant by now":     {profiled(reconcile.StatusDormant), []reconcile.Change{closing(reconcile.StatusDormant), hiding}},
		"hidden by now":      {profiled(reconcile.StatusOpen, hidden), []reconcile.Change{closing(reconcile.StatusOpen)}},
		"closed by now":      {profiled(reconcile.StatusClosed), []reconcile.Change{hiding}},
		"nothing to be done": {profiled(reconcile.StatusClosed, hidden), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, left := reconcile.Undo([]reconcile.Change{creation}, local(c.local))
			require.Equal(t, c.want, plan.Changes)
			require.Empty(t, left)
		})
	}
}

func TestUndoIsSorted(t *testing.T) {
	t.Parallel()
	plan, left := reconcile.Undo([]reconcile.Change{
		rename("FA004", "A", "X"), rename("FA002", "A", "B"), rename("FA003", "A", "X"), rename("FA001", "A", "B"),
	}, map[reconcile.ODSCode]reconcile.Profile{
		"FA001": *changed(profiled(reconcile.StatusOpen), reconcile.FieldName, "B"),
		"FA002": *changed(profiled(reconcile.StatusOpen), reconcile.FieldName, "B"),
	})
	require.Equal(t, reconcile.ODSCode("FA001"), plan.Changes[0].Code)
	require.Equal(t, []reconcile.Change{rename("FA003", "A", "X"), rename("FA004", "A", "X")}, left)
}
