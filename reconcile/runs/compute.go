package runs

import (
	"encoding/json"
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Input is everything a plan depends on. It may hold a whole register or any
// part of it: records are compared one by one, and a register never has to fit
// in memory.
type Input struct {
	AsOf         profile.Date // the day the pull speaks of
	CountsAsLook bool         // the pull counts as a look: it may start or confirm a closure
	ProfileTypes []profile.OrgType
	Items        []Item
}

// Item is one organisation: what upstream says now, what it said when we last
// accepted it, what the profile says, and what people decided.
type Item struct {
	Upstream     profile.Record
	Base         *profile.Record // by any report (see BaseOf); nil when it was never accepted
	BaseLayout   string          // the layout in which the run's own report had it; empty where it is not known
	Local        *profile.Profile
	Marks        []Mark
	Waiting      []Waiting    // what earlier runs withheld of it and nobody has decided on
	Ahead        []Ahead      // what people approved of it ahead, for the day of the pull
	PendingSince profile.Date // the first look at a closure; zero for none
	// Redefined are the fields that mean something else now than in the layout in which
	// Base was read.
	Redefined []profile.Field
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
		v := comparison{Input: &in, Item: &in.Items[i]}
		v.compare()
		plan.Changes = append(plan.Changes, v.changes...)
		plan.Outcomes = append(plan.Outcomes, v.outcome)
		plan.Ended = append(plan.Ended, v.ended...)
		plan.Lifted = append(plan.Lifted, v.liftedRejections()...)
	}
	plan.sort()
	return plan
}

// comparison compares one item.
type comparison struct {
	*Input
	*Item
	changes []Change
	outcome Outcome
	ended   []Waiting
	lifted  []profile.Field // facts of which nothing is rejected any more

	comparedFields bool // the profile is open, or will be by this plan
}

func (v *comparison) compare() {
	v.outcome = Outcome{Code: v.Upstream.Code, Settled: true}
	standing := v.Upstream.StandingOn(v.AsOf)
	v.noteContradiction(standing)
	if v.Upstream.Standing == profile.Unstated && v.Upstream.Opened.After(v.AsOf) {
		v.revisitOn(v.Upstream.Opened) // if a status is stated, the bytes will change
	}
	if v.Local == nil {
		v.create(standing)
		return
	}
	v.liftRejections(standing)
	status, others := split(v.Waiting, func(w Waiting) bool { return w.Field != profile.FieldStatus })
	v.lifecycle(standing)
	v.matchWaiting(status)
	if v.comparedFields = v.Local.Status() != profile.StatusClosed || v.opens(); v.comparedFields {
		v.compareFields()
	} else {
		v.leaveRedefined()
	}
	v.matchWaiting(others)
	v.takeApprovedAhead()
}

// opens reports whether the plan opens the profile, unless the guard withholds so
// many openings.
func (v *comparison) opens() bool {
	return slices.ContainsFunc(v.changes, func(c Change) bool { return c.Waits == NotWithheld && !c.Undone })
}

// hasProfiles reports whether the organisation is of a type that has profiles. One
// whose type the record does not tell is what its profile says.
func (v *comparison) hasProfiles() bool {
	if v.Local != nil && !v.Upstream.Values.States(profile.FieldType) {
		return slices.Contains(v.ProfileTypes, v.Local.Type())
	}
	return slices.Contains(v.ProfileTypes, profile.OrgType(v.Upstream.Values.Get(profile.FieldType)))
}

// noteContradiction marks a record whose status and dates disagree; the status
// decides.
func (v *comparison) noteContradiction(standing profile.Standing) {
	end := v.Upstream.Closed
	if standing != profile.Active || end.IsZero() {
		return
	}
	if end.After(v.AsOf) {
		v.revisitOn(end)
		return
	}
	v.outcome.Contradiction = v.hasProfiles()
}

// create handles an organisation that has no profile.
func (v *comparison) create(standing profile.Standing) {
	if v.outcome.NoProfile = v.noProfile(standing); v.outcome.NoProfile != "" || standing != profile.Active || !v.hasProfiles() {
		return
	}
	profile := newProfile(v.Upstream)
	values, err := json.Marshal(profile.Values)
	if err != nil {
		panic("a map of strings always marshals: " + err.Error())
	}
	v.changes = append(v.changes, Change{
		Code: profile.Code, Type: profile.Type(), Verb: Create, New: string(values), Reason: BecauseUpstream,
	})
}

func (v *comparison) noProfile(standing profile.Standing) NoProfile {
	switch {
	case standing == profile.Active && !v.Upstream.Values.States(profile.FieldType):
		return TypeUnknown
	case standing == profile.Alive && v.hasProfiles():
		return OnlyAlive
	case standing == profile.Dormant && v.hasProfiles():
		return IsDormant
	}
	return ""
}

// lifecycle plans changes of the status.
func (v *comparison) lifecycle(standing profile.Standing) {
	switch status := v.Local.Status(); {
	case (standing == profile.Active || standing == profile.Alive) && !v.hasProfiles():
		v.setFlag(LeftType)
	case standing == profile.Active && status != profile.StatusOpen, standing == profile.Alive && status == profile.StatusClosed:
		v.changeStatus(Reopen, profile.StatusOpen)
	case standing == profile.Dormant && status != profile.StatusDormant:
		v.changeStatus(MakeDormant, profile.StatusDormant)
	case standing == profile.Inactive && status != profile.StatusClosed:
		v.end()
	}
}

// end plans a closure only if the register states it on two days.
func (v *comparison) end() {
	end := v.Upstream.Closed
	switch {
	case end.IsZero():
		v.setFlag(NoEndDate)
	case end.After(v.AsOf):
		v.setFlag(EndInFuture)
		v.revisitOn(end)
	default:
		v.confirmClosure()
	}
}

// confirmClosure counts a look at a closure: the second, a day later, confirms it. A
// closure that a person took back was confirmed before, unless its first look was
// given back; one that was rejected is not pending any more.
func (v *comparison) confirmClosure() {
	if v.decided(VerdictRejected, profile.FieldStatus, string(profile.StatusClosed)) {
		return
	}
	first := v.PendingSince
	if first.IsZero() && v.CountsAsLook {
		first = v.AsOf
	}
	v.outcome.PendingSince = first
	again := v.PendingSince.IsZero() && v.decided(VerdictUndone, profile.FieldStatus, string(profile.StatusClosed))
	if v.CountsAsLook && (again || first.Before(v.AsOf)) {
		v.changeStatus(Close, profile.StatusClosed)
		return
	}
	v.revisitOn(v.AsOf.AddDays(1))
}

// decided reports whether a person gave this verdict on this value, and it still
// holds.
func (v *comparison) decided(verdict Verdict, f profile.Field, value string) bool {
	if verdict == VerdictRejected && slices.Contains(v.lifted, f.Fact()) {
		return false
	}
	for _, m := range v.Marks {
		if m.Verdict == verdict && m.Field == f && v.sameValue(f, m.Value, value) {
			return true
		}
	}
	return false
}

func (v *comparison) changeStatus(verb Verb, status profile.Status) {
	v.propose([]Change{{Verb: verb, Field: profile.FieldStatus, Old: string(v.Local.Status()), New: string(status)}})
}

// compareFields plans to correct every fact that ODS owns and states.
func (v *comparison) compareFields() {
	for _, fact := range comparedFacts {
		if changes := v.compareFact(fact); len(changes) > 0 {
			v.propose(changes)
		}
	}
}

// compareFact returns the changes that a fact needs. An empty value is never a
// reason to overwrite one.
func (v *comparison) compareFact(fields []profile.Field) (changes []Change) {
	for _, f := range fields {
		upstream, local := v.Upstream.Values.Get(f), v.Local.Values.Get(f)
		switch {
		case upstream == "":
		case !v.agrees(f):
			changes = append(changes, Change{Verb: Update, Field: f, Old: local, New: displayed(f, upstream)})
		case !profile.Same(f, upstream, local):
			v.outcome.OtherForm = true
		}
	}
	if v.breaksUp(changes) {
		return nil
	}
	if len(changes) > 0 && v.notCompared(fields) {
		v.outcome.NotCompared = append(v.outcome.NotCompared, fields...)
		return nil
	}
	return changes
}

// breaksUp reports whether the changes would show a board beside the region of
// another, since the register states no region. It never states one alone.
func (v *comparison) breaksUp(changes []Change) bool {
	return len(changes) == 1 && changes[0].Field == profile.FieldICB && v.statesBoardAlone()
}

func (v *comparison) statesBoardAlone() bool {
	return v.Upstream.Values.Get(profile.FieldRegion) == "" && v.Local.Values.Get(profile.FieldRegion) != ""
}

// agrees reports whether the profile says of a field what the register says.
func (v *comparison) agrees(f profile.Field) bool {
	return agree(f, &v.Upstream.Values, &v.Local.Values)
}

// agree reports whether the values hold the same of a field, addresses in any form.
func agree(f profile.Field, register, other *profile.Values) bool {
	if f == profile.FieldAddress {
		return profile.SamePlace(placeOf(register), placeOf(other))
	}
	return profile.Same(f, register.Get(f), other.Get(f))
}

func placeOf(v *profile.Values) profile.Place {
	return profile.Place{Name: v.Get(profile.FieldName), Address: v.Get(profile.FieldAddress), Postcode: v.Get(profile.FieldPostcode)}
}

// propose adds the changes of one fact, all or none, unless a person decided
// otherwise. Where a part of a fact was rejected, edits of the rest of it are not
// put right.
func (v *comparison) propose(changes []Change) {
	if hold := v.held(changes[0].Field.Fact()); hold != nil {
		v.leaveHeld(*hold)
		return
	}
	rejected, news, undone := false, false, false
	for _, c := range changes {
		if v.decided(VerdictRejected, c.Field, c.New) {
			rejected = true
		} else {
			news = news || v.isNews(c)
		}
		undone = undone || v.decided(VerdictUndone, c.Field, c.New)
	}
	if rejected && !news {
		return
	}
	if rejected {
		v.lift(changes[0].Field.Fact())
	}
	for _, c := range changes {
		c.Code, c.Type, c.Undone = v.Upstream.Code, v.Local.Type(), undone
		c.Reason = v.reason(c)
		v.changes = append(v.changes, c)
	}
}

// held returns the hold on a fact; nil if there is none today.
func (v *comparison) held(fact profile.Field) *Mark {
	for i, m := range v.Marks {
		if m.Verdict == VerdictHeld && m.Field.Fact() == fact && (m.Until.IsZero() || !m.Until.Before(v.AsOf)) {
			return &v.Marks[i]
		}
	}
	return nil
}

func (v *comparison) leaveHeld(m Mark) {
	v.outcome.Settled = false
	if !m.Until.IsZero() {
		v.revisitOn(m.Until.AddDays(1))
	}
}

// reason tells news from drift: if the register still says what was accepted
// last, the profile has changed. A profile never received a value that waits.
func (v *comparison) reason(c Change) Reason {
	if c.Undone || c.Field == profile.FieldStatus || v.Base == nil || !v.Base.Values.States(c.Field) || v.waits(c.Field) {
		return BecauseUpstream
	}
	if agree(c.Field, &v.Upstream.Values, &v.Base.Values) {
		return BecauseDrift
	}
	return BecauseUpstream
}

// isNews reports whether the register says something new in the field of a change.
// An address in another form is no news, even beside a new postcode, which is news
// of its own.
func (v *comparison) isNews(c Change) bool {
	onlyForm := c.Field == profile.FieldAddress && v.Base != nil &&
		v.sameValue(c.Field, v.Upstream.Values.Get(c.Field), v.Base.Values.Get(c.Field))
	return v.reason(c) != BecauseDrift && !onlyForm
}

func (v *comparison) waits(f profile.Field) bool {
	return slices.ContainsFunc(v.Waiting, func(w Waiting) bool { return w.Field == f })
}

func (v *comparison) setFlag(f Flag) {
	v.outcome.Flag = f
	v.outcome.Settled = false
}

// revisitOn requests another comparison on a day; the earliest day requested
// counts.
func (v *comparison) revisitOn(day profile.Date) {
	if v.outcome.Revisit.IsZero() || day.Before(v.outcome.Revisit) {
		v.outcome.Revisit = day
	}
}
