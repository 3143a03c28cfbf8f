package reconcile_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile"
)

// today is the day on which most tests stand.
var today = reconcile.NewDate(2026, time.March, 31)

// kept are the types that have a profile in these tests. A GP practice that
// leaves its role has no type; an optician has one that is not kept.
var kept = []reconcile.OrgType{reconcile.Pharmacy, reconcile.GPPractice}

// world is the store in a few lines: the register, the profiles, and what is
// remembered between runs.
type world struct {
	day      reconcile.Date
	register map[reconcile.ODSCode]reconcile.Record
	profiles map[reconcile.ODSCode]reconcile.Profile
	accepted map[reconcile.ODSCode]reconcile.Record
	outcomes map[reconcile.ODSCode]reconcile.Outcome
	marks    map[reconcile.ODSCode][]reconcile.Mark
}

func newWorld(records ...reconcile.Record) *world {
	w := &world{
		day:      today,
		register: make(map[reconcile.ODSCode]reconcile.Record),
		profiles: make(map[reconcile.ODSCode]reconcile.Profile),
		accepted: make(map[reconcile.ODSCode]reconcile.Record),
		outcomes: make(map[reconcile.ODSCode]reconcile.Outcome),
		marks:    make(map[reconcile.ODSCode][]reconcile.Mark),
	}
	for _, r := range records {
		w.register[r.Code] = r
	}
	return w
}

// input is a look at everything the register lists.
func (w *world) input() reconcile.Input {
	in := reconcile.Input{AsOf: w.day, Look: true, Kept: kept}
	for _, code := range slices.Sorted(maps.Keys(w.register)) {
		item := reconcile.Item{
			Upstream: w.register[code], Marks: w.marks[code], PendingSince: w.outcomes[code].PendingSince,
		}
		if base, ok := w.accepted[code]; ok {
			item.Base = &base
		}
		if local, ok := w.profiles[code]; ok {
			item.Local = &local
		}
		in.Items = append(in.Items, item)
	}
	return in
}

func (w *world) compute() reconcile.Plan { return reconcile.Compute(w.input()) }

// apply does what the store does with a plan, less what stays withheld because
// a person took it back before.
func (w *world) apply(t require.TestingT, plan reconcile.Plan) (applied []reconcile.Change) {
	for _, o := range plan.Outcomes {
		w.accepted[o.Code], w.outcomes[o.Code] = w.register[o.Code], o
	}
	for _, c := range plan.Changes {
		if c.Undone {
			w.withhold(c)
			continue
		}
		w.write(t, c)
		applied = append(applied, c)
	}
	return applied
}

// withhold does what the store does with a change that the guard held back: the
// profile did not take the value.
func (w *world) withhold(c reconcile.Change) {
	base := w.accepted[c.Code]
	base.Values.Forget(c.Field)
	w.accepted[c.Code] = base
}

func (w *world) write(t require.TestingT, c reconcile.Change) {
	profile, exists := w.profiles[c.Code]
	if c.Verb == reconcile.Create {
		require.False(t, exists, "created twice: %v", c)
		profile.Code = c.Code
		require.NoError(t, json.Unmarshal([]byte(c.New), &profile.Values))
		profile.Values.Set(reconcile.FieldHidden, "false")
	} else {
		require.True(t, exists, "changed without a profile: %v", c)
		require.Equal(t, c.Old, profile.Values.Get(c.Field), "%v", c)
		profile.Values.Set(c.Field, c.New)
	}
	w.profiles[c.Code] = profile
	if c.Verb == reconcile.Close {
		outcome := w.outcomes[c.Code]
		outcome.PendingSince = reconcile.Date{}
		w.outcomes[c.Code] = outcome
	}
}

// pull compares and applies, then lets a day pass.
func (w *world) pull(t require.TestingT) reconcile.Plan {
	plan := w.compute()
	w.apply(t, plan)
	w.day = w.day.AddDays(1)
	return plan
}

// edit is what a person does in the web application.
func (w *world) edit(code reconcile.ODSCode, f reconcile.Field, value string) {
	profile, ok := w.profiles[code]
	if !ok {
		return
	}
	profile.Values.Set(f, value)
	w.profiles[code] = profile
}

var codes = []reconcile.ODSCode{"FA001", "FA002", "FA003", "P81001", "P81002", "RX1", "VL001", "Y00001"}

// samples are values of each field, with noise between some of them.
var samples = map[reconcile.Field][]string{
	reconcile.FieldName:     {"BOOTS", "Boots", "ST MARY'S PHARMACY", "St Marys Pharmacy", "THE HEALTH CENTRE"},
	reconcile.FieldAddress:  {"1 HIGH STREET\nLEEDS", "1 High Street, Leeds", "1 HIGH STREET\nLEEDS\nWEST YORKSHIRE", "2 MILL LANE\nYORK"},
	reconcile.FieldPostcode: {"LS1 1AA", "LS11AA", "YO1 7HH"},
	reconcile.FieldType:     {"pharmacy", "pharmacy", "gp-practice", "optical-site"},
	reconcile.FieldRoles:    {"RO182", "RO177|RO76", "RO177"},
	reconcile.FieldICB:      {"QWO", "QOQ", "Z9B2Z"},
	reconcile.FieldParent:   {"P08F", "p08f", "P091"},
	reconcile.FieldPhone:    {"0113 496 0000", "+44 113 4960000", "01904 000000"},
	reconcile.FieldWebsite:  {"https://example.org/", "https://EXAMPLE.org"},
}

// valueOf draws a value of a field, sometimes an empty one.
func valueOf(f reconcile.Field) *rapid.Generator[string] {
	pool := samples[f]
	if pool == nil {
		pool = []string{"a", "b"}
	}
	return rapid.SampledFrom(append([]string{""}, pool...))
}

// nearby are days before, on and after today, and none.
func nearby() *rapid.Generator[reconcile.Date] {
	return rapid.Custom(func(t *rapid.T) reconcile.Date {
		if rapid.Bool().Draw(t, "no date") {
			return reconcile.Date{}
		}
		return today.AddDays(rapid.SampledFrom([]int{-400, -1, 0, 1, 60}).Draw(t, "days"))
	})
}

func recordOf(code reconcile.ODSCode) *rapid.Generator[reconcile.Record] {
	return rapid.Custom(func(t *rapid.T) reconcile.Record {
		r := reconcile.Record{
			Code: code,
			Standing: rapid.SampledFrom([]reconcile.Standing{
				reconcile.Active, reconcile.Active, reconcile.Alive, reconcile.Inactive, reconcile.Dormant, reconcile.Proposed, reconcile.Unstated,
			}).Draw(t, "standing"),
			Opened: nearby().Draw(t, "opened"),
			Closed: nearby().Draw(t, "closed"),
		}
		for _, f := range reconcile.Fields() {
			if f != reconcile.FieldStatus && rapid.IntRange(0, 3).Draw(t, "states") > 0 {
				r.Values.Set(f, valueOf(f).Draw(t, f.String()))
			}
		}
		return r
	})
}

func profileOf(code reconcile.ODSCode) *rapid.Generator[reconcile.Profile] {
	return rapid.Custom(func(t *rapid.T) reconcile.Profile {
		p := reconcile.Profile{Code: code}
		for _, f := range reconcile.Fields() {
			p.Values.Set(f, valueOf(f).Draw(t, f.String()))
		}
		p.Values.Set(reconcile.FieldStatus, string(statuses().Draw(t, "status")))
		p.Values.Set(reconcile.FieldHidden, "false")
		return p
	})
}

func statuses() *rapid.Generator[reconcile.Status] {
	return rapid.SampledFrom([]reconcile.Status{reconcile.StatusOpen, reconcile.StatusOpen, reconcile.StatusDormant, reconcile.StatusClosed})
}

// worlds draws a store in any state: some records new, some accepted in
// another form, some pending, profiles agreeing with nothing.
func worlds() *rapid.Generator[*world] {
	return rapid.Custom(func(t *rapid.T) *world {
		w := newWorld()
		for _, code := range rapid.SliceOfNDistinct(rapid.SampledFrom(codes), 1, 4, rapid.ID).Draw(t, "codes") {
			w.register[code] = recordOf(code).Draw(t, "record")
			if rapid.IntRange(0, 3).Draw(t, "new") == 0 {
				continue
			}
			w.profiles[code] = profileOf(code).Draw(t, "profile")
			w.accepted[code] = recordOf(code).Draw(t, "base")
			if rapid.Bool().Draw(t, "pending") {
				since := today.AddDays(-rapid.IntRange(0, 2).Draw(t, "since"))
				w.outcomes[code] = reconcile.Outcome{Code: code, PendingSince: since}
			}
		}
		return w
	})
}

// decide adds people's decisions to a world.
func (w *world) decide(t *rapid.T) {
	for code := range w.profiles {
		if rapid.Bool().Draw(t, "undecided") {
			continue
		}
		f := rapid.SampledFrom([]reconcile.Field{reconcile.FieldName, reconcile.FieldStatus, reconcile.FieldICB}).Draw(t, "decided field")
		value := valueOf(f).Draw(t, "decided")
		if f == reconcile.FieldStatus {
			value = string(statuses().Draw(t, "decided"))
		}
		w.marks[code] = append(w.marks[code], reconcile.Mark{
			Field: f, Value: value, Until: nearby().Draw(t, "until"),
			Verdict: rapid.SampledFrom([]reconcile.Verdict{
				reconcile.VerdictHeld, reconcile.VerdictRejected, reconcile.VerdictUndone,
			}).Draw(t, "verdict"),
		})
	}
}

// codeOf numbers organisations.
func codeOf(n int) reconcile.ODSCode { return reconcile.ODSCode(fmt.Sprintf("N%05d", n)) }
