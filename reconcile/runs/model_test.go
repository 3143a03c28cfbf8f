package runs_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// today is the day on which most tests stand.
var today = profile.NewDate(2026, time.March, 31)

// kept are the types that have a profile in these tests. A GP practice that
// leaves its role has no type; an optician has one that is not kept.
var kept = []profile.OrgType{profile.Pharmacy, profile.GPPractice}

// world is the store in a few lines: the register, the profiles, and what is
// remembered between runs.
type world struct {
	report            // the one that is read
	others   []report // of the same register
	day      profile.Date
	profiles map[profile.ODSCode]profile.Profile
	marks    map[profile.ODSCode][]runs.Mark
	waiting  map[profile.ODSCode][]runs.Waiting
	ahead    map[profile.ODSCode][]runs.Ahead
	run      runs.ID // the last run
}

func newWorld(records ...profile.Record) *world {
	w := &world{
		report:   newReport(),
		day:      today,
		profiles: make(map[profile.ODSCode]profile.Profile),
		marks:    make(map[profile.ODSCode][]runs.Mark),
		waiting:  make(map[profile.ODSCode][]runs.Waiting),
		ahead:    make(map[profile.ODSCode][]runs.Ahead),
	}
	for _, r := range records {
		w.register[r.Code] = r
	}
	return w
}

// input is a look at everything the register lists.
func (w *world) input() runs.Input {
	in := runs.Input{AsOf: w.day, CountsAsLook: true, ProfileTypes: kept}
	for _, code := range slices.Sorted(maps.Keys(w.register)) {
		item := runs.Item{
			Upstream: w.register[code], Marks: w.marks[code], PendingSince: w.pendingSince(code),
			Waiting: slices.Clone(w.waiting[code]), Ahead: w.ahead[code],
		}
		item.Base = w.base(code)
		if local, ok := w.profiles[code]; ok {
			item.Local = &local
		}
		in.Items = append(in.Items, item)
	}
	return in
}

func (w *world) compute() runs.Plan { return runs.Compute(w.input()) }

// unlimited withholds only what a person decided on, or has to.
var unlimited = runs.Guard{Floor: 1_000_000}

// apply does what the store does with a plan that the guard has no limit for.
func (w *world) apply(t require.TestingT, plan runs.Plan) (applied []runs.Change) {
	applied, _, _ = w.judgeAndApply(t, plan, unlimited, false)
	return applied
}

// judgeAndApply does what the store does with a plan: what the guard withholds
// waits, what has ended waits no longer, the rest is applied.
func (w *world) judgeAndApply(t require.TestingT, plan runs.Plan, guard runs.Guard, short bool) (
	applied []runs.Change, held []runs.Waiting, rows []runs.Withheld,
) {
	w.run++
	for _, ended := range plan.Ended {
		w.settle(ended.Change)
	}
	for _, lifted := range plan.Lifted {
		w.marks[lifted.Code] = slices.DeleteFunc(w.marks[lifted.Code], func(m runs.Mark) bool {
			return m.Verdict == runs.VerdictRejected && m.Field == lifted.Field
		})
	}
	at := w.situation()
	at.Short = short
	applied, held, rows = screen(guard, plan, at)
	for _, o := range plan.Outcomes {
		w.accepted[o.Code], w.outcomes[o.Code], w.compared[o.Code] = w.register[o.Code], o, w.run
	}
	for _, c := range applied {
		if c.Verb == runs.Close {
			w.endAllOf(c.Code)
			held = slices.DeleteFunc(held, func(h runs.Waiting) bool { return h.Code == c.Code })
		}
	}
	for i := range held {
		held[i].Run = w.run
		w.waiting[held[i].Code] = append(w.waiting[held[i].Code], held[i])
	}
	for _, c := range applied {
		w.write(t, c)
	}
	return applied, held, rows
}

// settle ends the wait of a change.
func (w *world) settle(c runs.Change) {
	w.waiting[c.Code] = slices.DeleteFunc(w.waiting[c.Code], func(waiting runs.Waiting) bool {
		return waiting.Digest() == c.Digest()
	})
}

// endAllOf ends what waits of a profile that is closed.
func (w *world) endAllOf(code profile.ODSCode) { delete(w.waiting, code) }

// situation counts the open profiles and what waits.
func (w *world) situation() runs.Situation {
	at := runs.Situation{Open: make(map[profile.OrgType]int)}
	for _, p := range w.profiles {
		if p.Status() != profile.StatusClosed {
			at.Open[p.Type()]++
		}
	}
	at.Waiting = groupsIn(w.allWaiting())
	return at
}

// allWaiting is everything that waits, by code.
func (w *world) allWaiting() (changes []runs.Change) {
	for _, code := range slices.Sorted(maps.Keys(w.waiting)) {
		changes = append(changes, changesOf(w.waiting[code])...)
	}
	return changes
}

func changesOf(waiting []runs.Waiting) (changes []runs.Change) {
	for _, w := range waiting {
		changes = append(changes, w.Change)
	}
	return changes
}

// groupOf is what the guard counts a change as.
func groupOf(c runs.Change) runs.Group {
	return runs.Group{Type: c.Type, Verb: c.Verb, Fact: c.Field.Fact(), Undone: c.Undone, Waits: c.Waits, Ahead: c.Ahead != 0}
}

// groupsIn counts the profiles of each group.
func groupsIn(changes []runs.Change) map[runs.Group]int {
	profiles := make(map[runs.Group]map[profile.ODSCode]bool)
	for _, c := range changes {
		if profiles[groupOf(c)] == nil {
			profiles[groupOf(c)] = make(map[profile.ODSCode]bool)
		}
		profiles[groupOf(c)][c.Code] = true
	}
	groups := make(map[runs.Group]int)
	for group, in := range profiles {
		groups[group] = len(in)
	}
	return groups
}

// screen splits a plan into what may be applied and what is withheld, as the
// store does with one that does not fit in memory.
func screen(guard runs.Guard, plan runs.Plan, at runs.Situation) (apply []runs.Change, held []runs.Waiting, rows []runs.Withheld) {
	groups := groupsIn(plan.Changes)
	verdicts := guard.Judge(groups, at)
	staysClosed := make(map[profile.ODSCode]bool)
	for _, c := range plan.Changes {
		if c.Old == string(profile.StatusClosed) && verdicts[groupOf(c)] != runs.NotWithheld {
			staysClosed[c.Code] = true
		}
	}
	if len(staysClosed) > 0 {
		plan.Changes = slices.DeleteFunc(slices.Clone(plan.Changes), func(c runs.Change) bool {
			return c.Verb == runs.Update && staysClosed[c.Code]
		})
		groups = groupsIn(plan.Changes)
		verdicts = guard.Judge(groups, at)
	}
	for _, c := range plan.Changes {
		if reason := verdicts[groupOf(c)]; reason != runs.NotWithheld {
			held = append(held, runs.Waiting{Change: c, Withheld: reason})
		} else {
			apply = append(apply, c)
		}
	}
	return apply, held, runs.Summarise(groups, verdicts, at)
}

func (w *world) write(t require.TestingT, c runs.Change) {
	p, exists := w.profiles[c.Code]
	if c.Verb == runs.Create {
		require.False(t, exists, "created twice: %v", c)
		p.Code = c.Code
		require.NoError(t, json.Unmarshal([]byte(c.New), &p.Values))
		p.Values.Set(profile.FieldHidden, "false")
	} else {
		require.True(t, exists, "changed without a profile: %v", c)
		require.Equal(t, c.Old, p.Values.Get(c.Field), "%v", c)
		p.Values.Set(c.Field, c.New)
	}
	w.profiles[c.Code] = p
	if c.Verb == runs.Close {
		for _, r := range w.reports() {
			outcome := r.outcomes[c.Code]
			outcome.PendingSince = profile.Date{}
			r.outcomes[c.Code] = outcome
		}
	}
}

// approve applies what is chosen of what waits. Runs that approve compare again
// as if nothing waited, and the guard has no say in it.
func (w *world) approve(t require.TestingT, chosen []runs.Change) (applied, left []runs.Change) {
	in := w.input()
	for i := range in.Items {
		in.Items[i].Waiting, in.Items[i].Upstream = nil, w.stored(in.Items[i].Upstream.Code)
	}
	applied, left = runs.Approve(chosen, runs.Compute(in))
	for _, c := range applied {
		w.settle(c)
		w.write(t, c)
		w.marks[c.Code] = slices.DeleteFunc(w.marks[c.Code], func(m runs.Mark) bool { return m.Field.Fact() == c.Field.Fact() })
	}
	return applied, left
}

// reject silences what is chosen of what waits.
func (w *world) reject(chosen []runs.Change) {
	for _, c := range chosen {
		w.settle(c)
		w.marks[c.Code] = append(w.marks[c.Code], decided(runs.VerdictRejected, c.Field, c.New))
	}
}

// undo takes changes back and remembers it.
func (w *world) undo(t require.TestingT, applied []runs.Change) (plan runs.Plan, left []runs.Change) {
	plan, left = runs.Undo(applied, w.profiles)
	for _, c := range w.apply(t, plan) {
		if c.Field != profile.FieldHidden {
			w.marks[c.Code] = append(w.marks[c.Code], decided(runs.VerdictUndone, c.Field, c.Old))
		}
	}
	return plan, left
}

// pull compares and applies, then lets a day pass.
func (w *world) pull(t require.TestingT) runs.Plan {
	plan := w.compute()
	w.apply(t, plan)
	w.day = w.day.AddDays(1)
	return plan
}

// edit is what a person does in the web application.
func (w *world) edit(code profile.ODSCode, f profile.Field, value string) {
	profile, ok := w.profiles[code]
	if !ok {
		return
	}
	profile.Values.Set(f, value)
	w.profiles[code] = profile
}

var codes = []profile.ODSCode{"FA001", "FA002", "FA003", "P81001", "P81002", "RX1", "VL001", "Y00001"}

// samples are values of each field, with noise between some of them.
var samples = map[profile.Field][]string{
	profile.FieldName:     {"BOOTS", "Boots", "ST MARY'S PHARMACY", "St Marys Pharmacy", "THE HEALTH CENTRE"},
	profile.FieldAddress:  {"1 HIGH STREET\nLEEDS", "1 High Street, Leeds", "1 HIGH STREET\nLEEDS\nWEST YORKSHIRE", "2 MILL LANE\nYORK"},
	profile.FieldPostcode: {"LS1 1AA", "LS11AA", "YO1 7HH"},
	profile.FieldType:     {"pharmacy", "pharmacy", "gp-practice", "optical-site"},
	profile.FieldRoles:    {"RO182", "RO177|RO76", "RO177"},
	profile.FieldICB:      {"QWO", "QOQ", "Z9B2Z"},
	profile.FieldParent:   {"P08F", "p08f", "P091"},
	profile.FieldPhone:    {"0113 496 0000", "+44 113 4960000", "01904 000000"},
	profile.FieldWebsite:  {"https://example.org/", "https://EXAMPLE.org"},
}

// valueOf draws a value of a field, sometimes an empty one.
func valueOf(f profile.Field) *rapid.Generator[string] {
	pool := samples[f]
	if pool == nil {
		pool = []string{"a", "b"}
	}
	return rapid.SampledFrom(append([]string{""}, pool...))
}

// nearby are days before, on and after today, and none.
func nearby() *rapid.Generator[profile.Date] {
	return rapid.Custom(func(t *rapid.T) profile.Date {
		if rapid.Bool().Draw(t, "no date") {
			return profile.Date{}
		}
		return today.AddDays(rapid.SampledFrom([]int{-400, -1, 0, 1, 60}).Draw(t, "days"))
	})
}

func recordOf(code profile.ODSCode) *rapid.Generator[profile.Record] {
	return rapid.Custom(func(t *rapid.T) profile.Record {
		r := profile.Record{
			Code: code,
			Standing: rapid.SampledFrom([]profile.Standing{
				profile.Active, profile.Active, profile.Alive, profile.Inactive, profile.Dormant, profile.Proposed, profile.Unstated,
			}).Draw(t, "standing"),
			Opened: nearby().Draw(t, "opened"),
			Closed: nearby().Draw(t, "closed"),
		}
		for _, f := range profile.Fields() {
			if f != profile.FieldStatus && rapid.IntRange(0, 3).Draw(t, "states") > 0 {
				r.Values.Set(f, valueOf(f).Draw(t, f.String()))
			}
		}
		return r
	})
}

func profileOf(code profile.ODSCode) *rapid.Generator[profile.Profile] {
	return rapid.Custom(func(t *rapid.T) profile.Profile {
		p := profile.Profile{Code: code}
		for _, f := range profile.Fields() {
			p.Values.Set(f, valueOf(f).Draw(t, f.String()))
		}
		p.Values.Set(profile.FieldStatus, string(statuses().Draw(t, "status")))
		p.Values.Set(profile.FieldHidden, "false")
		return p
	})
}

func statuses() *rapid.Generator[profile.Status] {
	return rapid.SampledFrom([]profile.Status{profile.StatusOpen, profile.StatusOpen, profile.StatusDormant, profile.StatusClosed})
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
				w.outcomes[code] = runs.Outcome{Code: code, PendingSince: since}
			}
		}
		w.drawWaiting(t)
		return w
	})
}

// drawWaiting lets some of what the next run would plan wait already, some of it
// from another old value, or for another new one.
func (w *world) drawWaiting(t *rapid.T) {
	for _, c := range w.compute().Changes {
		if c.Verb == runs.Create || rapid.Bool().Draw(t, "does not wait") {
			continue
		}
		if c.Verb == runs.Update {
			c.Old = rapid.SampledFrom([]string{c.Old, "before"}).Draw(t, "waits from")
			c.New = rapid.SampledFrom([]string{c.New, "after"}).Draw(t, "waits for")
		}
		w.waiting[c.Code] = append(w.waiting[c.Code], runs.Waiting{Change: c, Withheld: runs.MassChange})
	}
}

// decide adds people's decisions to a world.
func (w *world) decide(t *rapid.T) {
	for code := range w.profiles {
		if rapid.Bool().Draw(t, "undecided") {
			continue
		}
		f := rapid.SampledFrom([]profile.Field{profile.FieldName, profile.FieldStatus, profile.FieldICB}).Draw(t, "decided field")
		value := valueOf(f).Draw(t, "decided")
		if f == profile.FieldStatus {
			value = string(statuses().Draw(t, "decided"))
		}
		w.marks[code] = append(w.marks[code], runs.Mark{
			Field: f, Value: value, Until: nearby().Draw(t, "until"),
			Verdict: rapid.SampledFrom([]runs.Verdict{
				runs.VerdictHeld, runs.VerdictRejected, runs.VerdictUndone,
			}).Draw(t, "verdict"),
		})
	}
}

// codeOf numbers organisations.
func codeOf(n int) profile.ODSCode { return profile.ODSCode(fmt.Sprintf("N%05d", n)) }
