package oracle

import (
	"maps"
	"slices"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Oracle predicts the result of every run. It works from the register itself
// and not from what profilesync read of it: it keeps the profiles as they must
// be, and has the rules in a few lines (reconcile/RULES.md "Status decides",
// reconcile/RULES.md "Guard"). It covers only what a made-up register can do.
// Each prediction assumes that earlier predictions came true.
type Oracle struct {
	reports  map[string]map[string]*expectedProfile // by report, then code
	withheld map[string][]fieldChange               // what the last run of a report withheld
	approved map[string][]fieldChange               // what the last approval of a report applied

	services referrals // of e-RS
}

// expectedProfile is a profile as it must be.
type expectedProfile struct {
	fields map[string]string
	status profile.Status
	ends   profile.Date // when it was first listed as closed; zero if it was not
}

// fieldChange is a change of one field of one profile.
type fieldChange struct {
	code, field, before, after string
}

// New returns an Oracle to which nothing has happened yet.
func New() *Oracle {
	return &Oracle{
		reports:  map[string]map[string]*expectedProfile{},
		withheld: map[string][]fieldChange{}, approved: map[string][]fieldChange{},
	}
}

// listing is a listing whose run is being predicted.
type listing struct {
	report   string
	day      profile.Date
	profiles map[string]*expectedProfile
	want     runs.Summary
	changes  []fieldChange
	counted  map[string]bool // profiles that are in the counts of changes already
}

// Listing predicts the run of a complete listing of a report on a day.
func (o *Oracle) Listing(report string, facts []odstest.Fact, day profile.Date) runs.Summary {
	if o.reports[report] == nil {
		o.reports[report] = map[string]*expectedProfile{}
	}
	l := listing{
		report: report, day: day, profiles: o.reports[report], counted: map[string]bool{},
		want: runs.Summary{
			Source: "ods", Report: report, AsOf: day, State: runs.RunDone, Records: len(facts),
			Fields: map[string]int{}, Withheld: []runs.Withheld{},
		},
	}
	before := o.open(report)
	for _, fact := range facts {
		if outside.HasProfile(report, fact.Roles) {
			l.read(fact)
		}
	}
	o.withheld[report] = l.guard(before)
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

// read takes one row of the listing.
func (l *listing) read(fact odstest.Fact) {
	active := fact.Standing == profile.Active && !fact.Opened.After(l.day) // a trust is listed before it opens
	if active && !fact.Closed.IsZero() && !fact.Closed.After(l.day) {
		l.want.Contradictions++
	}
	p := l.profiles[fact.Code]
	if p == nil {
		if active {
			l.profiles[fact.Code] = &expectedProfile{fields: fact.Fields, status: profile.StatusOpen}
			l.want.Changes.Create++
		}
		return
	}
	switch {
	case active && p.status != profile.StatusOpen:
		l.setStatus(&l.want.Changes.Reopen, fact.Code, p, profile.StatusOpen)
	case fact.Standing == profile.Dormant && p.status == profile.StatusOpen:
		l.setStatus(&l.want.Changes.Dormant, fact.Code, p, profile.StatusDormant)
	case fact.Standing == profile.Inactive:
		l.close(fact.Code, p)
	}
	l.compare(fact, p)
}

// compare collects the fields that differ. A closed profile stays as it was when it
// closed.
func (l *listing) compare(fact odstest.Fact, p *expectedProfile) {
	if p.status == profile.StatusClosed && !l.counted[fact.Code] {
		return
	}
	for field, value := range fact.Fields {
		if value != "" && value != p.fields[field] {
			l.changes = append(l.changes, fieldChange{fact.Code, field, p.fields[field], value})
		}
	}
}

// close closes a profile that was listed as closed on an earlier day, too.
func (l *listing) close(code string, p *expectedProfile) {
	switch {
	case p.status == profile.StatusClosed:
	case p.ends.IsZero():
		p.ends = l.day
	case p.ends.Before(l.day):
		l.setStatus(&l.want.Changes.Close, code, p, profile.StatusClosed)
	}
}

// setStatus changes the status of a profile. It counts under its verb only, whatever
// else of it changes, and as a field.
func (l *listing) setStatus(verb *int, code string, p *expectedProfile, status profile.Status) {
	*verb++
	l.want.Fields["status"]++
	l.counted[code] = true
	p.status, p.ends = status, profile.Date{}
}

// guard withholds a field that changes in too many profiles, and applies the rest.
func (l *listing) guard(before int) (held []fieldChange) {
	moved := map[string]int{}
	for _, m := range l.changes {
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
	for _, m := range l.changes {
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

// set changes a field of a copy, as the map belongs to the register.
func (p *expectedProfile) set(field, value string) {
	fields := map[string]string{field: value}
	for name, old := range p.fields {
		if name != field {
			fields[name] = old
		}
	}
	p.fields = fields
}

// Approval predicts the approval of what the last run of a report withheld. Of
// profiles that closed since, nothing waits any more.
func (o *Oracle) Approval(report string) runs.Summary {
	o.approved[report] = nil
	want := o.decision(report)
	for _, m := range o.withheld[report] {
		p := o.reports[report][m.code]
		if p.status == profile.StatusClosed {
			continue
		}
		p.set(m.field, m.after)
		o.approved[report] = append(o.approved[report], m)
		want.Fields[m.field]++
	}
	want.Changes.Update = len(o.approved[report])
	return want
}

// Undo predicts the undo of the last approval of a report.
func (o *Oracle) Undo(report string) runs.Summary {
	want := o.decision(report)
	for _, m := range o.approved[report] {
		o.reports[report][m.code].set(m.field, m.before)
		want.Fields[m.field]++
	}
	want.Changes.Update = len(o.approved[report])
	return want
}

// Rename predicts the run that asks the API about one pharmacy, which has a new
// name.
func (o *Oracle) Rename(code, name string) runs.Summary {
	o.reports[outside.Pharmacies][code].set("name", name)
	want := o.decision("api")
	want.Population = o.OpenProfiles()
	want.Changes.Update, want.Fields["name"] = 1, 1
	return want
}

// decision is the result of a run without a listing that changes nothing.
func (o *Oracle) decision(report string) runs.Summary {
	return runs.Summary{
		Source: "ods", Report: report, State: runs.RunDone, Population: o.open(report),
		Fields: map[string]int{}, Withheld: []runs.Withheld{},
	}
}

// Codes are the codes of the profiles of a report, sorted.
func (o *Oracle) Codes(report string) []string {
	return slices.Sorted(maps.Keys(o.reports[report]))
}

// IsOpen reports whether an organisation has an open profile.
func (o *Oracle) IsOpen(report, code string) bool {
	p := o.reports[report][code]
	return p != nil && p.status == profile.StatusOpen
}

// Field is what an existing profile must have in a field.
func (o *Oracle) Field(report, code, field string) string {
	return o.reports[report][code].fields[field]
}

// FirstWithheld is the code of the first profile of which the last run of a report
// withheld a change; empty if there is none.
func (o *Oracle) FirstWithheld(report string) string {
	if len(o.withheld[report]) == 0 {
		return ""
	}
	return o.withheld[report][0].code
}

// OpenProfiles counts the open profiles of all reports.
func (o *Oracle) OpenProfiles() (n int) {
	for report := range o.reports {
		n += o.open(report)
	}
	return n
}
