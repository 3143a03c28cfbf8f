package services

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Item is what planning one service needs: what e-RS says of it, and the
// profiles it concerns.
type Item struct {
	ID        ID
	Previous  State    // before the run
	State     State    // after the run
	Service   *Service // nil: never seen
	Specialty string   // the label; empty for none
	News      bool     // this run found something new
	Settled   bool     // what profiles should show of it is stored already
	Sites     []Site
	Waiting   []Waiting // what earlier runs withheld of it and nobody has decided on
}

// Waiting is a change that a run withheld and nobody has decided on yet; see
// runs.Waiting.
type Waiting struct {
	Change

	Run      runs.ID
	Withheld runs.WithheldReason
	Replaced bool
}

// Site is a profile that a service concerns: e-RS says that the service is
// there, or the profile shows it.
type Site struct {
	Code  profile.ODSCode
	Type  profile.OrgType
	Row   *Shown // what the profile shows of it; nil for none
	Held  bool   // a person froze the services of this profile
	Marks []Mark
}

// Mark is a person's decision on a service at a profile.
type Mark struct {
	Verdict runs.Verdict // VerdictRejected or VerdictUndone
	Value   string       // JSON of Shown, or markOfAbsence
}

// markOfAbsence is the value of a decision on a missing mark. It leaves out the
// day, which differs each time.
const markOfAbsence = "missing"

// Change is a change of one service at one profile. A move is one change, at the
// site that gains the service.
type Change struct {
	Code    profile.ODSCode
	Type    profile.OrgType
	Service ID
	Verb    runs.Verb // Update, or Missing for a mark beside the profile
	Old     string    // JSON of Shown, for a move with "moved_from"; empty for a service that is new here, and for a mark
	New     string    // JSON of Shown; for a mark its day, empty to remove it
	Reason  runs.Reason
	Undone  bool                // a person undid this same change before
	Waits   runs.WithheldReason // an earlier run withheld the same new value for this reason: it is always withheld
	Since   runs.ID             // the run that withheld it first; 0 for the one that plans it
	Leaves  profile.ODSCode     // the site that loses the service; empty for none
	Left    runs.LeftReason     // why a decision leaves it out; empty for one that it does not
}

// FieldName returns the name of the service in plans, audit and decisions.
func (c Change) FieldName() string { return Field(c.Service) }

// Field returns the name of one service among the fields of a profile.
func Field(id ID) string { return profile.FieldERSServices.String() + "/" + string(id) }

// Digest identifies what the change does, whatever its reason.
func (c Change) Digest() profile.Hash {
	return profile.HashOf(string(c.Code), string(c.Verb), c.FieldName(), c.Old, c.New)
}

// moved is the old value of a move.
type moved struct {
	Shown

	From profile.ODSCode `json:"moved_from,omitempty"`
}

// Plan compares services with the profiles that show them. A service is taken off
// a profile only if it is gone or e-RS says that it is somewhere else; absence
// from an answer never takes it off (RULES.md "Services").
//
// What waits already is not planned again; what no longer waits, since e-RS or the
// profile says something else, is returned in ended.
func Plan(asOf profile.Date, items []Item) (changes []Change, ended []Waiting) {
	for _, item := range items {
		p := servicePlan{Item: item, asOf: asOf}
		if p.compared() {
			p.plan()
			p.matchWaiting()
		}
		changes, ended = append(changes, p.changes...), append(ended, p.ended...)
	}
	slices.SortFunc(changes, compareServiceChanges)
	return changes, ended
}

func compareServiceChanges(a, b Change) int {
	return cmp.Or(cmp.Compare(a.Code, b.Code), CompareIDs(a.Service, b.Service), cmp.Compare(a.Verb, b.Verb),
		cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New))
}

// servicePlan plans one service.
type servicePlan struct {
	Item

	asOf    profile.Date
	changes []Change
	ended   []Waiting
}

// compared reports whether there is anything to compare.
func (p *servicePlan) compared() bool {
	return p.Service != nil && p.State != NotVisible && p.State != Known
}

func (p *servicePlan) plan() {
	slices.SortFunc(p.Sites, func(a, b Site) int { return cmp.Compare(a.Code, b.Code) })
	switch {
	case p.State == Gone:
		p.withdraw()
		return
	case p.State == Missing && p.Previous != Missing:
		p.markMissing()
	}
	p.place()
}

// withdraw takes the service off all profiles.
func (p *servicePlan) withdraw() {
	for _, site := range p.Sites {
		if site.live() {
			p.withdrawFrom(site)
		}
	}
}

// live reports whether the profile shows the service.
func (s Site) live() bool { return s.Row != nil && !s.Row.Withdrawn }

// markMissing marks the service missing at all profiles that show it.
func (p *servicePlan) markMissing() {
	for _, site := range p.Sites {
		if site.live() {
			p.add(site, Change{Verb: runs.Missing, New: p.asOf.String(), Leaves: site.Code}, markOfAbsence)
		}
	}
}

// place puts the service where e-RS says it is. Sites that lose it and sites that
// gain it are paired into moves, in the order of their codes.
func (p *servicePlan) place() {
	shown := p.Service.Shown(p.Specialty)
	var losing, gaining []Site
	for _, site := range p.Sites {
		switch at := p.Service.AtSite(site.Code); {
		case at && site.live():
			p.update(site, shown)
		case at:
			gaining = append(gaining, site)
		case site.live():
			losing = append(losing, site)
		}
	}
	for len(losing) > 0 && len(gaining) > 0 {
		p.move(losing[0], gaining[0], shown)
		losing, gaining = losing[1:], gaining[1:]
	}
	for _, site := range losing {
		p.withdrawFrom(site)
	}
	for _, site := range gaining {
		p.update(site, shown)
	}
}

func (p *servicePlan) update(site Site, shown Shown) {
	change := Change{Verb: runs.Update, New: serviceText(shown)}
	if site.Row != nil {
		change.Old = serviceText(*site.Row)
	}
	if change.Old != change.New {
		p.add(site, change, change.New)
	}
}

func (p *servicePlan) withdrawFrom(site Site) {
	row := *site.Row
	row.Withdrawn = true
	change := Change{Verb: runs.Update, Old: serviceText(*site.Row), New: serviceText(row), Leaves: site.Code}
	p.add(site, change, change.New)
}

// move adds one change for both sites; it is held if either site is.
func (p *servicePlan) move(from, to Site, shown Shown) {
	to.Held = to.Held || from.Held
	change := Change{Verb: runs.Update, Old: serviceText(moved{*from.Row, from.Code}), New: serviceText(shown), Leaves: from.Code}
	p.add(to, change, change.New)
}

// add adds a change, unless a person rejected it or froze the services of the
// profile.
func (p *servicePlan) add(site Site, c Change, value string) {
	if site.Held {
		return
	}
	for _, mark := range site.Marks {
		switch {
		case mark.Value != value:
		case mark.Verdict == runs.VerdictRejected:
			return
		case mark.Verdict == runs.VerdictUndone:
			c.Undone = true
		}
	}
	c.Code, c.Type, c.Service, c.Reason = site.Code, site.Type, p.ID, runs.BecauseDrift
	if p.News {
		c.Reason = runs.BecauseUpstream
	}
	p.changes = append(p.changes, c)
}

// matchWaiting holds the plan against what waits at each site.
func (p *servicePlan) matchWaiting() {
	for _, w := range p.Waiting {
		switch n := slices.IndexFunc(p.changes, func(c Change) bool { return c.Code == w.Code }); {
		case n < 0 && p.waitsOn(w):
		case n >= 0 && p.changes[n].Digest() == w.Digest(),
			n >= 0 && p.changes[n].Verb == runs.Missing && w.Verb == runs.Missing: // its day differs each time
			p.changes = slices.Delete(p.changes, n, n+1)
		default:
			if w.Replaced = n >= 0 && p.changes[n].Verb == w.Verb && p.changes[n].New == w.New; w.Replaced {
				p.changes[n].Waits, p.changes[n].Since = w.Withheld, w.Since
			}
			p.ended = append(p.ended, w)
		}
	}
}

// waitsOn reports whether what waits stays, although the plan has no change for
// its site: the services of the site are held, or the service is still missing.
func (p *servicePlan) waitsOn(w Waiting) bool {
	held := slices.ContainsFunc(p.Sites, func(s Site) bool { return s.Held && (s.Code == w.Code || s.Code == w.Leaves) })
	return held || w.Verb == runs.Missing && p.State == Missing
}

// serviceText returns the JSON of a value, always the same for equal values. It
// does not escape HTML characters, so that people can read it.
func serviceText(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic("a service always marshals: " + err.Error())
	}
	return string(bytes.TrimSpace(text.Bytes()))
}

// ParseShown reads a value of a plan; from is the old site of a move, empty for
// anything else.
func ParseShown(text string) (shown Shown, from profile.ODSCode, err error) {
	var m moved
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return shown, "", fmt.Errorf("service as shown: %w", err)
	}
	return m.Shown, m.From, nil
}
