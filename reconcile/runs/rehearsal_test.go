package runs_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// approvedAhead are changes as one approval ahead.
func approvedAhead(approval runs.AheadID, changes ...runs.Change) (rows []runs.Ahead) {
	for _, c := range changes {
		rows = append(rows, runs.Ahead{Approval: approval, Change: c})
	}
	return rows
}

// The register says another address with another postcode, and another name.
func TestWhatWasApprovedAheadIsTakenWholeAndAsItWasSeen(t *testing.T) {
	t.Parallel()
	item := runs.Item{
		Upstream: pharmacy(moved, stating(profile.FieldName, "WELL")),
		Local:    profiled(profile.StatusOpen),
	}
	seen, _ := compute(item)
	require.Equal(t, []string{"update name", "update address", "update postcode"}, verbs(seen))
	name, address, postcode := seen[0], seen[1], seen[2]
	other := func(c runs.Change, edit func(*runs.Change)) runs.Change {
		edit(&c)
		return c
	}
	oldName := other(name, func(c *runs.Change) { c.Old = "Lloyds" })
	newName := other(name, func(c *runs.Change) { c.New = "Lloyds" })
	closing := other(name, func(c *runs.Change) { c.Verb = runs.Close })
	both := []string{"update address", "update postcode"}
	for what, c := range map[string]struct {
		ahead   []runs.Ahead
		marks   []runs.Mark
		waiting []runs.Waiting
		want    []string
		by      runs.AheadID
	}{
		"nothing":                  {},
		"one fact":                 {ahead: approvedAhead(3, name), want: []string{"update name"}, by: 3},
		"a fact of two fields":     {ahead: approvedAhead(3, postcode, address), want: both, by: 3},
		"a part of a fact":         {ahead: approvedAhead(3, postcode)},
		"two parts, by two people": {ahead: slices.Concat(approvedAhead(3, postcode), approvedAhead(4, address))},
		"by two people": {
			ahead: slices.Concat(approvedAhead(4, name), approvedAhead(3, name)), want: []string{"update name"}, by: 3,
		},
		"more of a fact than the run finds": {ahead: approvedAhead(3, name, newName)},
		"another old value":                 {ahead: approvedAhead(3, oldName)},
		"another new value":                 {ahead: approvedAhead(3, newName)},
		"another verb":                      {ahead: approvedAhead(3, closing)},
		"the second of two is the same": {
			ahead: slices.Concat(approvedAhead(3, oldName), approvedAhead(4, name)), want: []string{"update name"}, by: 4,
		},
		"what was undone": {
			ahead: approvedAhead(3, name), marks: []runs.Mark{decided(runs.VerdictUndone, profile.FieldName, name.New)},
		},
		"what waits already of another old value": {
			ahead: approvedAhead(3, name), waiting: []runs.Waiting{{Change: oldName, Run: 1, Withheld: runs.MassChange}},
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			item := item
			item.Ahead, item.Marks, item.Waiting = c.ahead, c.marks, c.waiting
			changes, outcome := compute(item)
			require.Len(t, changes, 3, "what is planned is the same")
			require.True(t, outcome.Settled)
			var taken []runs.Change
			for _, c := range changes {
				if c.Ahead != 0 {
					taken = append(taken, c)
				}
			}
			require.Equal(t, append([]string{}, c.want...), verbs(taken))
			for _, change := range taken {
				require.Equal(t, c.by, change.Ahead)
			}
		})
	}
}

func TestWhatIsNotPlannedIsNotTakenAhead(t *testing.T) {
	t.Parallel()
	item := runs.Item{Upstream: pharmacy(stating(profile.FieldName, "WELL")), Local: profiled(profile.StatusOpen)}
	seen, _ := compute(item)
	item.Ahead = approvedAhead(3, seen...)
	for what, mark := range map[string]runs.Mark{
		"held":     held(profile.FieldName, today),
		"rejected": decided(runs.VerdictRejected, profile.FieldName, "Well"),
	} {
		item.Marks = []runs.Mark{mark}
		changes, _ := compute(item)
		require.Empty(t, changes, what)
	}
	item.Marks, item.Waiting = nil, []runs.Waiting{{Change: seen[0], Run: 1, Withheld: runs.MassChange}}
	changes, _ := compute(item)
	require.Empty(t, changes, "it waits already, of the same value")
}

// drawAhead draws approvals ahead of what is planned, some of them of other values.
func drawAhead(t *rapid.T, in *runs.Input) {
	for _, c := range runs.Compute(*in).Changes {
		at := slices.IndexFunc(in.Items, func(item runs.Item) bool { return item.Upstream.Code == c.Code })
		for range rapid.IntRange(0, 2).Draw(t, "approvals") {
			approval := runs.AheadID(rapid.IntRange(1, 3).Draw(t, "approval"))
			switch rapid.IntRange(0, 5).Draw(t, "other") {
			case 0:
				c.Old += "x"
			case 1:
				c.New += "x"
			}
			in.Items[at].Ahead = append(in.Items[at].Ahead, runs.Ahead{Approval: approval, Change: c})
		}
	}
}

func TestApprovalsAheadChangeNoPlan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		w.decide(t)
		in := w.input()
		plain := runs.Compute(in)
		drawAhead(t, &in)
		plan := runs.Compute(in)
		for i := range in.Items {
			in.Items[i].Ahead = rapid.Permutation(in.Items[i].Ahead).Draw(t, "permuted")
		}
		require.Equal(t, plan, runs.Compute(in))
		requireApproved(t, in, plan)
		for i := range plan.Changes {
			plan.Changes[i].Ahead = 0
		}
		require.Equal(t, plain, plan)
	})
}

// requireApproved requires of each change that is taken ahead that exactly it was
// approved, and of each fact that all of it is or none.
func requireApproved(t require.TestingT, in runs.Input, plan runs.Plan) {
	taken := make(map[factOf]runs.AheadID)
	for i, c := range plan.Changes {
		if i == 0 || factIn(plan.Changes[i-1]) != factIn(c) {
			taken[factIn(c)] = c.Ahead
		}
		require.Equal(t, taken[factIn(c)], c.Ahead, "a part of a fact: %v", c)
		if c.Ahead == 0 {
			continue
		}
		require.False(t, c.Undone)
		require.Equal(t, runs.NotWithheld, c.Waits)
		require.True(t, slices.ContainsFunc(in.Items, func(item runs.Item) bool {
			return slices.ContainsFunc(item.Ahead, func(a runs.Ahead) bool { return a.Approval == c.Ahead && a.Digest() == c.Digest() })
		}), "nobody approved %v", c)
	}
}

func TestWhatIsTakenAheadSettles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		for _, c := range w.compute().Changes {
			w.ahead[c.Code] = append(w.ahead[c.Code], runs.Ahead{Approval: 1, Change: c})
		}
		plan := w.compute()
		none := runs.Guard{RemovalShare: -1, FieldShare: -1}
		applied, held, _ := w.judgeAndApply(t, plan, none, false)
		for _, c := range plan.Changes {
			waits := c.Waits != runs.NotWithheld || c.Undone
			require.Equal(t, !waits, slices.Contains(applied, c), "%v", c)
		}
		for _, h := range held {
			require.NotEqual(t, runs.NotWithheld, h.Waits, "%v", h)
		}
		require.Empty(t, w.compute().Changes, "applied once, and not found again")
	})
}

// What was approved ahead is never withheld, and lets nothing else pass: the rest is
// measured as if nothing had been approved.
func TestApprovalsAheadHideNoMassChange(t *testing.T) {
	t.Parallel()
	guard := runs.DefaultGuard()
	rapid.Check(t, func(t *rapid.T) {
		groups, at := groupsOf().Draw(t, "groups"), situations().Draw(t, "situation")
		all := maps.Clone(groups)
		for group, count := range groups {
			if group.Undone || group.Waits != runs.NotWithheld || group.Verb == runs.Missing || count == 0 {
				continue
			}
			approved := rapid.IntRange(0, count).Draw(t, "approved ahead")
			ahead := group
			ahead.Ahead = true
			all[group], all[ahead] = count-approved, approved
		}
		plain, verdicts := guard.Judge(groups, at), guard.Judge(all, at)
		for group := range all {
			if group.Ahead {
				require.Equal(t, runs.NotWithheld, verdicts[group])
				continue
			}
			require.Equal(t, plain[group], verdicts[group], "%v", group)
		}
	})
}

func TestGuardWithWhatWasApprovedAhead(t *testing.T) {
	t.Parallel()
	icb := updating(profile.Trust, profile.FieldICB)
	ahead := icb
	ahead.Ahead = true
	shut := closing(profile.Trust)
	shutAhead := shut
	shutAhead.Ahead = true
	for name, c := range map[string]struct {
		groups map[runs.Group]int
		want   []runs.Withheld
	}{
		"alone": {map[runs.Group]int{ahead: 55}, []runs.Withheld{}},
		"one more": {
			map[runs.Group]int{ahead: 55, icb: 1},
			[]runs.Withheld{{Reason: runs.MassChange, Type: profile.Trust, Field: "icb", Count: 1, Of: 205}},
		},
		"few in all": {map[runs.Group]int{ahead: 15, icb: 5}, []runs.Withheld{}},
		"closures": {
			map[runs.Group]int{shutAhead: 20, shut: 1, absent(profile.Trust): 1},
			[]runs.Withheld{{Reason: runs.TooManyRemovals, Type: profile.Trust, Field: "status", Count: 2, Of: 205}},
		},
		"another field": {map[runs.Group]int{ahead: 55, updating(profile.Trust, profile.FieldName): 20}, []runs.Withheld{}},
	} {
		require.Equal(t, c.want, judged(c.groups, open(profile.Trust, 205)), name)
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	day := today.AddDays
	for name, c := range map[string]struct {
		span runs.Span
		want string
	}{
		"to come":        {runs.Span{First: day(1), Last: day(9)}, ""},
		"one day":        {runs.Span{First: day(0), Last: day(0)}, ""},
		"begun":          {runs.Span{First: day(-9), Last: day(0)}, ""},
		"over":           {runs.Span{First: day(-9), Last: day(-1)}, "the span ends on 2026-03-30, and that day is over (today is 2026-03-31)"},
		"ends too early": {runs.Span{First: day(9), Last: day(8)}, "the span ends on 2026-04-08, before it begins on 2026-04-09"},
	} {
		err := c.span.Check(today)
		if c.want == "" {
			require.NoError(t, err, name)
		} else {
			require.EqualError(t, err, c.want, name)
		}
	}
}
