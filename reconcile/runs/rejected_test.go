package runs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// A value that was rejected is silent until the register says something else.
func TestWhenARejectionIsLifted(t *testing.T) {
	t.Parallel()
	rejected := func(f profile.Field, value string) []runs.Mark {
		return []runs.Mark{decided(runs.VerdictRejected, f, value)}
	}
	both := []runs.Mark{
		decided(runs.VerdictRejected, profile.FieldAddress, "2 Mill Lane\nYork"),
		decided(runs.VerdictRejected, profile.FieldPostcode, "YO1 7HH"),
	}
	ended := []func(*profile.Record){standing(profile.Inactive), closes(-9)}
	status := func(value profile.Status) []runs.Mark { return rejected(profile.FieldStatus, string(value)) }
	for title, c := range map[string]struct {
		says   []func(*profile.Record)
		before []func(*profile.Record) // what it said when it was accepted; the same by default
		marks  []runs.Mark
		local  profile.Status
		lifted []profile.Field
	}{
		"the same name":            {says: one(stating(profile.FieldName, "WELL")), marks: rejected(profile.FieldName, "Well")},
		"the same name, as a form": {says: one(stating(profile.FieldName, "Well.")), marks: rejected(profile.FieldName, "Well")},
		"no name":                  {says: one(stating(profile.FieldName, "")), marks: rejected(profile.FieldName, "Well")},
		"the former name":          {marks: rejected(profile.FieldName, "Well"), lifted: fields(profile.FieldName)},
		"a third name": {
			says: one(stating(profile.FieldName, "LLOYDS")), marks: rejected(profile.FieldName, "Well"), lifted: fields(profile.FieldName),
		},
		"an undone name":            {marks: []runs.Mark{decided(runs.VerdictUndone, profile.FieldName, "Well")}},
		"the same address, a form":  {says: at("2 MILL LANE, YORK", "YO17HH"), marks: both},
		"the same, with a building": {says: at("MILL HOUSE\n2 MILL LANE\nYORK", "YO1 7HH"), marks: both},
		"one half of an address": {
			says: at("1 HIGH STREET\nLEEDS", "YO1 7HH"), marks: both, lifted: fields(profile.FieldAddress, profile.FieldPostcode),
		},
		"the other half": {
			says: at("2 MILL LANE\nYORK", "LS1 1AA"), marks: both, lifted: fields(profile.FieldAddress, profile.FieldPostcode),
		},
		"news beside the rejected half": {
			says: at("3 NEW ROAD\nHULL", "YO1 7HH"), before: at("1 HIGH STREET\nLEEDS", "YO1 7HH"), marks: both[1:],
			lifted: fields(profile.FieldPostcode),
		},
		"an edit beside the rejected half": {says: at("3 NEW ROAD\nHULL", "YO1 7HH"), marks: both[1:]},
		"an edit, and the address in another form": {
			says: at("MILL HOUSE\n3 NEW RD\nHULL", "YO1 7HH"), before: at("3 NEW ROAD\nHULL", "YO1 7HH"), marks: both[1:],
		},

		"ended, a rejected closure":  {says: ended, marks: status(profile.StatusClosed)},
		"active, a rejected closure": {marks: status(profile.StatusClosed), lifted: fields(profile.FieldStatus)},
		"alive, a rejected closure": {
			says: one(standing(profile.Alive)), marks: status(profile.StatusClosed), lifted: fields(profile.FieldStatus),
		},
		"dormant, a rejected closure": {
			says: one(standing(profile.Dormant)), marks: status(profile.StatusClosed), lifted: fields(profile.FieldStatus),
		},
		"proposed, a rejected closure": {
			says: one(standing(profile.Proposed)), marks: status(profile.StatusClosed), lifted: fields(profile.FieldStatus),
		},
		"it ends later, a rejected closure": {
			says: []func(*profile.Record){standing(profile.Inactive), closes(9)}, marks: status(profile.StatusClosed),
			lifted: fields(profile.FieldStatus),
		},
		"it ends today, a rejected closure": {
			says: []func(*profile.Record){standing(profile.Inactive), closes(0)}, marks: status(profile.StatusClosed),
		},
		"inactive, no end, a rejected closure": {
			says: one(standing(profile.Inactive)), marks: status(profile.StatusClosed), lifted: fields(profile.FieldStatus),
		},
		"active, a rejected opening": {marks: status(profile.StatusOpen), local: profile.StatusClosed},
		"alive, a rejected opening": {
			says: one(standing(profile.Alive)), marks: status(profile.StatusOpen), local: profile.StatusClosed,
		},
		"dormant, a rejected opening": {
			says: one(standing(profile.Dormant)), marks: status(profile.StatusOpen), local: profile.StatusClosed,
			lifted: fields(profile.FieldStatus),
		},
		"ended, a rejected opening": {
			says: ended, marks: status(profile.StatusOpen), local: profile.StatusClosed, lifted: fields(profile.FieldStatus),
		},
		"dormant, rejected":           {says: one(standing(profile.Dormant)), marks: status(profile.StatusDormant)},
		"alive, rejected as dormant":  {says: one(standing(profile.Alive)), marks: status(profile.StatusDormant)},
		"active, rejected as dormant": {marks: status(profile.StatusDormant), lifted: fields(profile.FieldStatus)},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			upstream, base := pharmacy(c.says...), pharmacy(c.says...)
			if c.before != nil {
				base = pharmacy(c.before...)
			}
			local := profiled(profile.StatusOpen)
			if c.local != "" {
				local = profiled(c.local)
			}
			item := runs.Item{Upstream: upstream, Base: &base, Local: local, Marks: c.marks}
			plan := runs.Compute(runs.Input{AsOf: today, CountsAsLook: true, ProfileTypes: kept, Items: []runs.Item{item}})
			var lifted []profile.Field
			for _, r := range plan.Lifted {
				require.Equal(t, upstream.Code, r.Code)
				lifted = append(lifted, r.Field)
			}
			require.ElementsMatch(t, c.lifted, lifted)
			require.Len(t, item.Marks, len(c.marks), "the input stays as it was")
			for _, change := range plan.Changes {
				for _, m := range c.marks {
					require.False(t, len(lifted) == 0 && m.Verdict == runs.VerdictRejected && m.Field == change.Field && m.Value == change.New)
				}
			}
		})
	}
}

func one(edit func(*profile.Record)) []func(*profile.Record) { return []func(*profile.Record){edit} }

func fields(f ...profile.Field) []profile.Field { return f }

func at(address, postcode string) []func(*profile.Record) {
	return []func(*profile.Record){stating(profile.FieldAddress, address), stating(profile.FieldPostcode, postcode)}
}

// What another layout means is no answer to what was rejected in the former one.
func TestAnotherMeaningLiftsNoRejection(t *testing.T) {
	t.Parallel()
	base := pharmacy()
	plan := runs.Compute(runs.Input{
		AsOf: today, CountsAsLook: true, ProfileTypes: kept,
		Items: []runs.Item{{
			Redefined: fields(profile.FieldICB), Upstream: pharmacy(stating(profile.FieldICB, "QXX")), Base: &base,
			Local: profiled(profile.StatusOpen),
			Marks: []runs.Mark{decided(runs.VerdictRejected, profile.FieldICB, "QOQ")},
		}},
	})
	require.Empty(t, plan.Lifted)
}

// The fields of a closed profile stay as they are until it opens: not while its
// opening waits, nor while it will be withheld.
func TestAClosedProfileKeepsItsFieldsUntilItOpens(t *testing.T) {
	t.Parallel()
	opening := turning(runs.Reopen, profile.StatusClosed, profile.StatusOpen)
	for title, c := range map[string]struct {
		waiting []runs.Waiting
		marks   []runs.Mark
		want    []string
	}{
		"it opens":          {want: []string{"update name", "reopen status"}},
		"its opening waits": {waiting: []runs.Waiting{opening}},
		"a person rejected": {marks: []runs.Mark{decided(runs.VerdictRejected, profile.FieldStatus, "open")}},
		"a person undid it": {marks: []runs.Mark{decided(runs.VerdictUndone, profile.FieldStatus, "open")}, want: []string{"reopen status"}},
		"a person holds it": {marks: []runs.Mark{held(profile.FieldStatus, today)}},
		"it waits to be more": {
			waiting: []runs.Waiting{turning(runs.Reopen, profile.StatusDormant, profile.StatusOpen)}, want: []string{"reopen status"},
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			changes, _ := compute(runs.Item{
				Upstream: pharmacy(stating(profile.FieldName, "WELL")), Local: profiled(profile.StatusClosed), Marks: c.marks, Waiting: c.waiting,
			})
			require.Equal(t, append([]string{}, c.want...), verbs(changes))
		})
	}
}

// An approval opens no profile by itself, and changes no field of a closed one.
func TestAnApprovalOfFieldsLeavesAClosedProfileAsItIs(t *testing.T) {
	t.Parallel()
	item := runs.Item{Upstream: pharmacy(stating(profile.FieldName, "WELL")), Local: profiled(profile.StatusClosed)}
	fresh := runs.Compute(runs.Input{AsOf: today, CountsAsLook: true, ProfileTypes: kept, Items: []runs.Item{item}})
	require.Equal(t, []string{"update name", "reopen status"}, verbs(fresh.Changes))
	apply, left := runs.Approve(fresh.Changes[:1], fresh)
	require.Empty(t, apply)
	require.Equal(t, runs.LeftClosed, runs.ExplainLeft(left, today, []runs.Item{item})[0].Left)
	apply, left = runs.Approve(fresh.Changes[1:], fresh)
	require.Equal(t, []string{"reopen status"}, verbs(apply))
	require.Empty(t, left)
	apply, left = runs.Approve(fresh.Changes, fresh)
	require.Len(t, apply, 2)
	require.Empty(t, left)
}

// An address that a person decided on is the same in any form.
func TestADecidedAddressInAnotherForm(t *testing.T) {
	t.Parallel()
	const decidedOn = "The Mill Surgery\n28 Mill Rd\nLeeds"
	base, other := pharmacy(stating(profile.FieldAddress, decidedOn)), pharmacy(stating(profile.FieldAddress, "28 MILL ROAD\nLEEDS"))
	for verdict, want := range map[runs.Verdict][]string{runs.VerdictRejected: {}, runs.VerdictUndone: {"update address"}} {
		mark := decided(verdict, profile.FieldAddress, decidedOn)
		changes, _ := compute(runs.Item{Upstream: other, Base: &base, Local: profiled(profile.StatusOpen), Marks: []runs.Mark{mark}})
		require.Equal(t, want, verbs(changes), verdict)
		for _, c := range changes {
			require.True(t, c.Undone, "so it is withheld")
		}
	}
}

// A report that has the address in another form, and learns late of a postcode that a
// person decided on, says nothing new.
func TestADecidedPostcodeBesideAnAddressInAnotherForm(t *testing.T) {
	t.Parallel()
	const old, moved = "LS1 1AA", "YO1 7HH"
	at := func(address, postcode string) profile.Record {
		return pharmacy(stating(profile.FieldAddress, address), stating(profile.FieldPostcode, postcode))
	}
	base := at("1 HIGH STREET\nLEEDS", old)
	item := runs.Item{Upstream: at("HIGH HOUSE\n1 HIGH ST\nLEEDS", moved), Base: &base, Local: profiled(profile.StatusOpen)}
	item.Local.Values.Set(profile.FieldAddress, "1 High Street\nLeeds")
	item.Local.Values.Set(profile.FieldPostcode, old)

	rejected := item
	rejected.Marks = []runs.Mark{decided(runs.VerdictRejected, profile.FieldPostcode, moved)}
	changes, _ := compute(rejected)
	require.Empty(t, changes)

	waits := item
	waits.Waiting = []runs.Waiting{{Run: 7, Withheld: runs.MassChange, Change: runs.Change{
		Code: item.Local.Code, Type: profile.Pharmacy, Verb: runs.Update, Field: profile.FieldPostcode, Old: old, New: moved,
	}}}
	changes, _ = compute(waits)
	require.Equal(t, []string{"update address", "update postcode"}, verbs(changes))
	for _, c := range changes {
		require.Equal(t, runs.MassChange, c.Waits, "%s: it waits on", c.Field)
	}

	elsewhere := item
	elsewhere.Marks = rejected.Marks
	elsewhere.Upstream.Values.Set(profile.FieldAddress, "2 MILL LANE\nYORK")
	changes, _ = compute(elsewhere)
	require.Equal(t, []string{"update address", "update postcode"}, verbs(changes), "another street is news")
}
