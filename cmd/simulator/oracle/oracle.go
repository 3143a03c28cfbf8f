package oracle

import (
	"maps"
	"slices"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// oracle says what a run must come to, from the register's own truth and not
// from what profilesync read of it: profiles as they must stand, and the rules
// in a few lines (reconcile/RULES.md "Status decides", reconcile/RULES.md "Guard").
// It knows only what a made-up register can do.
type Oracle struct {
	reports map[string]map[string]*expected // by report, then code
	held    map[string][]move               // what the last run of a report withheld
	applied map[string][]move               // what the last approval of a report applied

	referrals referrals // services of e-RS, at sites of trusts
}

// expected is what the oracle holds of one profile.
type expected struct {
	fields map[string]string
	status profile.Status
	ends   profile.Date // the day of the first look at its closure
}

// move is one field of one profile changing.
type move struct {
	code, field, before, after string
}

func New() *Oracle {
	return &Oracle{reports: map[string]map[string]*expected{}, held: map[string][]move{}, applied: map[string][]move{}}
}

// look is one listing being foretold.
type look struct {
	report   string
	day      profile.Date
	profiles map[string]*expected
	want     runs.Summary
	moves    []move
	counted  map[string]bool // profiles that count under a verb already
}

// listing foretells a complete listing of a report on a day, and takes it as
// having happened.
func (o *Oracle) Listing(report string, facts []odstest.Fact, day profile.Date) runs.Summary {
	if o.reports[report] == nil {
		o.reports[report] = map[string]*expected{}
	}
	l := look{
		report: report, day: day, profiles: o.reports[report], counted: map[string]bool{},
		want: runs.Summary{
			Source: "ods", Report: report, AsOf: day, State: runs.RunDone, Records: len(facts),
			Fields: map[string]int{}, Withheld: []runs.Withheld{},
		},
	}
	before := o.open(report)
	for _, fact := range facts {
		if outside.HasProfile(report, fact.Roles) {
			l.see(fact)
		}
	}
	o.held[report] = l.guard(before)
	l.want.Population = o.open(report)
	for _, p := range l.profiles {
		if p.status != profile.StatusClosed && !p.ends.IsZero() {
			l.want.PendingClose++
		}
	}
	return l.want
}

// open counts the open profiles of a report.
func (o *Oracle) open(report string) (n int) {
	for _, p := range o.reports[report] {
		if p.status != profile.StatusClosed {
			n++
		}
	}
	return n
}

// see takes one row of the listing.
func (l *look) see(fact odstest.Fact) {
	active := fact.Standing == profile.Active && !fact.Opened.After(l.day) // a trust is listed before it opens
	if active && !fact.Closed.IsZero() && !fact.Closed.After(l.day) {
		l.want.Contradictions++
	}
	p := l.profiles[fact.Code]
	if p == nil {
		if active {
			l.profiles[fact.Code] = &expected{fields: fact.Fields, status: profile.StatusOpen}
			l.want.Changes.Create++
		}
		return
	}
	switch {
	case active && p.status != profile.StatusOpen:
		l.become(&l.want.Changes.Reopen, fact.Code, p, profile.StatusOpen)
	case fact.Standing == profile.Dormant && p.status == profile.StatusOpen:
		l.become(&l.want.Changes.Dormant, fact.Code, p, profile.StatusDormant)
	case fact.Standing == profile.Inactive:
		l.end(fact.Code, p)
	}
	l.compare(fact, p)
}

// compare collects the fields that differ; a closed profile is left as it was
// when it closed.
func (l *look) compare(fact odstest.Fact, p *expected) {
	if p.status == profile.StatusClosed && !l.counted[fact.Code] {
		return
	}
	for field, value := range fact.Fields {
		if value != "" && value != p.fields[field] {
			l.moves = append(l.moves, move{fact.Code, field, p.fields[field], value})
		}
	}
}

// end closes a profile at the second look on another day.
func (l *look) end(code string, p *expected) {
	switch {
	case p.status == profile.StatusClosed:
	case p.ends.IsZero():
		p.ends = l.day
	case p.ends.Before(l.day):
		l.become(&l.want.Changes.Close, code, p, profile.StatusClosed)
	}
}

// become counts a profile whose status changes: under its verb only, whatever
// else of it changes, and among the fields.
func (l *look) become(verb *int, code string, p *expected, status profile.Status) {
	*verb++
	l.want.Fields["status"]++
	l.counted[code] = true
	p.status, p.ends = status, profile.Date{}
}

// guard withholds a field that moves in too many profiles, and applies the rest.
func (l *look) guard(before int) (held []move) {
	moved := map[string]int{}
	for _, m := range l.moves {
		moved[m.field]++
	}
	for field, n := range moved {
		if n > max(10, before/10) {
			l.want.State = runs.RunWithheld
			l.want.Withheld = append(l.want.Withheld, runs.Withheld{
				Reason: runs.MassChange, Type: outside.Reports[l.report].Type, Field: field, Count: n, Of: before,
			})
			continue
		}
		l.want.Fields[field] = n
	}
	for _, m := range l.moves {
		if l.want.Fields[m.field] == 0 {
			held = append(held, m)
			continue
		}
		l.profiles[m.code].set(m.field, m.after)
		if !l.counted[m.code] {
			l.want.Changes.Update++
			l.counted[m.code] = true
		}
	}
	return held
}

// set replaces the fields: those of a fact are shared.
func (p *expected) set(field, value string) {
	fields := map[string]string{field: value}
	for name, old := range p.fields {
		if name != field {
			fields[name] = old
		}
	}
	p.fields = fields
}

// approval foretells the approval of what the last run of a report withheld.
func (o *Oracle) Approval(report string) runs.Summary {
	o.applied[report] = nil
	want := o.decision(report)
	for _, m := range o.held[report] {
		p := o.reports[report][m.code]
		if p.status == profile.StatusClosed {
			want.LeftOut = append(want.LeftOut, runs.LeftOut{Code: profile.ODSCode(m.code), Field: m.field})
			continue
		}
		p.set(m.field, m.after)
		o.applied[report] = append(o.applied[report], m)
		want.Fields[m.field]++
	}
	want.Changes.Update = len(o.applied[report])
	return want
}

// undo foretells the undoing of the last approval of a report.
func (o *Oracle) Undo(report string) runs.Summary {
	want := o.decision(report)
	for _, m := range o.applied[report] {
		o.reports[report][m.code].set(m.field, m.before)
		want.Fields[m.field]++
	}
	want.Changes.Update = len(o.applied[report])
	return want
}

// question foretells that the API is asked about a pharmacy alone, which has a new
// name.
func (o *Oracle) Question(code, name string) runs.Summary {
	o.reports[outside.Pharmacies][code].set("name", name)
	want := o.decision("api")
	want.Population = o.OpenProfiles()
	want.Changes.Update, want.Fields["name"] = 1, 1
	return want
}

func (o *Oracle) decision(report string) runs.Summary {
	return runs.Summary{
		Source: "ods", Report: report, State: runs.RunDone, Population: o.open(report),
		Fields: map[string]int{}, Withheld: []runs.Withheld{},
	}
}

// codes are those of a report's profiles, sorted.
func (o *Oracle) Codes(report string) []string {
	return slices.Sorted(maps.Keys(o.reports[report]))
}

// isOpen reports whether an organisation has an open profile.
func (o *Oracle) IsOpen(report, code string) bool {
	p := o.reports[report][code]
	return p != nil && p.status == profile.StatusOpen
}

// field is what a profile must have in a field.
func (o *Oracle) Field(report, code, field string) string {
	return o.reports[report][code].fields[field]
}

// firstHeld is the code of a profile of which the last run of a report withheld
// something; empty, if nothing was withheld.
func (o *Oracle) FirstWithheld(report string) string {
	if len(o.held[report]) == 0 {
		return ""
	}
	return o.held[report][0].code
}

// all counts the open profiles of every report.
func (o *Oracle) OpenProfiles() (n int) {
	for report := range o.reports {
		n += o.open(report)
	}
	return n
}
