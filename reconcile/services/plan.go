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
	State     State    // after it
	Service   *Service // nil: never seen
	Specialty string   // the label; empty for none
	News      bool     // this run found something new
	Settled   bool     // what profiles are to show of it is stored already
	Sites     []Site
}

// Site is a profile that a service concerns: it is there by e-RS, or the
// profile says so.
type Site struct {
	Code  profile.ODSCode
	Type  profile.OrgType
	Row   *Shown // as it stands; nil for none
	Held  bool   // a person froze the services of this profile
	Marks []Mark
}

// Mark is a person's decision on a service at a profile.
type Mark struct {
	Verdict runs.Verdict // VerdictRejected or VerdictUndone
	Value   string       // JSON of Shown, or markOfAbsence
}

// markOfAbsence is the value of a decision on a missing mark, whose day is
// another each time.
const markOfAbsence = "missing"

// Change is one service at one profile: as it stands, and as it is to
// stand. A move is one change, at the site that gains.
type Change struct {
	Code    profile.ODSCode
	Type    profile.OrgType
	Service ID
	Verb    runs.Verb // Update, or Missing for a mark beside the profile
	Old     string    // JSON of Shown, of a move with "moved_from"; empty for a service that is new here, and for a mark
	New     string    // JSON of Shown; the day of a mark, empty to take it back
	Reason  runs.Reason
	Undone  bool            // a person took this very change back before
	Leaves  profile.ODSCode // the site that loses the service; empty for none
}

// FieldName is what plans, audit and decisions call the service of a profile.
func (c Change) FieldName() string { return Field(c.Service) }

// Field is the name of one service among the fields of a profile.
func Field(id ID) string { return profile.FieldERSServices.String() + "/" + string(id) }

// Digest identifies what the change does, whatever its reason.
func (c Change) Digest() profile.Hash {
	return profile.HashOf(string(c.Code), string(c.Verb), c.FieldName(), c.Old, c.New)
}

// moved is Shown as the old value of a move.
type moved struct {
	Shown

	From profile.ODSCode `json:"moved_from,omitempty"`
}

// Plan compares services with the profiles that show them. Absence never
// takes anything away: that takes gone, or e-RS's word that a service is
// somewhere else (RULES.md "Services").
func Plan(asOf profile.Date, items []Item) (changes []Change) {
	for _, item := range items {
		p := servicePlan{Item: item, asOf: asOf}
		p.plan()
		changes = append(changes, p.changes...)
	}
	slices.SortFunc(changes, compareServiceChanges)
	return changes
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
}

func (p *servicePlan) plan() {
	slices.SortFunc(p.Sites, func(a, b Site) int { return cmp.Compare(a.Code, b.Code) })
	switch {
	case p.Service == nil || p.State == NotVisible || p.State == Known:
		return // nothing to compare
	case p.State == Gone:
		p.withdraw()
		return
	case p.State == Missing && p.Previous != Missing:
		p.mark()
	}
	p.place()
}

// withdraw takes the service off all profiles.
func (p *servicePlan) withdraw() {
	for _, site := range p.Sites {
		if site.live() {
			p.leave(site)
		}
	}
}

func (s Site) live() bool { return s.Row != nil && !s.Row.Withdrawn }

func (p *servicePlan) mark() {
	for _, site := range p.Sites {
		if site.live() {
			p.add(site, Change{Verb: runs.Missing, New: p.asOf.String(), Leaves: site.Code}, markOfAbsence)
		}
	}
}

// place brings the service to where e-RS says it is: sites that lose it and
// sites that gain it are paired to moves, in the order of their codes.
func (p *servicePlan) place() {
	shown := p.Service.Shown(p.Specialty)
	var left, gained []Site
	for _, site := range p.Sites {
		switch at := p.Service.AtSite(site.Code); {
		case at && site.live():
			p.update(site, shown)
		case at:
			gained = append(gained, site)
		case site.live():
			left = append(left, site)
		}
	}
	for len(left) > 0 && len(gained) > 0 {
		p.move(left[0], gained[0], shown)
		left, gained = left[1:], gained[1:]
	}
	for _, site := range left {
		p.leave(site)
	}
	for _, site := range gained {
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

func (p *servicePlan) leave(site Site) {
	row := *site.Row
	row.Withdrawn = true
	change := Change{Verb: runs.Update, Old: serviceText(*site.Row), New: serviceText(row), Leaves: site.Code}
	p.add(site, change, change.New)
}

// move is held when either site is.
func (p *servicePlan) move(from, to Site, shown Shown) {
	to.Held = to.Held || from.Held
	change := Change{Verb: runs.Update, Old: serviceText(moved{*from.Row, from.Code}), New: serviceText(shown), Leaves: from.Code}
	p.add(to, change, change.New)
}

// add keeps silent about what a person rejected or froze.
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

// serviceText is the one text of a value: letters stand as they are, so that
// people can read it.
func serviceText(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic("a service always marshals: " + err.Error())
	}
	return string(bytes.TrimSpace(text.Bytes()))
}

// ParseShown reads a value of a plan; from is the old site of a move.
func ParseShown(text string) (shown Shown, from profile.ODSCode, err error) {
	var m moved
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return shown, "", fmt.Errorf("service as shown: %w", err)
	}
	return m.Shown, m.From, nil
}
