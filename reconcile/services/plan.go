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

// ServiceItem is what planning one service needs: what e-RS says of it, and the
// profiles it concerns.
type ServiceItem struct {
	ID        ServiceID
	Was       ServiceState // before the run
	State     ServiceState // after it
	Service   *ERSService  // nil: never seen
	Specialty string       // the label; empty for none
	News      bool         // this run found something new
	Settled   bool         // what profiles are to show of it is stored already
	Sites     []ServiceSite
}

// ServiceSite is a profile that a service concerns: it is there by e-RS, or the
// profile says so.
type ServiceSite struct {
	Code  profile.ODSCode
	Type  profile.OrgType
	Row   *ServiceShown // as it stands; nil for none
	Held  bool          // a person froze the services of this profile
	Marks []ServiceMark
}

// ServiceMark is a person's decision on a service at a profile.
type ServiceMark struct {
	Verdict runs.Verdict // VerdictRejected or VerdictUndone
	Value   string       // JSON of ServiceShown, or markOfAbsence
}

// markOfAbsence is the value of a decision on a missing mark, whose day is
// another each time.
const markOfAbsence = "missing"

// ServiceChange is one service at one profile: as it stands, and as it is to
// stand. A move is one change, at the site that gains.
type ServiceChange struct {
	Code    profile.ODSCode
	Type    profile.OrgType
	Service ServiceID
	Verb    runs.Verb // Update, or Missing for a mark beside the profile
	Old     string    // JSON of ServiceShown, of a move with "moved_from"; empty for a service that is new here, and for a mark
	New     string    // JSON of ServiceShown; the day of a mark, empty to take it back
	Reason  runs.Reason
	Undone  bool            // a person took this very change back before
	Leaves  profile.ODSCode // the site that loses the service; empty for none
}

// FieldName is what plans, audit and decisions call the service of a profile.
func (c ServiceChange) FieldName() string { return ServiceField(c.Service) }

// ServiceField is the name of one service among the fields of a profile.
func ServiceField(id ServiceID) string { return profile.FieldERSServices.String() + "/" + string(id) }

// Digest identifies what the change does, whatever its reason.
func (c ServiceChange) Digest() profile.Hash {
	return profile.HashOf(string(c.Code), string(c.Verb), c.FieldName(), c.Old, c.New)
}

// moved is ServiceShown as the old value of a move.
type moved struct {
	ServiceShown

	From profile.ODSCode `json:"moved_from,omitempty"`
}

// PlanServices compares services with the profiles that show them. Absence never
// takes anything away: that takes gone, or e-RS's word that a service is
// somewhere else (RULES.md "Services").
func PlanServices(asOf profile.Date, items []ServiceItem) (changes []ServiceChange) {
	for _, item := range items {
		p := servicePlan{ServiceItem: item, asOf: asOf}
		p.plan()
		changes = append(changes, p.changes...)
	}
	slices.SortFunc(changes, compareServiceChanges)
	return changes
}

func compareServiceChanges(a, b ServiceChange) int {
	return cmp.Or(cmp.Compare(a.Code, b.Code), CompareServiceIDs(a.Service, b.Service), cmp.Compare(a.Verb, b.Verb),
		cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New))
}

// servicePlan plans one service.
type servicePlan struct {
	ServiceItem

	asOf    profile.Date
	changes []ServiceChange
}

func (p *servicePlan) plan() {
	slices.SortFunc(p.Sites, func(a, b ServiceSite) int { return cmp.Compare(a.Code, b.Code) })
	switch {
	case p.Service == nil || p.State == ServiceNotVisible || p.State == ServiceKnown:
		return // nothing to compare
	case p.State == ServiceGone:
		p.withdraw()
		return
	case p.State == ServiceMissing && p.Was != ServiceMissing:
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

func (s ServiceSite) live() bool { return s.Row != nil && !s.Row.Withdrawn }

func (p *servicePlan) mark() {
	for _, site := range p.Sites {
		if site.live() {
			p.add(site, ServiceChange{Verb: runs.Missing, New: p.asOf.String(), Leaves: site.Code}, markOfAbsence)
		}
	}
}

// place brings the service to where e-RS says it is: sites that lose it and
// sites that gain it are paired to moves, in the order of their codes.
func (p *servicePlan) place() {
	shown := p.Service.Shown(p.Specialty)
	var left, gained []ServiceSite
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

func (p *servicePlan) update(site ServiceSite, shown ServiceShown) {
	change := ServiceChange{Verb: runs.Update, New: serviceText(shown)}
	if site.Row != nil {
		change.Old = serviceText(*site.Row)
	}
	if change.Old != change.New {
		p.add(site, change, change.New)
	}
}

func (p *servicePlan) leave(site ServiceSite) {
	row := *site.Row
	row.Withdrawn = true
	change := ServiceChange{Verb: runs.Update, Old: serviceText(*site.Row), New: serviceText(row), Leaves: site.Code}
	p.add(site, change, change.New)
}

// move is held when either site is.
func (p *servicePlan) move(from, to ServiceSite, shown ServiceShown) {
	to.Held = to.Held || from.Held
	change := ServiceChange{Verb: runs.Update, Old: serviceText(moved{*from.Row, from.Code}), New: serviceText(shown), Leaves: from.Code}
	p.add(to, change, change.New)
}

// add keeps silent about what a person rejected or froze.
func (p *servicePlan) add(site ServiceSite, c ServiceChange, value string) {
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

// ParseServiceShown reads a value of a plan; from is the old site of a move.
func ParseServiceShown(text string) (shown ServiceShown, from profile.ODSCode, err error) {
	var m moved
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return shown, "", fmt.Errorf("service as shown: %w", err)
	}
	return m.ServiceShown, m.From, nil
}
