package runs_test

import (
	"slices"
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

// factRows are changes of both fields of a fact of FA001.
func factRows(first, second profile.Field) (rows []runs.Change) {
	for _, f := range []profile.Field{first, second} {
		rows = append(rows, runs.Change{Code: "FA001", Type: profile.Pharmacy, Verb: runs.Update, Field: f, Old: "A", New: "B"})
	}
	return rows
}

// A part of a fact is never approved alone.
func TestApproveTakesWholeFacts(t *testing.T) {
	t.Parallel()
	for _, pair := range pairs {
		rows := factRows(pair.fields[0], pair.fields[1])
		edited := slices.Clone(rows)
		edited[1].Old = "C"
		other := slices.Clone(rows)
		other[0].New = "C"
		name, elsewhere := rename("FA001", "A", "B"), rows[1]
		elsewhere.Code = "FA002"
		for title, c := range map[string]struct {
			chosen, fresh []runs.Change
			left          bool
		}{
			"both follow":                 {chosen: rows, fresh: rows},
			"both, in another order":      {chosen: rows, fresh: []runs.Change{rows[1], rows[0]}},
			"the first only":              {chosen: rows, fresh: rows[:1], left: true},
			"the second only":             {chosen: rows, fresh: rows[1:], left: true},
			"the first says else":         {chosen: rows, fresh: other, left: true},
			"the second was edited":       {chosen: rows, fresh: edited, left: true},
			"the first was chosen":        {chosen: rows[:1], fresh: rows, left: true},
			"the second was chosen":       {chosen: rows[1:], fresh: rows, left: true},
			"a half that is all there is": {chosen: rows[1:], fresh: rows[1:]},
			"half of another profile":     {chosen: rows, fresh: []runs.Change{rows[0], elsewhere}, left: true},
		} {
			t.Run(pair.name+", "+title, func(t *testing.T) {
				t.Parallel()
				apply, left := runs.Approve(append([]runs.Change{name}, c.chosen...), runs.Plan{Changes: append([]runs.Change{name}, c.fresh...)})
				if c.left {
					require.Equal(t, []runs.Change{name}, apply, "another fact is no matter")
					require.Equal(t, c.chosen, left)
					return
				}
				require.Equal(t, append([]runs.Change{name}, c.chosen...), apply)
				require.Empty(t, left)
			})
		}
	}
}

// A part of a fact is never taken back alone.
func TestUndoTakesBackWholeFacts(t *testing.T) {
	t.Parallel()
	for _, pair := range pairs {
		first, second := pair.fields[0], pair.fields[1]
		rows := factRows(first, second)
		name := rename("FA001", "A", "B")
		for title, c := range map[string]struct {
			edited profile.Field
			left   []runs.Change
		}{
			"as applied":            {},
			"the first was edited":  {edited: first, left: rows},
			"the second was edited": {edited: second, left: rows},
			"the name was edited":   {edited: profile.FieldName, left: []runs.Change{name}},
		} {
			t.Run(pair.name+", "+title, func(t *testing.T) {
				t.Parallel()
				now := profiled(profile.StatusOpen)
				for _, f := range []profile.Field{profile.FieldName, first, second} {
					now.Values.Set(f, "B")
				}
				if c.edited != profile.NoField {
					now.Values.Set(c.edited, "C")
				}
				applied := append([]runs.Change{name}, rows...)
				plan, left := runs.Undo(applied, local(now))
				require.Equal(t, c.left, left)
				require.Len(t, plan.Changes, len(applied)-len(left))
				for _, back := range plan.Changes {
					require.Equal(t, "A", back.New)
					require.NotEqual(t, c.edited.Fact(), back.Field.Fact(), "%v", back)
				}
			})
		}
	}
}
