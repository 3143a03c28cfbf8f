package runs_test

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/realdata"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// judged is what the default guard says of groups, as the rows that people see.
func judged(groups map[runs.Group]int, at runs.Situation) []runs.Withheld {
	return runs.Summarise(groups, runs.DefaultGuard().Judge(groups, at), at)
}

func open(t profile.OrgType, count int) runs.Situation {
	return runs.Situation{Open: map[profile.OrgType]int{t: count}}
}

func closing(t profile.OrgType) runs.Group {
	return runs.Group{Type: t, Verb: runs.Close, Fact: profile.FieldStatus}
}

func absent(t profile.OrgType) runs.Group {
	return runs.Group{Type: t, Verb: runs.Missing}
}

func updating(t profile.OrgType, f profile.Field) runs.Group {
	return runs.Group{Type: t, Verb: runs.Update, Fact: f}
}

func reopeningTrusts() runs.Group {
	return runs.Group{Type: profile.Trust, Verb: runs.Reopen, Fact: profile.FieldStatus}
}

func undone(g runs.Group) runs.Group {
	g.Undone = true
	return g
}

// The edges of max(10, 2 %) and max(10, 10 %), for all sizes that matter.
func TestGuardFloorsAndShares(t *testing.T) {
	t.Parallel()
	guard := runs.DefaultGuard()
	withheld := func(g runs.Group, count, population int) bool {
		return guard.Judge(map[runs.Group]int{g: count}, open(g.Type, population))[g] != runs.NotWithheld
	}
	for population := range 3000 {
		for group, allowed := range map[runs.Group]int{
			closing(profile.Trust):                     max(10, population*2/100),
			absent(profile.Trust):                      max(10, population*2/100),
			updating(profile.Trust, profile.FieldName): max(10, population*10/100),
			reopeningTrusts():                          max(10, population*10/100),
		} {
			require.False(t, withheld(group, allowed, population), "%v: %d of %d", group, allowed, population)
			require.True(t, withheld(group, allowed+1, population), "%v: %d of %d", group, allowed+1, population)
		}
	}
}

func TestGuardJudges(t *testing.T) {
	t.Parallel()
	two := runs.Situation{Open: map[profile.OrgType]int{profile.Pharmacy: 1000, profile.Trust: 200}}
	icb := updating(profile.Trust, profile.FieldICB)
	for name, c := range map[string]struct {
		groups map[runs.Group]int
		at     runs.Situation
		want   []runs.Withheld
	}{
		"closures and missing marks add up": {
			map[runs.Group]int{closing(profile.Trust): 6, absent(profile.Trust): 5},
			two,
			[]runs.Withheld{{Reason: runs.TooManyRemovals, Type: profile.Trust, Field: "status", Count: 11, Of: 200}},
		},
		"removals are counted by type": {
			map[runs.Group]int{closing(profile.Trust): 10, closing(profile.Pharmacy): 20}, two, nil,
		},
		"one type's removals leave the other's alone": {
			map[runs.Group]int{closing(profile.Trust): 10, closing(profile.Pharmacy): 21},
			two,
			[]runs.Withheld{{Reason: runs.TooManyRemovals, Type: profile.Pharmacy, Field: "status", Count: 21, Of: 1000}},
		},
		"fields are counted by type": {
			map[runs.Group]int{icb: 21, updating(profile.Pharmacy, profile.FieldICB): 50},
			two,
			[]runs.Withheld{{Reason: runs.MassChange, Type: profile.Trust, Field: "icb", Count: 21, Of: 200}},
		},
		"only that field is withheld": {
			map[runs.Group]int{icb: 21, updating(profile.Trust, profile.FieldName): 20},
			two,
			[]runs.Withheld{{Reason: runs.MassChange, Type: profile.Trust, Field: "icb", Count: 21, Of: 200}},
		},
		"and over the whole report": {
			map[runs.Group]int{icb: 10, updating(profile.Pharmacy, profile.FieldICB): 10},
			runs.Situation{Open: map[profile.OrgType]int{profile.Pharmacy: 10, profile.Trust: 10}},
			[]runs.Withheld{
				{Reason: runs.MassChange, Type: profile.Pharmacy, Field: "icb", Count: 10, Of: 10},
				{Reason: runs.MassChange, Type: profile.Trust, Field: "icb", Count: 10, Of: 10},
			},
		},
		"reopening and falling asleep add up, closing does not": {
			map[runs.Group]int{
				reopeningTrusts(): 11, {Type: profile.Trust, Verb: runs.MakeDormant, Fact: profile.FieldStatus}: 10,
				closing(profile.Trust): 10,
			},
			two,
			[]runs.Withheld{{Reason: runs.MassChange, Type: profile.Trust, Field: "status", Count: 21, Of: 200}},
		},
		"creations are never withheld": {
			map[runs.Group]int{{Type: profile.Trust, Verb: runs.Create}: 5000}, two, nil,
		},
		"the first listing of a report": {
			map[runs.Group]int{{Type: profile.Trust, Verb: runs.Create}: 273}, runs.Situation{}, nil,
		},
		"what was undone, however little": {
			map[runs.Group]int{undone(icb): 1, icb: 1, undone(closing(profile.Trust)): 1},
			two,
			[]runs.Withheld{
				{Reason: runs.WasUndone, Type: profile.Trust, Field: "icb", Count: 1, Of: 200},
				{Reason: runs.WasUndone, Type: profile.Trust, Field: "status", Count: 1, Of: 200},
			},
		},
		"the guard's own reason comes first": {
			map[runs.Group]int{undone(icb): 11, icb: 10, undone(absent(profile.Trust)): 11},
			two,
			[]runs.Withheld{
				{Reason: runs.MassChange, Type: profile.Trust, Field: "icb", Count: 21, Of: 200},
				{Reason: runs.TooManyRemovals, Type: profile.Trust, Field: "status", Count: 11, Of: 200},
			},
		},
		"rows are sorted by type, field and reason": {
			map[runs.Group]int{
				undone(icb): 1, undone(updating(profile.Pharmacy, profile.FieldName)): 1, closing(profile.Trust): 11,
				undone(updating(profile.Pharmacy, profile.FieldAddress)): 1, reopeningTrusts(): 21,
			},
			two,
			[]runs.Withheld{
				{Reason: runs.WasUndone, Type: profile.Pharmacy, Field: "address", Count: 1, Of: 1000},
				{Reason: runs.WasUndone, Type: profile.Pharmacy, Field: "name", Count: 1, Of: 1000},
				{Reason: runs.WasUndone, Type: profile.Trust, Field: "icb", Count: 1, Of: 200},
				{Reason: runs.MassChange, Type: profile.Trust, Field: "status", Count: 21, Of: 200},
				{Reason: runs.TooManyRemovals, Type: profile.Trust, Field: "status", Count: 11, Of: 200},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.want == nil {
				c.want = []runs.Withheld{} // never null
			}
			require.Equal(t, c.want, judged(c.groups, c.at))
		})
	}
}

// Of 200 trusts twenty may change and ten be removed, those included that wait.
// What waits is not in the rows: the run that withheld it has told it.
func TestGuardMeasuresNewTogetherWithWhatWaits(t *testing.T) {
	t.Parallel()
	icb, closures := updating(profile.Trust, profile.FieldICB), closing(profile.Trust)
	address, pharmacies := updating(profile.Trust, profile.FieldAddress), closing(profile.Pharmacy)
	creations := runs.Group{Type: profile.Trust, Verb: runs.Create}
	again := icb
	again.Waits = runs.TooManyRemovals
	mass := func(field string, count int) []runs.Withheld {
		return []runs.Withheld{{Reason: runs.MassChange, Type: profile.Trust, Field: field, Count: count, Of: 200}}
	}
	removals := func(count int) []runs.Withheld {
		return []runs.Withheld{{Reason: runs.TooManyRemovals, Type: profile.Trust, Field: "status", Count: count, Of: 200}}
	}
	for name, c := range map[string]struct {
		groups, waiting map[runs.Group]int
		want            []runs.Withheld
	}{
		"nothing new":                      {nil, map[runs.Group]int{icb: 55, closures: 20}, []runs.Withheld{}},
		"few of few":                       {map[runs.Group]int{icb: 1}, map[runs.Group]int{icb: 19}, []runs.Withheld{}},
		"one more than ever":               {map[runs.Group]int{icb: 1}, map[runs.Group]int{icb: 20}, mass("icb", 1)},
		"of another field":                 {map[runs.Group]int{icb: 20}, map[runs.Group]int{address: 20}, []runs.Withheld{}},
		"of an address, as a fact":         {map[runs.Group]int{address: 1}, map[runs.Group]int{address: 20}, mass("address", 1)},
		"ten removals":                     {map[runs.Group]int{closures: 1}, map[runs.Group]int{closures: 9}, []runs.Withheld{}},
		"eleven removals":                  {map[runs.Group]int{closures: 1}, map[runs.Group]int{closures: 10}, removals(1)},
		"marks that wait are removals too": {map[runs.Group]int{closures: 1}, map[runs.Group]int{absent(profile.Trust): 10}, removals(1)},
		"removals of another type":         {map[runs.Group]int{closures: 10}, map[runs.Group]int{pharmacies: 10}, []runs.Withheld{}},
		"creations beside it":              {map[runs.Group]int{creations: 9}, map[runs.Group]int{icb: 50}, []runs.Withheld{}},
		"what waited keeps its reason, however little": {
			map[runs.Group]int{again: 1},
			nil,
			[]runs.Withheld{{Reason: runs.TooManyRemovals, Type: profile.Trust, Field: "icb", Count: 1, Of: 200}},
		},
		"what waited counts for what is new": {
			map[runs.Group]int{again: 20, icb: 1},
			nil,
			[]runs.Withheld{
				{Reason: runs.MassChange, Type: profile.Trust, Field: "icb", Count: 1, Of: 200},
				{Reason: runs.TooManyRemovals, Type: profile.Trust, Field: "icb", Count: 20, Of: 200},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := open(profile.Trust, 200)
			at.Waiting = c.waiting
			require.Equal(t, c.want, judged(c.groups, at))
		})
	}
}

// The two fields of a fact are one change of one profile.
func TestGuardCountsProfilesOfAFact(t *testing.T) {
	t.Parallel()
	var plan runs.Plan
	for n := range 21 {
		for _, f := range pairs[0].fields {
			plan.Changes = append(plan.Changes, runs.Change{
				Code: codeOf(n), Type: profile.Trust, Verb: runs.Update, Field: f, Old: "A", New: "B",
			})
		}
	}
	_, held, rows := screen(runs.DefaultGuard(), plan, open(profile.Trust, 200))
	require.Len(t, held, 42)
	require.Equal(t, []runs.Withheld{
		{Reason: runs.MassChange, Type: profile.Trust, Field: "address", Count: 21, Of: 200},
	}, rows)
	plan.Changes = plan.Changes[2:]
	_, held, _ = screen(runs.DefaultGuard(), plan, open(profile.Trust, 200))
	require.Empty(t, held, "twenty may move")
}

func TestShortListingIsOneRow(t *testing.T) {
	t.Parallel()
	trusts := open(profile.Trust, 200)
	trusts.Short = true
	both := runs.Situation{Open: map[profile.OrgType]int{profile.Trust: 200, profile.TrustSite: 20}, Short: true}
	none := runs.Situation{Short: true}
	for name, c := range map[string]struct {
		groups map[runs.Group]int
		at     runs.Situation
		want   []runs.Withheld
	}{
		"nothing to remove": {nil, trusts, []runs.Withheld{{Reason: runs.ShortListing, Type: profile.Trust, Of: 200}}},
		"nothing known":     {nil, none, []runs.Withheld{{Reason: runs.ShortListing}}},
		"one removal": {
			map[runs.Group]int{absent(profile.Trust): 1},
			trusts,
			[]runs.Withheld{{Reason: runs.ShortListing, Type: profile.Trust, Count: 1, Of: 200}},
		},
		"two types, every removal": {
			map[runs.Group]int{absent(profile.Trust): 50, absent(profile.TrustSite): 7, closing(profile.Trust): 1},
			both,
			[]runs.Withheld{{Reason: runs.ShortListing, Count: 58, Of: 220}},
		},
		"other changes are judged as usual": {
			map[runs.Group]int{
				absent(profile.Trust): 5, reopeningTrusts(): 1, updating(profile.Trust, profile.FieldICB): 23,
			},
			both,
			[]runs.Withheld{
				{Reason: runs.ShortListing, Count: 5, Of: 220},
				{Reason: runs.MassChange, Type: profile.Trust, Field: "icb", Count: 23, Of: 200},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, judged(c.groups, c.at))
		})
	}
}

func TestIsShort(t *testing.T) {
	t.Parallel()
	guard := runs.DefaultGuard()
	require.False(t, guard.IsShort(0, 0), "the first listing of a report")
	for last := 1; last < 30000; last += 7 {
		enough := (last*9 + 9) / 10 // 90 %, rounded up
		require.False(t, guard.IsShort(enough, last), "%d of %d", enough, last)
		require.True(t, guard.IsShort(enough-1, last), "%d of %d", enough-1, last)
	}
}

// What happened to trusts on 1 April 2026, in numbers: 55 of the 205 open ones
// moved ICB in one step, and 3 were renamed.
func TestFirstOfApril(t *testing.T) {
	t.Parallel()
	icb, name := updating(profile.Trust, profile.FieldICB), updating(profile.Trust, profile.FieldName)
	plan := planOf(map[runs.Group]int{icb: 55, name: 3, {Type: profile.Trust, Verb: runs.Create}: 1})
	apply, held, rows := screen(runs.DefaultGuard(), plan, open(profile.Trust, 205))
	require.Len(t, held, 55)
	require.Len(t, apply, 4)
	require.Equal(t, []runs.Withheld{
		{Reason: runs.MassChange, Type: profile.Trust, Field: "icb", Count: 55, Of: 205},
	}, rows)
	for _, c := range held {
		require.Equal(t, profile.FieldICB, c.Field)
	}
}

// The same from the register's own files, in today's layout of trusts, which has
// no status column (connectors/ods/CONTRACT.md "Mass changes").
func TestFirstOfAprilOfRealTrusts(t *testing.T) {
	t.Parallel()
	w := newWorld(realTrusts(t, "etr_2025-12-29.csv")...)
	w.day = profile.NewDate(2025, 12, 29)
	first := w.trusts()
	apply, held, rows := screen(runs.DefaultGuard(), first, runs.Situation{})
	require.Equal(t, first.Changes, apply)
	require.Empty(t, held)
	require.Empty(t, rows)
	require.Len(t, apply, 205)
	w.apply(t, first)
	for _, r := range realTrusts(t, "etr_2026-04-09.csv") {
		w.register[r.Code] = r
	}
	w.day = profile.NewDate(2026, 4, 9)
	plan := w.trusts()
	apply, _, rows = screen(runs.DefaultGuard(), plan, open(profile.Trust, 205))
	require.Equal(t, []runs.Withheld{
		{Reason: runs.MassChange, Type: profile.Trust, Field: "icb", Count: 55, Of: 205},
	}, rows)
	counts, pending := map[string]int{}, 0
	for _, verb := range verbs(apply) {
		counts[verb]++
	}
	for _, o := range plan.Outcomes {
		if !o.PendingSince.IsZero() {
			pending++
		}
	}
	require.Equal(t, map[string]int{"update name": 3, "update address": 1}, counts)
	require.Equal(t, 3, pending, "three closures at their first look")
}

// trusts is a look at a register of trusts.
func (w *world) trusts() runs.Plan {
	in := w.input()
	in.ProfileTypes = []profile.OrgType{profile.Trust}
	return runs.Compute(in)
}

func realTrusts(t *testing.T, file string) (records []profile.Record) {
	t.Helper()
	source, err := os.Open(realdata.Path(t, "ods", "dse", file))
	require.NoError(t, err)
	defer source.Close()
	rows, err := csv.NewReader(source).ReadAll()
	require.NoError(t, err)
	for _, row := range rows {
		r := profile.Record{Code: profile.ODSCode(row[0])}
		r.Opened, err = profile.ParseCompactDate(row[10])
		require.NoError(t, err)
		r.Closed, err = profile.ParseCompactDate(row[11])
		require.NoError(t, err)
		r.Values.Set(profile.FieldName, row[1])
		r.Values.Set(profile.FieldRegion, row[2])
		r.Values.Set(profile.FieldICB, row[3])
		r.Values.Set(profile.FieldAddress, addressIn(row))
		r.Values.Set(profile.FieldPostcode, row[9])
		r.Values.Set(profile.FieldType, string(profile.Trust))
		records = append(records, r)
	}
	return records
}

func addressIn(row []string) string {
	lines := slices.DeleteFunc(slices.Clone(row[4:9]), func(line string) bool { return line == "" })
	return strings.Join(lines, "\n")
}

func TestDriftAlarm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                      string
		checked, missing, drifted int
		want                      string
	}{
		{name: "nothing checked"},
		{name: "nothing differs", checked: 1000},
		{name: "one in ten", checked: 1000, drifted: 100},
		{name: "more", checked: 1000, drifted: 101, want: "the sink differs for 101 of 1000 profiles"},
		{name: "missing and differing together", checked: 1000, missing: 51, drifted: 50, want: "the sink differs for 101 of 1000 profiles"},
		{name: "ten are always allowed", checked: 10, missing: 10},
		{name: "so few that all may differ", checked: 10, drifted: 10},
		{name: "eleven of eleven", checked: 11, missing: 11, want: "the sink shows none of 11 profiles"},
		{name: "an empty sink", checked: 11161, missing: 11161, want: "the sink shows none of 11161 profiles"},
		{name: "an almost empty sink", checked: 1000, missing: 999, want: "the sink differs for 999 of 1000 profiles"},
	} {
		require.Equal(t, c.want, runs.DefaultGuard().DriftAlarm(c.checked, c.missing, c.drifted), c.name)
	}
}
