package runs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func TestApproveTakesExactlyWhatWasWithheld(t *testing.T) {
	t.Parallel()
	drifted, undone := rename("FA002", "A", "B"), rename("FA003", "A", "B")
	drifted.Reason, undone.Undone = runs.BecauseDrift, true
	fresh := runs.Plan{Changes: []runs.Change{
		rename("FA001", "A", "B"), rename("FA002", "A", "B"), rename("FA003", "A", "B"),
		rename("FA004", "A", "C"), rename("FA005", "X", "B"), rename("FA007", "A", "B"),
	}}
	withheld := []runs.Change{
		rename("FA001", "A", "B"), drifted, undone, // they follow still, whatever the reason
		rename("FA004", "A", "B"), // upstream says something else by now
		rename("FA005", "A", "B"), // somebody edited the profile
		rename("FA006", "A", "B"), // no longer follows
	}
	apply, left := runs.Approve(withheld, fresh)
	require.Equal(t, withheld[:3], apply, "FA007 was never withheld")
	require.Equal(t, withheld[3:], left)
}

func local(profiles ...*profile.Profile) map[profile.ODSCode]profile.Profile {
	all := make(map[profile.ODSCode]profile.Profile)
	for _, p := range profiles {
		all[p.Code] = *p
	}
	return all
}

func becoming(verb runs.Verb, old, now profile.Status) runs.Change {
	return runs.Change{
		Code: "FA001", Type: profile.Pharmacy, Verb: verb, Field: profile.FieldStatus, Old: string(old), New: string(now),
		Reason: runs.BecauseUpstream,
	}
}

func because(reason runs.Reason, c runs.Change) runs.Change {
	c.Reason = reason
	return c
}

func TestUndo(t *testing.T) {
	t.Parallel()
	mark := runs.Change{Code: "FA001", Type: profile.Pharmacy, Verb: runs.Missing, New: today.String()}
	unmark := mark
	unmark.Old, unmark.New = mark.New, ""
	undo := func(c runs.Change) []runs.Change {
		return []runs.Change{because(runs.BecauseUndo, c)}
	}
	for name, c := range map[string]struct {
		applied runs.Change
		local   *profile.Profile
		want    []runs.Change // nothing: it is left and named
	}{
		"an update":                {rename("FA001", "Well", "Boots"), profiled(profile.StatusOpen), undo(rename("FA001", "Boots", "Well"))},
		"an update edited since":   {rename("FA001", "Well", "Lloyds"), profiled(profile.StatusOpen), nil},
		"an update cased since":    {rename("FA001", "Well", "BOOTS"), profiled(profile.StatusOpen), nil},
		"no such profile any more": {rename("FA009", "Well", "Boots"), profiled(profile.StatusOpen), nil},
		"a closure": {
			becoming(runs.Close, profile.StatusOpen, profile.StatusClosed), profiled(profile.StatusClosed),
			undo(becoming(runs.Reopen, profile.StatusClosed, profile.StatusOpen)),
		},
		"a closure of a dormant one": {
			becoming(runs.Close, profile.StatusDormant, profile.StatusClosed), profiled(profile.StatusClosed),
			undo(becoming(runs.MakeDormant, profile.StatusClosed, profile.StatusDormant)),
		},
		"a reopening": {
			becoming(runs.Reopen, profile.StatusClosed, profile.StatusOpen), profiled(profile.StatusOpen),
			undo(becoming(runs.Close, profile.StatusOpen, profile.StatusClosed)),
		},
		"a closure reopened since": {
			becoming(runs.Close, profile.StatusOpen, profile.StatusClosed), profiled(profile.StatusOpen), nil,
		},
		"a missing mark":   {mark, profiled(profile.StatusOpen), undo(unmark)},
		"its undo, undone": {unmark, profiled(profile.StatusOpen), undo(mark)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, left := runs.Undo([]runs.Change{c.applied}, local(c.local))
			require.Equal(t, c.want, plan.Changes)
			if c.want == nil {
				require.Equal(t, []runs.Change{c.applied}, left)
			} else {
				require.Empty(t, left)
			}
		})
	}
}

// A creation is taken back by closing and hiding: nothing is ever deleted.
func TestUndoOfACreation(t *testing.T) {
	t.Parallel()
	creation := runs.Change{Code: "FA001", Type: profile.Pharmacy, Verb: runs.Create, New: "{}"}
	hiding := runs.Change{
		Code: "FA001", Type: profile.Pharmacy, Verb: runs.Update, Field: profile.FieldHidden, Old: "false", New: "true",
		Reason: runs.BecauseUndo,
	}
	closing := func(from profile.Status) runs.Change {
		return because(runs.BecauseUndo, becoming(runs.Close, from, profile.StatusClosed))
	}
	hidden := stating(profile.FieldHidden, "true")
	for name, c := range map[string]struct {
		local *profile.Profile
		want  []runs.Change
	}{
		"as created":         {profiled(profile.StatusOpen), []runs.Change{closing(profile.StatusOpen), hiding}},
		"dormant by now":     {profiled(profile.StatusDormant), []runs.Change{closing(profile.StatusDormant), hiding}},
		"hidden by now":      {profiled(profile.StatusOpen, hidden), []runs.Change{closing(profile.StatusOpen)}},
		"closed by now":      {profiled(profile.StatusClosed), []runs.Change{hiding}},
		"nothing to be done": {profiled(profile.StatusClosed, hidden), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, left := runs.Undo([]runs.Change{creation}, local(c.local))
			require.Equal(t, c.want, plan.Changes)
			require.Empty(t, left)
		})
	}
}

func TestUndoIsSorted(t *testing.T) {
	t.Parallel()
	plan, left := runs.Undo([]runs.Change{
		rename("FA004", "A", "X"), rename("FA002", "A", "B"), rename("FA003", "A", "X"), rename("FA001", "A", "B"),
	}, map[profile.ODSCode]profile.Profile{
		"FA001": *changed(profiled(profile.StatusOpen), profile.FieldName, "B"),
		"FA002": *changed(profiled(profile.StatusOpen), profile.FieldName, "B"),
	})
	require.Equal(t, profile.ODSCode("FA001"), plan.Changes[0].Code)
	require.Equal(t, []runs.Change{rename("FA003", "A", "X"), rename("FA004", "A", "X")}, left)
}
