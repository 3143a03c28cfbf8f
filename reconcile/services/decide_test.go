package services_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// withheldChanges draws changes that are often equal.
func withheldChanges() *rapid.Generator[[]services.Change] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) services.Change {
		return services.Change{
			Code: rapid.SampledFrom([]profile.ODSCode{"A", "B"}).Draw(t, "site"), Service: "1",
			Verb: rapid.SampledFrom([]runs.Verb{runs.Update, runs.Missing}).Draw(t, "verb"),
			Old:  rapid.SampledFrom([]string{"", "{}"}).Draw(t, "old"), New: rapid.SampledFrom([]string{"", "{}"}).Draw(t, "new"),
			Reason: rapid.SampledFrom([]runs.Reason{runs.BecauseUpstream, runs.BecauseDrift}).Draw(t, "reason"),
		}
	}), 0, 8)
}

// An approval applies the changes as they were withheld, and none that are only in
// the fresh plan.
func TestApprovalsTakeExactlyWhatWasWithheld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		withheld, fresh := withheldChanges().Draw(t, "withheld"), withheldChanges().Draw(t, "fresh")
		apply, left := services.Approve(withheld, fresh)
		require.ElementsMatch(t, withheld, slices.Concat(apply, left), "each is applied or reported as left")
		inFresh := func(c services.Change) bool {
			return slices.ContainsFunc(fresh, func(f services.Change) bool { return f.Digest() == c.Digest() })
		}
		require.Equal(t, slices.DeleteFunc(slices.Clone(withheld), inFresh), append([]services.Change{}, left...))
		for _, c := range apply {
			require.True(t, inFresh(c))
		}
		all, none := services.Approve(withheld, withheld)
		require.Len(t, all, len(withheld))
		require.Empty(t, none)
		none, all = services.Approve(withheld, nil)
		require.Empty(t, none)
		require.Len(t, all, len(withheld))
	})
}

// textOf returns a service as a plan writes it. from is the old site of a move.
func textOf(t require.TestingT, shown services.Shown, from profile.ODSCode) string {
	text, err := json.Marshal(shown)
	require.NoError(t, err)
	if from != "" {
		return fmt.Sprintf(`%s,"moved_from":%q}`, text[:len(text)-1], from)
	}
	return string(text)
}

// What an undo does with a change depends on what the change did and on what the
// profiles show now.
func TestHowEachChangeIsUndone(t *testing.T) {
	t.Parallel()
	shown, renamed, withdrawn := ersService("1", "Clinic").Shown(""), ersService("1", "Ward").Shown(""), ersService("1", "Clinic").Shown("")
	withdrawn.Withdrawn = true
	clinic, ward, off := textOf(t, shown, ""), textOf(t, renamed, ""), textOf(t, withdrawn, "")
	fromA, fromB := textOf(t, shown, "A"), textOf(t, shown, "B")
	type rows = map[profile.ODSCode]services.Shown
	change := func(code profile.ODSCode, before, after string, leaves profile.ODSCode) services.Change {
		return services.Change{Code: code, Type: profile.TrustSite, Service: "1", Verb: runs.Update, Old: before, New: after, Leaves: leaves}
	}
	for name, c := range map[string]struct {
		applied services.Change
		rows    rows
		want    *services.Change // nil: it is left as it is
	}{
		"a new service": {change("A", "", clinic, ""), rows{"A": shown}, new(change("A", clinic, off, "A"))},
		"another name":  {change("A", ward, clinic, ""), rows{"A": shown}, new(change("A", clinic, ward, ""))},
		"a withdrawal":  {change("A", clinic, off, "A"), rows{"A": withdrawn}, new(change("A", off, clinic, ""))},
		"a return":      {change("A", off, clinic, ""), rows{"A": shown}, new(change("A", clinic, off, ""))},
		"a move": {
			change("B", fromA, clinic, "A"), rows{"A": withdrawn, "B": shown}, new(change("A", fromB, clinic, "B")),
		},
		"a move, back at the old site": {change("B", fromA, clinic, "A"), rows{"A": shown, "B": shown}, nil},
		"a move, edited since":         {change("B", fromA, clinic, "A"), rows{"A": withdrawn, "B": renamed}, nil},
		"a move, its old row gone":     {change("B", fromA, clinic, "A"), rows{"B": shown}, nil},
		"edited since":                 {change("A", "", clinic, ""), rows{"A": renamed}, nil},
		"withdrawn since":              {change("A", "", clinic, ""), rows{"A": withdrawn}, nil},
		"deleted since":                {change("A", ward, clinic, ""), rows{}, nil},
		"an old value we cannot read":  {change("A", "[]", clinic, ""), rows{"A": shown}, nil},
	} {
		now := services.Rows{}
		for code, row := range c.rows {
			now[code] = map[services.ID]services.Shown{"1": row}
		}
		back, left := services.Undo([]services.Change{c.applied}, now, nil)
		if c.want == nil {
			require.Empty(t, back, name)
			require.Equal(t, []services.Change{c.applied}, left, name)
			continue
		}
		c.want.Reason = runs.BecauseUndo
		require.Empty(t, left, name)
		require.Equal(t, []services.Change{*c.want}, back, name)
	}
}

// An undo removes a mark only while the service is missing, and sets it again only
// while it is not.
func TestMarksAreUndoneOnlyWhileTheyHold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after string
		state         services.State
		want          bool
	}{
		"still missing":             {"", "2026-11-01", services.Missing, true},
		"back":                      {"", "2026-11-01", services.Active, false},
		"gone":                      {"", "2026-11-01", services.Gone, false},
		"undone, not missing":       {"2026-11-01", "", services.Active, true},
		"undone, missing once more": {"2026-11-01", "", services.Missing, false},
	} {
		mark := services.Change{Code: "A", Service: "1", Verb: runs.Missing, Old: c.before, New: c.after}
		back, left := services.Undo([]services.Change{mark}, nil, map[services.ID]services.State{"1": c.state})
		if !c.want {
			require.Empty(t, back, name)
			require.Equal(t, []services.Change{mark}, left, name)
			continue
		}
		require.Empty(t, left, name)
		require.Equal(t, []services.Change{{
			Code: "A", Service: "1", Verb: runs.Missing, Old: c.after, New: c.before, Reason: runs.BecauseUndo,
		}}, back, name)
	}
}

func TestUndoListsBothKindsInOrder(t *testing.T) {
	t.Parallel()
	states := map[services.ID]services.State{}
	var applied []services.Change
	for _, id := range []services.ID{"100", "9", "20", "7"} {
		states[id] = services.Missing
		if id == "9" || id == "100" {
			states[id] = services.Active // nothing to undo
		}
		applied = append(applied, services.Change{Code: "A", Service: id, Verb: runs.Missing, New: "2026-11-01"})
	}
	back, left := services.Undo(applied, nil, states)
	require.Equal(t, []string{"A 7 missing", "A 20 missing"}, changeLines(back))
	require.Equal(t, []string{"A 9 missing", "A 100 missing"}, changeLines(left))
}

// A decision is stored for the site and the value with which the change will be
// proposed again. For an undone move this is the site it would move to again.
func TestDecisionsAreKeptForTheNextProposal(t *testing.T) {
	t.Parallel()
	shown := ersService("1", "Clinic").Shown("")
	clinic, fromB := textOf(t, shown, ""), textOf(t, shown, "B")
	for name, c := range map[string]struct {
		change                   services.Change
		decided, reproposed      string
		decidedAt, reproposedFor profile.ODSCode
	}{
		"an update":    {services.Change{Code: "A", Verb: runs.Update, Old: clinic, New: "{}"}, "{}", clinic, "A", "A"},
		"a move":       {services.Change{Code: "A", Verb: runs.Update, Old: fromB, New: clinic}, clinic, clinic, "A", "B"},
		"a mark":       {services.Change{Code: "A", Verb: runs.Missing, New: "2026-11-01"}, "missing", "missing", "A", "A"},
		"mark removed": {services.Change{Code: "A", Verb: runs.Missing, Old: "2026-11-01"}, "missing", "missing", "A", "A"},
		"unknown form": {services.Change{Code: "A", Verb: runs.Update, Old: "[]", New: "[]"}, "[]", "[]", "A", "A"},
	} {
		code, value := c.change.Decision()
		require.Equal(t, c.decidedAt, code, name)
		require.Equal(t, c.decided, value, name)
		code, value = c.change.Reproposed()
		require.Equal(t, c.reproposedFor, code, name)
		require.Equal(t, c.reproposed, value, name)
	}
}
