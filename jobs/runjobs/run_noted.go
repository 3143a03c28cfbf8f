package runjobs

import (
	"fmt"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// mostCodes is how many organisations without a profile a summary names for each
// reason.
const mostCodes = 20

// noted collects what a run's summary says of its records beside their changes.
type noted struct {
	values    map[string]int
	noProfile []runs.WithoutProfile
	otherForm int
	layout    *runs.NewLayout // nil if the layout is the one before
}

// compareLayouts finds out whether the listing is in another layout than the one
// before, and what that means.
func (p *organisationPlanner) compareLayouts() error {
	from, to := p.session.LastLayout(), p.stamp().Layout
	if from == "" || to == "" || from == to || !p.run.Kind.IsListing() {
		return nil
	}
	p.noted.layout = &runs.NewLayout{From: from, To: to, NotCompared: []string{}}
	redefined, err := p.redefinedSince(from)
	for _, f := range redefined {
		p.noted.layout.NotCompared = append(p.noted.layout.NotCompared, f.String())
	}
	return err
}

// markRedefined tells of each item what means something else than in the layout in
// which its record was read before, whichever listing that was. If that is not
// known, it was the layout of the last accepted listing.
func (p *organisationPlanner) markRedefined(items []runs.Item) (err error) {
	for i := range items {
		from := items[i].BaseLayout
		if from == "" {
			from = p.session.LastLayout()
		}
		if items[i].Redefined, err = p.redefinedSince(from); err != nil {
			return err
		}
	}
	return nil
}

func (p *organisationPlanner) redefinedSince(layout string) ([]profile.Field, error) {
	now := p.stamp().Layout
	if layout == "" || now == "" || layout == now {
		return nil, nil
	}
	if fields, known := p.redefined[layout]; known {
		return fields, nil
	}
	fields, err := p.Redefined(p.run.Report, layout, now)
	if p.redefined == nil {
		p.redefined = make(map[string][]profile.Field)
	}
	p.redefined[layout] = fields
	return fields, err
}

// add adds a chunk that was compared.
func (n *noted) add(compared []runs.Compared, outcomes []runs.Outcome) {
	for _, c := range compared {
		for _, note := range c.Record.Notes {
			if n.values == nil {
				n.values = make(map[string]int)
			}
			n.values[note.Field]++
		}
	}
	for _, o := range outcomes {
		if o.OtherForm {
			n.otherForm++
		}
		if o.NoProfile != "" {
			n.addWithout(o)
		}
	}
}

func (n *noted) addWithout(o runs.Outcome) {
	at := 0
	for at < len(n.noProfile) && n.noProfile[at].Because != o.NoProfile {
		at++
	}
	if at == len(n.noProfile) {
		n.noProfile = append(n.noProfile, runs.WithoutProfile{Because: o.NoProfile})
	}
	w := &n.noProfile[at]
	if w.Count++; len(w.Codes) < mostCodes {
		w.Codes = append(w.Codes, o.Code)
	}
}

// describe adds what was collected to a summary.
func (n *noted) describe(summary *runs.Summary) {
	summary.Noted, summary.NoProfile = n.values, n.noProfile
	if n.layout != nil {
		layout := *n.layout
		layout.OtherForm = n.otherForm
		summary.NewLayout = &layout
		*summary = summary.WithNote(fmt.Sprintf("new layout: %d addresses in another form", n.otherForm))
	}
}
