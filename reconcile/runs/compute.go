package runs

import (
	"encoding/json"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Input is everything a plan depends on. It may hold a whole register or any
// part of it: records are compared one by one, and a register never has to fit
// in memory.
type Input struct {
	AsOf  profile.Date // the day the pull speaks of
	Look  bool         // the pull counts as a look: it may start or confirm a closure
	Kept  []profile.OrgType
	Items []Item
}

// Item is one organisation: what upstream says now, what it said when we last
// accepted it, what the profile says, and what people decided.
type Item struct {
	Upstream     profile.Record
	Base         *profile.Record // nil when it was never accepted
	Local        *profile.Profile
	Marks        []Mark
	PendingSince profile.Date // the first look at a closure; zero for none
}

// Mark is a person's decision on one field of a profile.
type Mark struct {
	Field   profile.Field
	Verdict Verdict
	Value   string       // the value decided on (rejected, undone)
	Until   profile.Date // the last day of a hold; zero for no end
}

// Verdict is what a person decided.
type Verdict string

// The verdicts.
const (
	VerdictRejected Verdict = "rejected" // silent until upstream says something else
	VerdictUndone   Verdict = "undone"   // proposed again, and always withheld
	VerdictHeld     Verdict = "held"     // not touched until a date
)

// Compute compares every item and plans what to change. It never fails: what
// cannot be understood was rejected before it came here.
//
//	upstream \ profile   none         open          dormant       closed
//	active               create       fields        reopen        reopen
//	alive                -            fields        fields        reopen
//	dormant              -            dormant       fields        dormant
//	inactive, ended      -            two looks     two looks     -
//	inactive otherwise   -            flag          flag          -
//	proposed             -            fields        fields        -
func Compute(in Input) Plan {
	var plan Plan
	for i := range in.Items {
		v := visit{Input: &in, Item: &in.Items[i]}
		v.compare()
		plan.Changes = append(plan.Changes, v.changes...)
		plan.Outcomes = append(plan.Outcomes, v.outcome)
	}
	plan.sort()
	return plan
}

// visit compares one item.
type visit struct {
	*Input
	*Item
	changes []Change
	outcome Outcome
}

func (v *visit) compare() {
	v.outcome = Outcome{Code: v.Upstream.Code, Settled: true}
	standing := v.Upstream.StandingOn(v.AsOf)
	v.contradiction(standing)
	if v.Upstream.Standing == profile.Unstated && v.Upstream.Opened.After(v.AsOf) {
		v.revisit(v.Upstream.Opened) // where a status is stated, the bytes will tell
	}
	if v.Local == nil {
		v.unknown(standing)
		return
	}
	v.lifecycle(standing)
	if v.Local.Status() != profile.StatusClosed || len(v.changes) > 0 {
		v.fields()
	}
}

func (v *visit) kept() bool {
	for _, t := range v.Kept {
		if string(t) == v.Upstream.Values.Get(profile.FieldType) {
			return true
		}
	}
	return false
}

// contradiction marks a record whose status and dates disagree: status decides.
func (v *visit) contradiction(standing profile.Standing) {
	end := v.Upstream.Closed
	if standing != profile.Active || end.IsZero() {
		return
	}
	if end.After(v.AsOf) {
		v.revisit(end)
		return
	}
	v.outcome.Contradiction = v.kept()
}

// unknown handles an organisation that has no profile.
func (v *visit) unknown(standing profile.Standing) {
	if standing != profile.Active || !v.kept() {
		return
	}
	profile := created(v.Upstream)
	values, err := json.Marshal(profile.Values)
	if err != nil {
		panic("a map of strings always marshals: " + err.Error())
	}
	v.changes = append(v.changes, Change{
		Code: profile.Code, Type: profile.Type(), Verb: Create, New: string(values), Reason: BecauseUpstream,
	})
}

// lifecycle plans opening, sleeping and closing.
func (v *visit) lifecycle(standing profile.Standing) {
	switch status := v.Local.Status(); {
	case (standing == profile.Active || standing == profile.Alive) && !v.kept():
		v.flag(LeftType)
	case standing == profile.Active && status != profile.StatusOpen, standing == profile.Alive && status == profile.StatusClosed:
		v.become(Reopen, profile.StatusOpen)
	case standing == profile.Dormant && status != profile.StatusDormant:
		v.become(ToSleep, profile.StatusDormant)
	case standing == profile.Inactive && status != profile.StatusClosed:
		v.ending()
	}
}

// ending closes a profile on a positive statement only, seen on two days.
func (v *visit) ending() {
	end := v.Upstream.Closed
	switch {
	case end.IsZero():
		v.flag(NoEndDate)
	case end.After(v.AsOf):
		v.flag(EndInFuture)
		v.revisit(end)
	default:
		v.look()
	}
}

// look counts a look at a closure: the second, a day later, confirms it. A
// closure that a person took back was confirmed before; one that was rejected
// is not pending any more.
func (v *visit) look() {
	if v.decided(VerdictRejected, profile.FieldStatus, string(profile.StatusClosed)) {
		v.outcome.Settled = false
		return
	}
	first := v.PendingSince
	if first.IsZero() && v.Look {
		first = v.AsOf
	}
	v.outcome.PendingSince = first
	again := v.decided(VerdictUndone, profile.FieldStatus, string(profile.StatusClosed))
	if v.Look && (again || first.Before(v.AsOf)) {
		v.become(Close, profile.StatusClosed)
		return
	}
	v.revisit(v.AsOf.AddDays(1))
}

// decided reports whether a person gave a verdict on this very value.
func (v *visit) decided(verdict Verdict, f profile.Field, value string) bool {
	for _, m := range v.Marks {
		if m.Verdict == verdict && m.Field == f && profile.Same(f, m.Value, value) {
			return true
		}
	}
	return false
}

func (v *visit) become(verb Verb, status profile.Status) {
	v.propose(Change{Verb: verb, Field: profile.FieldStatus, Old: string(v.Local.Status()), New: string(status)})
}

// fields puts every field right that ODS owns and states. An empty value is
// never a reason to overwrite one.
func (v *visit) fields() {
	for _, f := range compared {
		upstream, local := v.Upstream.Values.Get(f), v.Local.Values.Get(f)
		if upstream == "" || v.same(f, upstream, local) {
			continue
		}
		v.propose(Change{Verb: Update, Field: f, Old: local, New: displayed(f, upstream)})
	}
}

func (v *visit) same(f profile.Field, upstream, local string) bool {
	return profile.Same(f, upstream, local, v.Upstream.Values.Get(profile.FieldName))
}

// propose adds a change unless a person decided otherwise.
func (v *visit) propose(c Change) {
	c.Code, c.Type = v.Upstream.Code, v.Local.Type()
	for _, m := range v.Marks {
		if m.Verdict == VerdictHeld && m.Field == c.Field && (m.Until.IsZero() || !m.Until.Before(v.AsOf)) {
			v.hold(m)
			return
		}
	}
	if v.decided(VerdictRejected, c.Field, c.New) {
		v.outcome.Settled = false
		return
	}
	c.Undone = v.decided(VerdictUndone, c.Field, c.New)
	c.Reason = v.reason(c)
	v.changes = append(v.changes, c)
}

func (v *visit) hold(m Mark) {
	v.outcome.Settled = false
	if !m.Until.IsZero() {
		v.revisit(m.Until.AddDays(1))
	}
}

// reason tells news from drift: upstream still says what we accepted, so it is
// the profile that moved.
func (v *visit) reason(c Change) Reason {
	if c.Undone || c.Field == profile.FieldStatus || v.Base == nil || !v.Base.Values.States(c.Field) {
		return BecauseUpstream
	}
	if profile.Same(c.Field, v.Base.Values.Get(c.Field), v.Upstream.Values.Get(c.Field)) {
		return BecauseDrift
	}
	return BecauseUpstream
}

func (v *visit) flag(f Flag) {
	v.outcome.Flag = f
	v.outcome.Settled = false
}

// revisit asks for another comparison on a day, the earliest asked for.
func (v *visit) revisit(day profile.Date) {
	if v.outcome.Revisit.IsZero() || day.Before(v.outcome.Revisit) {
		v.outcome.Revisit = day
	}
}
