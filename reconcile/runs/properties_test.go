package runs_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/profile/profiletest"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// The properties that the core must keep (RULES.md "The core").

func TestPermutingTheInputKeepsPlanAndDigest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		w.decide(t)
		in := w.input()
		plan := runs.Compute(in)
		in.Items = rapid.Permutation(in.Items).Draw(t, "permuted items")
		in.ProfileTypes = rapid.Permutation(in.ProfileTypes).Draw(t, "permuted types")
		permuted := runs.Compute(in)
		require.Equal(t, plan, permuted)
		require.Equal(t, plan.Digest(), permuted.Digest())
		require.Equal(t, plan.Digest(), runs.DigestOf(rapid.Permutation(plan.Changes).Draw(t, "permuted changes")))
	})
}

// Also where a listing holds a code twice, which the store refuses.
func TestPermutingDuplicatesKeepsTheDigest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := runs.Input{AsOf: today, CountsAsLook: true, ProfileTypes: kept}
		for range rapid.IntRange(2, 4).Draw(t, "items") {
			in.Items = append(in.Items, runs.Item{Upstream: recordOf("FA001").Draw(t, "record")})
		}
		digest := runs.Compute(in).Digest()
		in.Items = rapid.Permutation(in.Items).Draw(t, "permuted")
		require.Equal(t, digest, runs.Compute(in).Digest())
	})
}

func TestApplyThenComputeIsEmpty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		w.decide(t)
		requireSettles(t, w)
		w.day = w.day.AddDays(1) // the second look closes what was pending
		requireSettles(t, w)
	})
}

// requireSettles applies a plan: another look finds nothing, also where something
// waits.
func requireSettles(t require.TestingT, w *world) {
	w.apply(t, w.compute())
	again := w.compute()
	require.Empty(t, again.Changes, "planned again")
	require.Empty(t, again.Ended, "ended only now")
}

func TestFieldChangesOnlyWhenItsOwnerSpoke(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		before := maps.Clone(w.profiles)
		plan := w.compute()
		for _, c := range plan.Changes {
			if c.Verb != runs.Create {
				requireOwnerSpoke(t, w, c)
			}
		}
		w.apply(t, plan)
		for code, p := range before {
			for _, f := range profile.Fields() {
				if f.Owner() != profile.OwnedByODS {
					after := w.profiles[code]
					require.Equal(t, p.Values.Get(f), after.Values.Get(f), "%s of %s", f, code)
				}
			}
		}
	})
}

func requireOwnerSpoke(t require.TestingT, w *world, c runs.Change) {
	require.Equal(t, profile.OwnedByODS, c.Field.Owner(), "%v", c)
	record, base := w.register[c.Code], w.accepted[c.Code]
	if c.Field == profile.FieldStatus {
		spoke := []profile.Standing{profile.Active, profile.Alive, profile.Dormant, profile.Inactive}
		require.Contains(t, spoke, record.StandingOn(w.day))
		return
	}
	said := record.Values.Get(c.Field)
	require.NotEmpty(t, said, "%v", c)
	require.True(t, profile.Same(c.Field, said, c.New), "%v is not what upstream says: %q", c, said)
	require.False(t, profile.Same(c.Field, c.Old, c.New, record.Values.Get(profile.FieldName)), "noise: %v", c)
	waited := slices.ContainsFunc(w.waiting[c.Code], func(w runs.Waiting) bool { return w.Field == c.Field })
	old := base.Values.States(c.Field) && profile.Same(c.Field, base.Values.Get(c.Field), said) && !waited
	require.Equal(t, old, c.Reason == runs.BecauseDrift, "%v", c)
}

// A partial input plans for what it holds exactly what the whole would, and a
// short one the same without closures.
func TestPartialInputNeverAddsARemoval(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		w.decide(t)
		in := w.input()
		whole := runs.Compute(in)
		in.Items = slices.DeleteFunc(in.Items, func(runs.Item) bool { return rapid.Bool().Draw(t, "left out") })
		part := runs.Compute(in)
		require.Subset(t, whole.Changes, part.Changes)
		for _, c := range part.Changes {
			require.NotEqual(t, runs.Missing, c.Verb)
		}
		in.CountsAsLook = false
		short := runs.Compute(in)
		require.Subset(t, part.Changes, short.Changes)
		for _, c := range short.Changes {
			require.NotEqual(t, runs.Close, c.Verb)
		}
	})
}

func groupsOf() *rapid.Generator[map[runs.Group]int] {
	group := rapid.Custom(func(t *rapid.T) runs.Group {
		g := runs.Group{
			Type:   rapid.SampledFrom(kept).Draw(t, "type"),
			Undone: rapid.IntRange(0, 4).Draw(t, "undone") == 0,
		}
		if rapid.IntRange(0, 4).Draw(t, "waits") == 0 {
			g.Waits = runs.MassChange
		}
		switch g.Verb = rapid.SampledFrom([]runs.Verb{
			runs.Create, runs.Close, runs.Reopen, runs.MakeDormant, runs.Update, runs.Missing,
		}).Draw(t, "verb"); g.Verb {
		case runs.Create, runs.Missing:
		case runs.Update:
			g.Fact = rapid.SampledFrom([]profile.Field{profile.FieldName, profile.FieldICB}).Draw(t, "field")
		default:
			g.Fact = profile.FieldStatus
		}
		return g
	})
	return rapid.MapOfN(group, rapid.IntRange(1, 40), 0, 8)
}

func situations() *rapid.Generator[runs.Situation] {
	return rapid.Custom(func(t *rapid.T) runs.Situation {
		return runs.Situation{
			Open:    rapid.MapOf(rapid.SampledFrom(kept), rapid.IntRange(0, 2000)).Draw(t, "open"),
			Short:   rapid.IntRange(0, 4).Draw(t, "short") == 0,
			Waiting: groupsOf().Draw(t, "waiting"),
		}
	})
}

func TestGuardOnlyGetsStricter(t *testing.T) {
	t.Parallel()
	guard := runs.DefaultGuard()
	rapid.Check(t, func(t *rapid.T) {
		groups, at := groupsOf().Draw(t, "groups"), situations().Draw(t, "situation")
		before := guard.Judge(groups, at)
		for group, count := range groupsOf().Draw(t, "more") {
			groups[group] += count
		}
		after := guard.Judge(groups, at)
		for group, reason := range before {
			require.NotEqual(t, runs.NotWithheld, after[group], "%v was withheld for %s", group, reason)
		}
		for group, count := range groupsOf().Draw(t, "waits beside it") {
			at.Waiting[group] += count
		}
		at.Short = true
		stricter := guard.Judge(groups, at)
		for group := range after {
			require.NotEqual(t, runs.NotWithheld, stricter[group], "%v when short, and more waits", group)
		}
	})
}

func TestScreenPartitionsThePlan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plan, at := planOf(groupsOf().Draw(t, "groups")), situations().Draw(t, "situation")
		apply, held, rows := screen(runs.DefaultGuard(), plan, at)
		require.ElementsMatch(t, plan.Changes, append(slices.Clone(apply), changesOf(held)...))
		count := 0
		for _, row := range rows {
			count += row.Count
		}
		require.Equal(t, len(held), count, "the rows count what is held")
		require.Equal(t, len(held) > 0 || at.Short, len(rows) > 0)
		rest, none, _ := screen(runs.DefaultGuard(), runs.Plan{Changes: apply}, at)
		require.Equal(t, apply, rest, "what may be applied may be applied alone")
		require.Empty(t, none)
	})
}

// planOf returns a plan with the given number of changes of each group.
func planOf(groups map[runs.Group]int) (plan runs.Plan) {
	number := 0
	for group, count := range groups {
		for range count {
			number++
			plan.Changes = append(plan.Changes, runs.Change{
				Code: codeOf(number), Type: group.Type, Verb: group.Verb, Field: group.Fact, Undone: group.Undone,
				Waits: group.Waits,
			})
		}
	}
	return plan
}

func TestUndoRestoresWhatNobodyEditedSince(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		applied := w.apply(t, w.compute())
		w.editSome(t, applied)
		edited := maps.Clone(w.profiles)
		undo, left := runs.Undo(applied, w.profiles)
		w.apply(t, undo)
		for _, c := range applied {
			before, after := edited[c.Code], w.profiles[c.Code]
			switch {
			case c.Verb == runs.Create:
				require.Equal(t, profile.StatusClosed, after.Status())
				require.Equal(t, "true", after.Values.Get(profile.FieldHidden))
			case !slices.ContainsFunc(applied, func(other runs.Change) bool {
				return sameFact(c, other) && before.Values.Get(other.Field) != other.New
			}):
				require.Equal(t, c.Old, after.Values.Get(c.Field), "taken back: %v", c)
				require.NotContains(t, left, c)
			default:
				require.Equal(t, before.Values.Get(c.Field), after.Values.Get(c.Field), "edited since: %v", c)
				require.Contains(t, left, c)
			}
		}
		requireUndoTouchesNothingElse(t, w, applied, edited)
	})
}

func sameFact(a, b runs.Change) bool { return a.Code == b.Code && a.Field.Fact() == b.Field.Fact() }

func (w *world) editSome(t *rapid.T, applied []runs.Change) {
	for _, c := range applied {
		if c.Verb != runs.Create && rapid.Bool().Draw(t, "edited since") {
			w.edit(c.Code, c.Field, valueOf(c.Field).Draw(t, "edit"))
		}
	}
}

func requireUndoTouchesNothingElse(
	t require.TestingT, w *world, applied []runs.Change, before map[profile.ODSCode]profile.Profile,
) {
	type key struct {
		code  profile.ODSCode
		field profile.Field
	}
	ours := make(map[key]bool)
	for _, c := range applied {
		ours[key{c.Code, c.Field}] = true
		if c.Verb == runs.Create {
			ours[key{c.Code, profile.FieldStatus}], ours[key{c.Code, profile.FieldHidden}] = true, true
		}
	}
	for code, p := range w.profiles {
		was := before[code]
		for _, f := range profile.Fields() {
			if !ours[key{code, f}] {
				require.Equal(t, was.Values.Get(f), p.Values.Get(f), "%s of %s", f, code)
			}
		}
	}
}

// Undo of an undo is the run once more.
func TestUndoOfUndoIsTheRunAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		applied := w.apply(t, w.compute())
		after := maps.Clone(w.profiles)
		undo, left := runs.Undo(applied, w.profiles)
		require.Empty(t, left)
		again, left := runs.Undo(w.apply(t, undo), w.profiles)
		require.Empty(t, left)
		w.apply(t, again)
		require.Equal(t, after, w.profiles)
	})
}

func TestQuietUpstreamsSettleInTwoRuns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		for range rapid.IntRange(0, 5).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "run") {
				w.pull(t)
				continue
			}
			code := rapid.SampledFrom(slices.Sorted(maps.Keys(w.register))).Draw(t, "code")
			f := profiletest.AnyField().Draw(t, "field")
			value := valueOf(f).Draw(t, "value")
			if f == profile.FieldStatus {
				value = string(statuses().Draw(t, "value"))
			}
			w.edit(code, f, value)
		}
		w.day = w.day.AddDays(2) // the register is quiet: no date of it comes up any more
		w.pull(t)
		w.pull(t)
		require.Empty(t, w.compute().Changes)
	})
}
