package reconcile_test

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/realdata"
	"github.com/profilesync/profilesync/reconcile"
)

// judged is what the default guard says of groups, as the rows that people see.
func judged(groups map[reconcile.Group]int, at reconcile.Situation) []reconcile.Withheld {
	return reconcile.Summarise(groups, reconcile.DefaultGuard().Judge(groups, at), at)
}

func open(t reconcile.OrgType, count int) reconcile.Situation {
	return reconcile.Situation{Open: map[reconcile.OrgType]int{t: count}}
}

func closing(t reconcile.OrgType) reconcile.Group {
	return reconcile.Group{Type: t, Verb: reconcile.Close, Field: reconcile.FieldStatus}
}

func absent(t reconcile.OrgType) reconcile.Group {
	return reconcile.Group{Type: t, Verb: reconcile.Missing}
}

func updating(t reconcile.OrgType, f reconcile.Field) reconcile.Group {
	return reconcile.Group{Type: t, Verb: reconcile.Update, Field: f}
}

func reopeningTrusts() reconcile.Group {
	return reconcile.Group{Type: reconcile.Trust, Verb: reconcile.Reopen, Field: reconcile.FieldStatus}
}

func undone(g reconcile.Group) reconcile.Group {
	g.Undone = true
	return g
}

// The edges of max(10, 2 %) and max(10, 10 %), for all sizes that matter.
func TestGuardFloorsAndShares(t *testing.T) {
	t.Parallel()
	guard := reconcile.DefaultGuard()
	withheld := func(g reconcile.Group, count, population int) bool {
		return guard.Judge(map[reconcile.Group]int{g: count}, open(g.Type, population))[g] != reconcile.NotWithheld
	}
	for population := range 3000 {
		for group, allowed := range map[reconcile.Group]int{
			closing(reconcile.Trust):                       max(10, population*2/100),
			absent(reconcile.Trust):                        max(10, population*2/100),
			updating(reconcile.Trust, reconcile.FieldName): max(10, population*10/100),
			reopeningTrusts():                              max(10, population*10/100),
		} {
			require.False(t, withheld(group, allowed, population), "%v: %d of %d", group, allowed, population)
			require.True(t, withheld(group, allowed+1, population), "%v: %d of %d", group, allowed+1, population)
		}
	}
}

func TestGuardJudges(t *testing.T) {
	t.Parallel()
	two := reconcile.Situation{Open: map[reconcile.OrgType]int{reconcile.Pharmacy: 1000, reconcile.Trust: 200}}
	icb := updating(reconcile.Trust, reconcile.FieldICB)
	for name, c := range map[string]struct {
		groups map[reconcile.Group]int
		at     reconcile.Situation
		want   []reconcile.Withheld
	}{
		"closures and missing marks add up": {
			map[reconcile.Group]int{closing(reconcile.Trust): 6, absent(reconcile.Trust): 5},
			two,
			[]reconcile.Withheld{{Reason: reconcile.TooManyRemovals, Type: reconcile.Trust, Field: "status", Count: 11, Of: 200}},
		},
		"removals are counted by type": {
			map[reconcile.Group]int{closing(reconcile.Trust): 10, closing(reconcile.Pharmacy): 20}, two, nil,
		},
		"one type's removals leave the other's alone": {
			map[reconcile.Group]int{closing(reconcile.Trust): 10, closing(reconcile.Pharmacy): 21},
			two,
			[]reconcile.Withheld{{Reason: reconcile.TooManyRemovals, Type: reconcile.Pharmacy, Field: "status", Count: 21, Of: 1000}},
		},
		"fields are counted by type": {
			map[reconcile.Group]int{icb: 21, updating(reconcile.Pharmacy, reconcile.FieldICB): 50},
			two,
			[]reconcile.Withheld{{Reason: reconcile.MassChange, Type: reconcile.Trust, Field: "icb", Count: 21, Of: 200}},
		},
		"only that field is withheld": {
			map[reconcile.Group]int{icb: 21, updating(reconcile.Trust, reconcile.FieldName): 20},
			two,
			[]reconcile.Withheld{{Reason: reconcile.MassChange, Type: reconcile.Trust, Field: "icb", Count: 21, Of: 200}},
		},
		"and over the whole report": {
			map[reconcile.Group]int{icb: 10, updating(reconcile.Pharmacy, reconcile.FieldICB): 10},
			reconcile.Situation{Open: map[reconcile.OrgType]int{reconcile.Pharmacy: 10, reconcile.Trust: 10}},
			[]reconcile.Withheld{
				{Reason: reconcile.MassChange, Type: reconcile.Pharmacy, Field: "icb", Count: 10, Of: 10},
				{Reason: reconcile.MassChange, Type: reconcile.Trust, Field: "icb", Count: 10, Of: 10},
			},
		},
		"reopening and falling asleep add up, closing does not": {
			map[reconcile.Group]int{
				reopeningTrusts(): 11, {Type: reconcile.Trust, Verb: reconcile.ToSleep, Field: reconcile.FieldStatus}: 10,
				closing(reconcile.Trust): 10,
			},
			two,
			[]reconcile.Withheld{{Reason: reconcile.MassChange, Type: reconcile.Trust, Field: "status", Count: 21, Of: 200}},
		},
		"creations are never withheld": {
			map[reconcile.Group]int{{Type: reconcile.Trust, Verb: reconcile.Create}: 5000}, two, nil,
		},
		"the first listing of a report": {
			map[reconcile.Group]int{{Type: reconcile.Trust, Verb: reconcile.Create}: 273}, reconcile.Situation{}, nil,
		},
		"what was undone, however little": {
			map[reconcile.Group]int{undone(icb): 1, icb: 1, undone(closing(reconcile.Trust)): 1},
			two,
			[]reconcile.Withheld{
				{Reason: reconcile.WasUndone, Type: reconcile.Trust, Field: "icb", Count: 1, Of: 200},
				{Reason: reconcile.WasUndone, Type: reconcile.Trust, Field: "status", Count: 1, Of: 200},
			},
		},
		"the guard's own reason comes first": {
			map[reconcile.Group]int{undone(icb): 11, icb: 10, undone(absent(reconcile.Trust)): 11},
			two,
			[]reconcile.Withheld{
				{Reason: reconcile.MassChange, Type: reconcile.Trust, Field: "icb", Count: 21, Of: 200},
				{Reason: reconcile.TooManyRemovals, Type: reconcile.Trust, Field: "status", Count: 11, Of: 200},
			},
		},
		"rows are sorted by type, field and reason": {
			map[reconcile.Group]int{
				undone(icb): 1, undone(updating(reconcile.Pharmacy, reconcile.FieldName)): 1, closing(reconcile.Trust): 11,
				undone(updating(reconcile.Pharmacy, reconcile.FieldAddress)): 1, reopeningTrusts(): 21,
			},
			two,
			[]reconcile.Withheld{
				{Reason: reconcile.WasUndone, Type: reconcile.Pharmacy, Field: "address", Count: 1, Of: 1000},
				{Reason: reconcile.WasUndone, Type: reconcile.Pharmacy, Field: "name", Count: 1, Of: 1000},
				{Reason: reconcile.WasUndone, Type: reconcile.Trust, Field: "icb", Count: 1, Of: 200},
				{Reason: reconcile.MassChange, Type: reconcile.Trust, Field: "status", Count: 21, Of: 200},
				{Reason: reconcile.TooManyRemovals, Type: reconcile.Trust, Field: "status", Count: 11, Of: 200},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.want == nil {
				c.want = []reconcile.Withheld{} // never null
			}
			require.Equal(t, c.want, judged(c.groups, c.at))
		})
	}
}

func TestShortListingIsOneRow(t *testing.T) {
	t.Parallel()
	trusts := open(reconcile.Trust, 200)
	trusts.Short = true
	both := reconcile.Situation{Open: map[reconcile.OrgType]int{reconcile.Trust: 200, reconcile.TrustSite: 20}, Short: true}
	none := reconcile.Situation{Short: true}
	for name, c := range map[string]struct {
		groups map[reconcile.Group]int
		at     reconcile.Situation
		want   []reconcile.Withheld
	}{
		"nothing to remove": {nil, trusts, []reconcile.Withheld{{Reason: reconcile.ShortListing, Type: reconcile.Trust, Of: 200}}},
		"nothing known":     {nil, none, []reconcile.Withheld{{Reason: reconcile.ShortListing}}},
		"one removal": {
			map[reconcile.Group]int{absent(reconcile.Trust): 1},
			trusts,
			[]reconcile.Withheld{{Reason: reconcile.ShortListing, Type: reconcile.Trust, Count: 1, Of: 200}},
		},
		"two types, every removal": {
			map[reconcile.Group]int{absent(reconcile.Trust): 50, absent(reconcile.TrustSite): 7, closing(reconcile.Trust): 1},
			both,
			[]reconcile.Withheld{{Reason: reconcile.ShortListing, Count: 58, Of: 220}},
		},
		"other changes are judged as usual": {
			map[reconcile.Group]int{
				absent(reconcile.Trust): 5, reopeningTrusts(): 1, updating(reconcile.Trust, reconcile.FieldICB): 23,
			},
			both,
			[]reconcile.Withheld{
				{Reason: reconcile.ShortListing, Count: 5, Of: 220},
				{Reason: reconcile.MassChange, Type: reconcile.Trust, Field: "icb", Count: 23, Of: 200},
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
	guard := reconcile.DefaultGuard()
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
	icb, name := updating(reconcile.Trust, reconcile.FieldICB), updating(reconcile.Trust, reconcile.FieldName)
	plan := planOf(map[reconcile.Group]int{icb: 55, name: 3, {Type: reconcile.Trust, Verb: reconcile.Create}: 1})
	apply, held, rows := reconcile.DefaultGuard().Screen(plan, open(reconcile.Trust, 205))
	require.Len(t, held, 55)
	require.Len(t, apply, 4)
	require.Equal(t, []reconcile.Withheld{
		{Reason: reconcile.MassChange, Type: reconcile.Trust, Field: "icb", Count: 55, Of: 205},
	}, rows)
	for _, c := range held {
		require.Equal(t, reconcile.FieldICB, c.Field)
	}
}

// The same from the register's own files, in today's layout of trusts, which has
// no status column (connectors/ods/CONTRACT.md "Mass changes").
func TestFirstOfAprilOfRealTrusts(t *testing.T) {
	t.Parallel()
	w := newWorld(realTrusts(t, "etr_2025-12-29.csv")...)
	w.day = reconcile.NewDate(2025, 12, 29)
	first := w.trusts()
	apply, held, rows := reconcile.DefaultGuard().Screen(first, reconcile.Situation{})
	require.Equal(t, first.Changes, apply)
	require.Empty(t, held)
	require.Empty(t, rows)
	require.Len(t, apply, 205)
	w.apply(t, first)
	for _, r := range realTrusts(t, "etr_2026-04-09.csv") {
		w.register[r.Code] = r
	}
	w.day = reconcile.NewDate(2026, 4, 9)
	plan := w.trusts()
	apply, _, rows = reconcile.DefaultGuard().Screen(plan, open(reconcile.Trust, 205))
	require.Equal(t, []reconcile.Withheld{
		{Reason: reconcile.MassChange, Type: reconcile.Trust, Field: "icb", Count: 55, Of: 205},
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
func (w *world) trusts() reconcile.Plan {
	in := w.input()
	in.Kept = []reconcile.OrgType{reconcile.Trust}
	return reconcile.Compute(in)
}

func realTrusts(t *testing.T, file string) (records []reconcile.Record) {
	t.Helper()
	source, err := os.Open(realdata.Path(t, "ods", "dse", file))
	require.NoError(t, err)
	defer source.Close()
	rows, err := csv.NewReader(source).ReadAll()
	require.NoError(t, err)
	for _, row := range rows {
		r := reconcile.Record{Code: reconcile.ODSCode(row[0])}
		r.Opened, err = reconcile.ParseCompactDate(row[10])
		require.NoError(t, err)
		r.Closed, err = reconcile.ParseCompactDate(row[11])
		require.NoError(t, err)
		r.Values.Set(reconcile.FieldName, row[1])
		r.Values.Set(reconcile.FieldRegion, row[2])
		r.Values.Set(reconcile.FieldICB, row[3])
		r.Values.Set(reconcile.FieldAddress, addressIn(row))
		r.Values.Set(reconcile.FieldPostcode, row[9])
		r.Values.Set(reconcile.FieldType, string(reconcile.Trust))
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
		require.Equal(t, c.want, reconcile.DefaultGuard().DriftAlarm(c.checked, c.missing, c.drifted), c.name)
	}
}
