package runs_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// sayings are what registers and people say of the fields that change in these
// properties: three values, the second also in another form, or nothing.
var sayings = map[profile.Field][]string{
	profile.FieldName:     {"BOOTS", "WELL", "Well.", "LLOYDS", ""},
	profile.FieldAddress:  {"1 HIGH STREET\nLEEDS", "2 MILL LANE\nYORK", "THE MILL\n2 MILL LN\nYORK", "3 NEW ROAD\nHULL", ""},
	profile.FieldPostcode: {"LS1 1AA", "YO1 7HH", "YO17HH", "HU1 1AA", ""},
	profile.FieldICB:      {"QWO", "QOQ", "qoq", "Z9B2Z", ""},
	profile.FieldRegion:   {"Y63", "Y61", "y61", "Y60", ""},
}

// rewritten are forms of those addresses that only a postcode proves to be the same.
var rewritten = map[string]string{
	"1 HIGH STREET\nLEEDS": "HIGH HOUSE\n1 HIGH ST\nLEEDS", "2 MILL LANE\nYORK": "THE MILL\n2 MILL LN\nYORK",
	"3 NEW ROAD\nHULL": "THE SURGERY\n3 NEW RD\nHULL",
}

// otherForm returns an address, in whatever case, in another form; itself where it
// has none.
func otherForm(address string) string {
	for plain, other := range rewritten {
		switch {
		case strings.EqualFold(address, plain):
			return other
		case strings.EqualFold(address, other):
			return plain
		}
	}
	return address
}

// sameIn reports whether two values are the same, addresses in another form too.
func sameIn(f profile.Field, a, b string) bool {
	return profile.Same(f, a, b) || f == profile.FieldAddress && profile.Same(f, otherForm(a), b)
}

var spoken = slices.Sorted(maps.Keys(sayings))

// lives are what registers say of a life.
var lives = []func(*profile.Record){
	standing(profile.Active), standing(profile.Alive), standing(profile.Dormant),
	func(r *profile.Record) { r.Standing, r.Closed = profile.Inactive, today.AddDays(-30) },
}

// organisation and fact: what is decided on as one.
type factOf struct {
	code profile.ODSCode
	fact profile.Field
}

// promise is that a fact is not written: its new values, and what the register
// said of each of its fields, in whatever report, when they were withheld.
type promise struct {
	wanted, said map[profile.Field]string
	decided      bool // it was rejected or undone: nothing of it has to wait
}

// witness keeps its own record of what was withheld, and knows nothing of how
// runs match it.
type witness struct {
	*world
	guard    runs.Guard
	promises map[factOf]promise
	applied  []runs.Change // by the last run
}

// listed draws what a listing holds: all records, or, if it is short, a part; and
// what a delta reads.
func (w *witness) listed(t *rapid.T) runs.Input {
	in := w.input()
	if w.api {
		w.part(t, &in)
		return in
	}
	if in.CountsAsLook = rapid.IntRange(0, 4).Draw(t, "short") > 0; !in.CountsAsLook {
		in.Items = slices.DeleteFunc(in.Items, func(runs.Item) bool { return rapid.IntRange(0, 3).Draw(t, "listed") == 0 })
	}
	return in
}

// look runs a listing: it writes nothing that was promised not to be written, and
// the same listing once more finds nothing.
func (w *witness) look(t *rapid.T) {
	w.day = w.day.AddDays(rapid.IntRange(0, 2).Draw(t, "days later"))
	w.turn(t)
	in := w.listed(t)
	for _, item := range in.Items {
		w.hear(item)
	}
	applied, held, _ := w.judgeAndApply(t, runs.Compute(in), w.guard, !in.CountsAsLook)
	for _, c := range applied {
		wanted, promised := w.promises[factIn(c)].wanted[c.Field]
		require.False(t, promised && sameIn(c.Field, wanted, c.New), "written without a decision: %v", c)
		local := w.profiles[c.Code]
		require.False(t, c.Verb == runs.Update && local.Status() == profile.StatusClosed && !closesIn(applied, c.Code), "closed: %v", c)
		require.False(t, slices.ContainsFunc(w.allWaiting(), func(other runs.Change) bool { return sameFact(c, other) }),
			"a part of a fact was written, a part waits: %v", c)
	}
	for _, c := range held {
		w.promise(c.Change)
	}
	maps.DeleteFunc(w.promises, func(of factOf, p promise) bool {
		local := w.profiles[of.code]
		return !p.decided && of.fact != profile.FieldStatus && local.Status() == profile.StatusClosed
	})
	w.requireNothingForgotten(t)
	w.requireNothingSilent(t, in)
	w.requireNothingLeft(t, in)
	w.applied = applied
}

func closesIn(changes []runs.Change, code profile.ODSCode) bool {
	return slices.ContainsFunc(changes, func(c runs.Change) bool { return c.Code == code && c.Verb == runs.Close })
}

func factIn(c runs.Change) factOf { return factOf{c.Code, c.Field.Fact()} }

// promise remembers what was withheld. What waited of the fact before is replaced.
func (w *witness) promise(c runs.Change) {
	p, known := w.promises[factIn(c)]
	if !known || p.decided {
		p = promise{wanted: make(map[profile.Field]string), said: make(map[profile.Field]string)}
		w.promises[factIn(c)] = p
	}
	p.wanted[c.Field] = c.New
	others, _ := w.said(c.Code)
	for _, f := range profile.Fields() {
		for _, r := range append([]profile.Record{w.register[c.Code]}, others...) {
			if said := w.saying(r, f); f.Fact() == c.Field.Fact() && said != "" {
				p.said[f] = said
				break
			}
		}
	}
}

// saying is what a record says of a field, or of a life.
func (w *witness) saying(r profile.Record, f profile.Field) string {
	if f == profile.FieldStatus {
		return string(r.StandingOn(w.day))
	}
	return r.Values.Get(f)
}

// hear releases promises of a fact of which the register says something else now,
// and those that the profile itself fulfils.
func (w *witness) hear(item runs.Item) {
	for fact, p := range w.promises {
		if fact.code != item.Upstream.Code {
			continue
		}
		fulfilled, news := true, false
		for f, wanted := range p.wanted {
			fulfilled = fulfilled && fulfils(item, f, wanted)
		}
		for _, f := range profile.Fields() {
			said, before := w.saying(item.Upstream, f), p.said[f]
			if before == "" { // then it is no news where the profile says it
				before = item.Local.Values.Get(f)
			}
			news = news || f.Fact() == fact.fact && said != "" && !alike(f, said, before, item.Upstream)
		}
		if fulfilled && !p.decided || news {
			delete(w.promises, fact)
		}
	}
}

// fulfils reports whether a profile says what was wanted of it, or what the register
// says by now. It may say an address in another form only at the postcode that the
// register states.
func fulfils(item runs.Item, f profile.Field, wanted string) bool {
	stated, shown := &item.Upstream.Values, &item.Local.Values
	if profile.Same(f, wanted, shown.Get(f)) || stated.Get(f) != "" && profile.Same(f, stated.Get(f), shown.Get(f)) {
		return true
	}
	code := profile.FieldPostcode
	return stated.Get(code) != "" && profile.Same(code, stated.Get(code), shown.Get(code)) && sameIn(f, wanted, shown.Get(f))
}

// alike reports whether two sayings do not contradict each other. Who is alive may
// be active or dormant, and only a postcode proves another form of an address.
func alike(f profile.Field, now, before string, register profile.Record) bool {
	const alive, ended = string(profile.Alive), string(profile.Inactive)
	if f == profile.FieldStatus && (now == alive || before == alive) {
		return now != ended && before != ended
	}
	if register.Values.Get(profile.FieldPostcode) == "" {
		return profile.Same(f, now, before)
	}
	return sameIn(f, now, before)
}

// requireNothingForgotten asks that what was promised still waits, unless it was
// rejected.
func (w *witness) requireNothingForgotten(t *rapid.T) {
	for fact, p := range w.promises {
		require.True(t, p.decided || w.waits(fact), "waits no longer: %v %v", fact, p)
	}
}

func (w *witness) waits(of factOf) bool {
	return slices.ContainsFunc(w.waiting[of.code], func(waiting runs.Waiting) bool { return waiting.Field.Fact() == of.fact })
}

func (w *witness) rejected(of factOf) bool {
	return slices.ContainsFunc(w.marks[of.code], func(m runs.Mark) bool {
		return m.Verdict == runs.VerdictRejected && m.Field.Fact() == of.fact
	})
}

// requireNothingSilent asks that an open profile says what the register does, or
// that this waits or was rejected.
func (w *witness) requireNothingSilent(t *rapid.T, in runs.Input) {
	for _, item := range in.Items {
		local := w.profiles[item.Upstream.Code]
		if local.Status() == profile.StatusClosed {
			continue
		}
		for _, f := range []profile.Field{profile.FieldName, profile.FieldPostcode} {
			said := item.Upstream.Values.Get(f)
			of := factOf{local.Code, f.Fact()}
			shown := said == "" || profile.Same(f, said, local.Values.Get(f))
			require.True(t, shown || w.waits(of) || w.rejected(of), "%s: nothing is planned for %s", local.Code, f)
		}
	}
}

func (w *witness) requireNothingLeft(t *rapid.T, in runs.Input) {
	again := w.input()
	again.CountsAsLook = in.CountsAsLook
	again.Items = slices.DeleteFunc(again.Items, func(item runs.Item) bool {
		return !slices.ContainsFunc(in.Items, func(listed runs.Item) bool { return listed.Upstream.Code == item.Upstream.Code })
	})
	plan := runs.Compute(again)
	require.Empty(t, plan.Changes, "planned again")
	require.Empty(t, plan.Ended, "ended only now")
}

// news lets the register say something else of some organisations, the same of
// each, so that the guard has something to withhold.
func (w *witness) news(t *rapid.T) {
	var edits []func(*profile.Record)
	switch rapid.IntRange(0, 3).Draw(t, "news") {
	case 0:
		edits = append(edits, rapid.SampledFrom(lives).Draw(t, "life"))
	case 1: // a move, of both fields of a fact
		n := rapid.IntRange(0, 3).Draw(t, "to")
		pair := rapid.SampledFrom(pairs).Draw(t, "fact").fields
		edits = append(edits, stating(pair[0], sayings[pair[0]][n]), stating(pair[1], sayings[pair[1]][n]))
	default:
		f := rapid.SampledFrom(spoken).Draw(t, "field")
		edits = append(edits, stating(f, rapid.SampledFrom(sayings[f]).Draw(t, "says")))
	}
	for _, code := range w.some(t) {
		r := w.register[code]
		r.Closed = profile.Date{}
		if r.Standing == profile.Inactive {
			r.Closed = today.AddDays(-30)
		}
		for _, edit := range edits {
			edit(&r)
		}
		w.register[code] = r
	}
}

// some draws a few organisations beside each other.
func (w *witness) some(t *rapid.T) []profile.ODSCode {
	all := slices.Sorted(maps.Keys(w.register))
	from := rapid.IntRange(0, len(all)-1).Draw(t, "from")
	return all[from:min(from+rapid.IntRange(1, 5).Draw(t, "so many"), len(all))]
}

// editByHand lets people edit what is the register's.
func (w *witness) editByHand(t *rapid.T) {
	f := rapid.SampledFrom(spoken).Draw(t, "edited")
	value := rapid.SampledFrom(sayings[f]).Draw(t, "value")
	for _, code := range w.some(t) {
		w.edit(code, f, value)
	}
}

// decideSome approves or rejects what waits of some organisations, or everything.
func (w *witness) decideSome(t *rapid.T) {
	chosen := w.allWaiting()
	if rapid.Bool().Draw(t, "only some") {
		some := w.some(t)
		chosen = slices.DeleteFunc(chosen, func(c runs.Change) bool { return !slices.Contains(some, c.Code) })
	}
	if rapid.Bool().Draw(t, "rejected") {
		w.reject(chosen)
		for _, c := range chosen {
			p := w.promises[factIn(c)]
			p.decided = true
			w.promises[factIn(c)] = p
		}
		return
	}
	applied, left := w.approve(t, chosen)
	require.ElementsMatch(t, chosen, append(slices.Clone(applied), left...), "each is applied or named")
	for _, c := range applied {
		delete(w.promises, factIn(c))
		local := w.profiles[c.Code]
		require.Equal(t, c.New, local.Values.Get(c.Field))
	}
	for _, c := range left {
		require.Contains(t, w.allWaiting(), c, "what is left out waits on")
	}
}

func (w *witness) undoLast(t *rapid.T) {
	plan, _ := w.undo(t, w.applied)
	for _, c := range plan.Changes {
		if c.Field == profile.FieldHidden {
			continue
		}
		c.New = c.Old
		w.promise(c)
		p := w.promises[factIn(c)]
		p.decided = true
		w.promises[factIn(c)] = p
	}
	w.applied = nil
}

// rewrite lets the register write some addresses in another form.
func (w *witness) rewrite(t *rapid.T) {
	for _, code := range w.some(t) {
		r := w.register[code]
		r.Values.Set(profile.FieldAddress, otherForm(r.Values.Get(profile.FieldAddress)))
		w.register[code] = r
	}
}

// No run writes what was withheld, until a person approves it, the register says
// something else of the fact, or the profile says it.
func TestNothingThatWaitsIsAppliedWithoutADecision(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		guard := runs.DefaultGuard()
		guard.Floor = 2
		w := &witness{
			world: newWorld(numbered(0, 24, stating(profile.FieldRegion, "Y63"))...), guard: guard, promises: make(map[factOf]promise),
		}
		w.pull(t)
		w.others = []report{newReport(), newReport()}
		w.others[0].api = true
		w.look(t)
		for range rapid.IntRange(2, 14).Draw(t, "steps") {
			switch rapid.IntRange(0, 11).Draw(t, "step") {
			case 0, 1:
				w.editByHand(t)
			case 2, 3:
				w.decideSome(t)
			case 4:
				w.undoLast(t)
			case 5, 6, 7:
				w.news(t)
				w.look(t)
			case 8, 9:
				w.rewrite(t)
				w.look(t)
			default:
				w.look(t)
			}
		}
	})
}
