package runs_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// pairs are the facts of two fields: what a pharmacy says, and something else.
var pairs = []struct {
	name   string
	fields [2]profile.Field
	old    [2]string
	other  [2]string // as the register writes it
	shown  [2]string // as a profile does
}{
	{
		name: "address", fields: [2]profile.Field{profile.FieldAddress, profile.FieldPostcode},
		old:   [2]string{"1 High Street\nLeeds", "LS1 1AA"},
		other: [2]string{"2 MILL LANE\nYORK", "YO1 7HH"}, shown: [2]string{"2 Mill Lane\nYork", "YO1 7HH"},
	},
	{
		name: "icb", fields: [2]profile.Field{profile.FieldICB, profile.FieldRegion},
		old: [2]string{"QWO", "Y63"}, other: [2]string{"QOQ", "Y61"}, shown: [2]string{"QOQ", "Y61"},
	},
}

// regional is a pharmacy that states every field of the pairs.
func regional(edits ...func(*profile.Record)) profile.Record {
	return pharmacy(append([]func(*profile.Record){stating(profile.FieldRegion, "Y63")}, edits...)...)
}

// The register says something else of both fields, and another name. What people
// decided on one of the two fields, or on both, decides on the fact.
func TestFactsGoTogether(t *testing.T) {
	t.Parallel()
	for _, pair := range pairs {
		first, second := pair.fields[0], pair.fields[1]
		rejectedFirst := decided(runs.VerdictRejected, first, pair.shown[0])
		rejectedSecond := decided(runs.VerdictRejected, second, pair.shown[1])
		for title, c := range map[string]struct {
			marks    []runs.Mark
			accepted bool // the register said the same before
			left     bool // the fact stays as it is
			undone   bool
		}{
			"no decision":                 {},
			"the first is held":           {marks: []runs.Mark{held(first, today)}, left: true},
			"the second is held":          {marks: []runs.Mark{held(second, today)}, left: true},
			"a hold of both":              {marks: []runs.Mark{held(first, today), held(second, today)}, left: true},
			"the hold has ended":          {marks: []runs.Mark{held(second, today.AddDays(-1))}},
			"the first is undone":         {marks: []runs.Mark{decided(runs.VerdictUndone, first, pair.shown[0])}, undone: true},
			"the second is undone":        {marks: []runs.Mark{decided(runs.VerdictUndone, second, pair.shown[1])}, undone: true},
			"both are rejected":           {marks: []runs.Mark{rejectedFirst, rejectedSecond}, left: true},
			"the second is news":          {marks: []runs.Mark{rejectedFirst}},
			"the first is news":           {marks: []runs.Mark{rejectedSecond}},
			"the second is a mere edit":   {marks: []runs.Mark{rejectedFirst}, accepted: true, left: true},
			"the first is a mere edit":    {marks: []runs.Mark{rejectedSecond}, accepted: true, left: true},
			"both are edits":              {accepted: true},
			"another value was rejected":  {marks: []runs.Mark{decided(runs.VerdictRejected, first, "Elsewhere")}},
			"another value was undone":    {marks: []runs.Mark{decided(runs.VerdictUndone, second, "Elsewhere")}},
			"another fact was decided on": {marks: []runs.Mark{held(profile.FieldParent, today)}},
		} {
			t.Run(pair.name+", "+title, func(t *testing.T) {
				t.Parallel()
				base := regional()
				upstream := regional(
					stating(first, pair.other[0]), stating(second, pair.other[1]), stating(profile.FieldName, "WELL"),
				)
				if c.accepted {
					base = upstream
				}
				changes, outcome := compute(runs.Item{
					Upstream: upstream, Base: &base, Local: profiledAs(regional()), Marks: c.marks,
				})
				isHold := func(m runs.Mark) bool { return m.Verdict == runs.VerdictHeld }
				require.Equal(t, !c.left || !slices.ContainsFunc(c.marks, isHold), outcome.Settled)
				want := []string{"update name", "update " + first.String(), "update " + second.String()}
				if c.left {
					want = want[:1]
				}
				require.Equal(t, want, verbs(changes))
				for _, change := range changes {
					require.Equal(t, c.undone && change.Field != profile.FieldName, change.Undone, "%v", change)
				}
			})
		}
	}
}

// waits is what run 7 withheld, and run 5 before it, from another old value.
func waits(c runs.Change) runs.Waiting {
	c.Since = 5
	return runs.Waiting{Change: c, Run: 7, Withheld: runs.MassChange}
}

// setting waits to set a field of FA001.
func setting(f profile.Field, old, now string) runs.Waiting {
	return waits(runs.Change{Code: "FA001", Type: profile.Pharmacy, Verb: runs.Update, Field: f, Old: old, New: now})
}

// turning waits to set the status of FA001.
func turning(verb runs.Verb, old, now profile.Status) runs.Waiting {
	return waits(becoming(verb, old, now))
}

// matching is a comparison of one item for which something waits.
type matching struct {
	upstream profile.Record
	base     *profile.Record // that of upstream by default
	local    *profile.Profile
	marks    []runs.Mark
	pending  profile.Date
	short    bool // the pull counts for nothing

	waiting []runs.Waiting
	planned []string // what is planned; "waits" before what is withheld anyway
	ended   []string // what waits no longer; "replaced" before what waits on
}

func (m matching) require(t *testing.T) {
	t.Helper()
	item := runs.Item{
		Upstream: m.upstream, Base: m.base, Local: m.local, Marks: m.marks, PendingSince: m.pending, Waiting: m.waiting,
	}
	if item.Base == nil {
		item.Base = &m.upstream
	}
	plan := runs.Compute(runs.Input{AsOf: today, CountsAsLook: !m.short, ProfileTypes: kept, Items: []runs.Item{item}})
	planned := verbs(plan.Changes)
	for i, c := range plan.Changes {
		if c.Waits != runs.NotWithheld {
			require.Equal(t, runs.MassChange, c.Waits, "the reason of what waited")
			require.Equal(t, runs.ID(5), c.Since, "since when it has waited")
			planned[i] = "waits " + planned[i]
		}
	}
	ended := verbs(changesOf(plan.Ended))
	for i, w := range plan.Ended {
		require.Equal(t, runs.ID(7), w.Run)
		if w.Replaced {
			ended[i] = "replaced " + ended[i]
		}
	}
	require.Equal(t, append([]string{}, m.planned...), planned)
	require.Equal(t, append([]string{}, m.ended...), ended)
}

// What waits is a new name.
func TestMatchingOfWhatWaits(t *testing.T) {
	t.Parallel()
	name := []runs.Waiting{setting(profile.FieldName, "Boots", "Well")}
	well := pharmacy(stating(profile.FieldName, "WELL"))
	named := func(value string) *profile.Profile {
		return changed(profiled(profile.StatusOpen), profile.FieldName, value)
	}
	for title, m := range map[string]matching{
		"the same":        {upstream: well, local: named("Boots")},
		"the same, short": {upstream: well, local: named("Boots"), short: true},
		"beside another field": {
			upstream: pharmacy(stating(profile.FieldName, "WELL"), stating(profile.FieldParent, "P08F")), local: named("Boots"),
			planned: []string{"update parent"},
		},
		"edited meanwhile": {
			upstream: well, local: named("By Hand"),
			planned: []string{"waits update name"}, ended: []string{"replaced update name"},
		},
		"in another form": {
			upstream: pharmacy(stating(profile.FieldName, "WELL.")), local: named("Boots"),
			planned: []string{"waits update name"}, ended: []string{"replaced update name"},
		},
		"the register says something else": {
			upstream: pharmacy(stating(profile.FieldName, "LLOYDS")), local: named("Boots"),
			planned: []string{"update name"}, ended: []string{"update name"},
		},
		"the register takes it back":    {upstream: pharmacy(), local: named("Boots"), ended: []string{"update name"}},
		"taken back in a short listing": {upstream: pharmacy(), local: named("Boots"), short: true, ended: []string{"update name"}},
		"taken back, and edited": {
			upstream: pharmacy(), local: named("By Hand"), planned: []string{"update name"}, ended: []string{"update name"},
		},
		"the profile says it":            {upstream: well, local: named("Well"), ended: []string{"update name"}},
		"the profile says it, in a form": {upstream: well, local: named("WELL"), ended: []string{"update name"}},
		"held":                           {upstream: well, local: named("Boots"), marks: []runs.Mark{held(profile.FieldName, today)}},
		"held, and the register says something else": {
			upstream: pharmacy(stating(profile.FieldName, "LLOYDS")), local: named("Boots"),
			marks: []runs.Mark{held(profile.FieldName, today)},
		},
		"rejected": {
			upstream: well, local: named("Boots"), marks: []runs.Mark{decided(runs.VerdictRejected, profile.FieldName, "Well")},
			ended: []string{"update name"},
		},
		"undone before": {
			upstream: well, local: named("Boots"), marks: []runs.Mark{decided(runs.VerdictUndone, profile.FieldName, "Well")},
		},
		"not stated": {upstream: pharmacy(stating(profile.FieldName, "")), local: named("Boots")},
		"the profile is closed": {
			upstream: pharmacy(standing(profile.Inactive), closes(-9)),
			local:    changed(profiled(profile.StatusClosed), profile.FieldName, "Boots"), ended: []string{"update name"},
		},
		"the profile is closed, and held": {
			upstream: pharmacy(standing(profile.Inactive), closes(-9)), marks: []runs.Mark{held(profile.FieldName, today)},
			local: changed(profiled(profile.StatusClosed), profile.FieldName, "Boots"), ended: []string{"update name"},
		},
		"it opens again, under its old name": {
			upstream: pharmacy(), local: profiled(profile.StatusClosed),
			planned: []string{"reopen status"}, ended: []string{"update name"},
		},
		"it opens again, under the name that waits": {
			upstream: well, local: profiled(profile.StatusClosed), planned: []string{"reopen status"},
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			m.waiting = name
			m.require(t)
		})
	}
}

// What waits is a fact of two fields, or a half of it.
func TestMatchingOfHalvesOfFacts(t *testing.T) {
	t.Parallel()
	for _, pair := range pairs {
		first, second := pair.fields[0], pair.fields[1]
		one, two := setting(first, pair.old[0], pair.shown[0]), setting(second, pair.old[1], pair.shown[1])
		both := []runs.Waiting{one, two}
		news := regional(stating(first, pair.other[0]), stating(second, pair.other[1]))
		secondOnly := regional(stating(second, pair.other[1]))
		old := regional()
		local := func(edits ...func(*profile.Record)) *profile.Profile { return profiledAs(regional(edits...)) }
		updates := func(prefix string) []string {
			return []string{prefix + "update " + first.String(), prefix + "update " + second.String()}
		}
		for title, m := range map[string]matching{
			"the same": {upstream: news, local: local(), waiting: both},
			"the profile says one half": {
				upstream: news, local: local(stating(first, pair.shown[0])), waiting: both,
				planned: updates("waits ")[1:], ended: updates("replaced "),
			},
			"the register takes one half back": {
				upstream: secondOnly, local: local(), waiting: both, planned: updates("waits ")[1:], ended: updates("replaced "),
			},
			"the register takes one half back, says something else of the other": {
				upstream: regional(stating(second, "Z9")), local: local(), waiting: both,
				planned: updates("")[1:], ended: updates(""),
			},
			"another value of one half": {
				upstream: regional(stating(first, pair.other[0]), stating(second, "Z9")), local: local(), waiting: both,
				planned: updates(""), ended: updates(""),
			},
			"one half was edited": {
				upstream: news, local: local(stating(second, "Z9")), waiting: both,
				planned: updates("waits "), ended: updates("replaced "),
			},
			"one half waits, the other was edited": {
				upstream: secondOnly, local: local(stating(first, "Z9")), waiting: both[1:],
				planned: updates("waits "), ended: updates("replaced ")[1:],
			},
			"one half waits, the other is news": {
				upstream: news, base: &secondOnly, local: local(), waiting: both[1:], planned: updates(""), ended: updates("")[1:],
			},
			"taken back, and the other half was edited": {
				upstream: old, local: local(stating(first, "Z9")), waiting: both[1:], planned: updates("")[:1], ended: updates("")[1:],
			},
			"the other half says the value that waits": {
				upstream: regional(stating(second, pair.shown[0])), base: &old, local: local(), waiting: both[:1],
				planned: updates("")[1:], ended: updates("")[:1],
			},
			"one half is not stated": {
				upstream: regional(stating(first, ""), stating(second, pair.other[1])), local: local(), waiting: both,
			},
			"one half is not stated, the other was edited": {
				upstream: regional(stating(first, ""), stating(second, pair.other[1])), local: local(stating(second, "Z9")),
				waiting: both, planned: updates("waits ")[1:], ended: updates("replaced ")[1:],
			},
			"one half is not stated, the other says something else": {
				upstream: regional(stating(first, ""), stating(second, "Z9")), base: &old, local: local(), waiting: both,
				planned: updates("")[1:], ended: updates(""),
			},
			"the half that waits is not stated, the other was edited": {
				upstream: regional(stating(first, "")), local: local(stating(second, "Z9")), waiting: both[:1],
				planned: updates("waits ")[1:],
			},
			"one half is held": {
				upstream: old, local: local(), waiting: both[:1], marks: []runs.Mark{held(second, today)},
			},
			"the other half was never stated": {
				upstream: regional(stating(first, pair.other[0]), stating(second, "")), local: local(stating(first, "By Hand")),
				waiting: []runs.Waiting{one},
				planned: map[bool][]string{true: {"waits update address"}}[pair.name == "address"],
				ended:   map[bool][]string{true: {"replaced update address"}}[pair.name == "address"],
			},
			"the profile is closed": {
				upstream: regional(standing(profile.Inactive), closes(-9)),
				local:    changed(local(), profile.FieldStatus, string(profile.StatusClosed)), waiting: both, ended: updates(""),
			},
		} {
			t.Run(pair.name+", "+title, func(t *testing.T) {
				t.Parallel()
				m.require(t)
			})
		}
	}
}

// What waits is a status.
func TestMatchingOfStatus(t *testing.T) {
	t.Parallel()
	ended := pharmacy(standing(profile.Inactive), closes(-9))
	closing := turning(runs.Close, profile.StatusOpen, profile.StatusClosed)
	sleeping := turning(runs.MakeDormant, profile.StatusOpen, profile.StatusDormant)
	waking := turning(runs.Reopen, profile.StatusDormant, profile.StatusOpen)
	yesterday := today.AddDays(-1)
	alive := pharmacy(standing(profile.Alive))
	for title, m := range map[string]matching{
		"a closure":                {upstream: ended, pending: yesterday, waiting: []runs.Waiting{closing}},
		"a closure, short listing": {upstream: ended, pending: yesterday, short: true, waiting: []runs.Waiting{closing}},
		"a closure, back on the day of its first look": {upstream: ended, pending: today, waiting: []runs.Waiting{closing}},
		"a closure, held": {
			upstream: pharmacy(), waiting: []runs.Waiting{closing}, marks: []runs.Mark{held(profile.FieldStatus, today)},
		},
		"a closure, rejected": {
			upstream: ended, pending: yesterday, waiting: []runs.Waiting{closing}, ended: []string{"close status"},
			marks: []runs.Mark{decided(runs.VerdictRejected, profile.FieldStatus, "closed")},
		},
		"it is active again": {
			upstream: pharmacy(), pending: yesterday, waiting: []runs.Waiting{closing}, ended: []string{"close status"},
		},
		"it is active again, in a short listing": {
			upstream: pharmacy(), short: true, waiting: []runs.Waiting{closing}, ended: []string{"close status"},
		},
		"it is alive again": {
			upstream: alive, pending: yesterday, waiting: []runs.Waiting{closing}, ended: []string{"close status"},
		},
		"it ends later": {
			upstream: pharmacy(standing(profile.Inactive), closes(9)), short: true, waiting: []runs.Waiting{closing},
			ended: []string{"close status"},
		},
		"it has no end": {upstream: pharmacy(standing(profile.Inactive)), waiting: []runs.Waiting{closing}, ended: []string{"close status"}},
		"it fell asleep instead": {
			upstream: pharmacy(standing(profile.Dormant)), waiting: []runs.Waiting{closing},
			planned: []string{"dormant status"}, ended: []string{"close status"},
		},
		"it fell asleep before": {
			upstream: ended, local: profiled(profile.StatusDormant), pending: yesterday, waiting: []runs.Waiting{closing},
			planned: []string{"waits close status"}, ended: []string{"replaced close status"},
		},
		"it is closed": {
			upstream: ended, local: profiled(profile.StatusClosed), waiting: []runs.Waiting{closing}, ended: []string{"close status"},
		},
		"it is closed, short listing": {
			upstream: ended, local: profiled(profile.StatusClosed), pending: yesterday, short: true,
			waiting: []runs.Waiting{closing}, ended: []string{"close status"},
		},
		"asleep":                         {upstream: pharmacy(standing(profile.Dormant)), waiting: []runs.Waiting{sleeping}},
		"asleep, the layout cannot tell": {upstream: alive, waiting: []runs.Waiting{sleeping}},
		"asleep, it cannot tell, but the profile is": {
			upstream: alive, local: profiled(profile.StatusDormant), waiting: []runs.Waiting{sleeping}, ended: []string{"dormant status"},
		},
		"awake, the layout cannot tell": {upstream: alive, local: profiled(profile.StatusDormant), waiting: []runs.Waiting{waking}},
		"awake, but it ended since": {
			upstream: ended, local: profiled(profile.StatusDormant), waiting: []runs.Waiting{waking}, ended: []string{"reopen status"},
		},
		"fields are compared beside it": {
			upstream: pharmacy(standing(profile.Inactive), closes(-9), stating(profile.FieldParent, "P08F")), pending: yesterday,
			waiting: []runs.Waiting{closing}, planned: []string{"update parent"},
		},
		"missing, and here again": {
			upstream: pharmacy(), ended: []string{"missing"},
			waiting: []runs.Waiting{waits(runs.Change{Code: "FA001", Type: profile.Pharmacy, Verb: runs.Missing, New: "2026-03-30"})},
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			if m.local == nil {
				m.local = profiled(profile.StatusOpen)
			}
			m.require(t)
		})
	}
}

// A profile never had a value that waits: that it lacks it is no drift.
func TestWhatWaitsIsNoDrift(t *testing.T) {
	t.Parallel()
	well := pharmacy(stating(profile.FieldName, "WELL"), stating(profile.FieldParent, "P08F"))
	changes, _ := compute(runs.Item{
		Upstream: well, Base: &well, Local: changed(profiled(profile.StatusOpen), profile.FieldName, "By Hand"),
		Waiting: []runs.Waiting{setting(profile.FieldName, "Boots", "Well")},
	})
	require.Equal(t, []string{"update name", "update parent"}, verbs(changes))
	require.Equal(t, runs.BecauseUpstream, changes[0].Reason)
	require.Equal(t, runs.BecauseDrift, changes[1].Reason)
}

// Several organisations, several facts: what has ended is sorted as changes are.
func TestWhatHasEndedIsSorted(t *testing.T) {
	t.Parallel()
	item := func(code profile.ODSCode) runs.Item {
		rows := []runs.Waiting{
			setting(profile.FieldPostcode, "LS1 1AA", "YO1 7HH"), setting(profile.FieldICB, "QWO", "QOQ"),
			setting(profile.FieldAddress, "1 High Street\nLeeds", "2 Mill Lane\nYork"), setting(profile.FieldName, "Boots", "Well"),
		}
		for i := range rows {
			rows[i].Code = code
		}
		return runs.Item{Upstream: pharmacy(coded(code)), Local: profiled(profile.StatusOpen, coded(code)), Waiting: rows}
	}
	plan := runs.Compute(runs.Input{AsOf: today, ProfileTypes: kept, Items: []runs.Item{item("FA002"), item("FA001")}})
	require.Empty(t, plan.Changes)
	require.Len(t, plan.Ended, 8)
	for i, f := range []profile.Field{profile.FieldName, profile.FieldAddress, profile.FieldPostcode, profile.FieldICB} {
		require.Equal(t, profile.ODSCode("FA001"), plan.Ended[i].Code)
		require.Equal(t, profile.ODSCode("FA002"), plan.Ended[i+4].Code)
		require.Equal(t, f, plan.Ended[i].Field)
	}
}
