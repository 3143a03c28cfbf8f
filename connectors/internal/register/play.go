package register

import (
	"slices"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// period is a span of time that is being simulated.
type period struct {
	*Register
	draw
	from, to profile.Date
	size     int
	standing map[profile.Standing][]member // those that have had no event yet
	events   Events
}

type member struct {
	report Report
	code   string
}

func (r *Register) newPeriod(to profile.Date) *period {
	r.mu.Lock()
	r.round++
	round := strconv.FormatUint(r.round, 10)
	r.mu.Unlock()
	p := &period{
		Register: r, draw: newDraw(r.seed, "play", round), from: r.AsOf(), to: to,
		standing: make(map[profile.Standing][]member),
	}
	for _, s := range specs {
		p.size += r.Len(s.report)
		if s.report == Authorities || s.report == SubICBs {
			continue // reorganised by law, not by the month
		}
		for o := range r.All(s.report) {
			if o.Closed.IsZero() || o.Standing == profile.Inactive { // contradictions stay as they are
				p.standing[o.Standing] = append(p.standing[o.Standing], member{s.report, o.Code})
			}
		}
	}
	return p
}

// drawMember draws an organisation with the standing whose report fits (nil: any),
// and makes sure that it is not drawn again.
func (p *period) drawMember(standing profile.Standing, fits func(Report) bool) (member, bool) {
	pool := p.standing[standing]
	for range 1000 { // a report may be rare, or absent
		if len(pool) == 0 {
			break
		}
		i := p.IntN(len(pool))
		if m := pool[i]; fits == nil || fits(m.report) {
			pool[i] = pool[len(pool)-1]
			p.standing[standing] = pool[:len(pool)-1]
			return m, true
		}
	}
	return member{}, false
}

func (p *period) playOne(kind Kind) {
	switch kind {
	case Closing:
		p.closeOne()
	case Reopening:
		p.reopenOne()
	case Opening:
		p.newOne()
	case Removing:
		p.removeOne()
	default:
		p.alter(kind, concerns[kind])
	}
}

// concerns picks the reports whose organisations have what a kind changes; a kind
// that is not listed changes any.
var concerns = map[Kind]func(Report) bool{
	Reparenting: func(r Report) bool { return r != Trusts && r != Dentists && r != PharmacyHQs && r != OpticalHQs },
	Recontract:  func(r Report) bool { return r == Practices || r == Dentists },
	Rephoning:   func(r Report) bool { return r != Dentists && r != TrustSites },
}

func (p *period) removeOne() {
	m, found := p.drawMember(profile.Inactive, nil)
	if !found {
		return
	}
	day := p.day(p.from.AddDays(1), p.to)
	if p.Delete(m.code, day) == nil {
		p.record(Removing, m, day, "", "")
	}
}

func (p *period) record(kind Kind, m member, on profile.Date, before, after string) {
	p.events = append(p.events, Event{kind, m.report, m.code, on, before, after})
}

// change changes one organisation on a day of the period and records the event.
func (p *period) change(kind Kind, m member, change func(o *Organisation, on profile.Date) (before, after string)) {
	on := p.day(p.from.AddDays(1), p.to)
	var before, after string
	err := p.Update(m.code, on, func(o *Organisation) { before, after = change(o, on) })
	if err == nil { // it cannot be gone: nothing else changes the register
		p.record(kind, m, on, before, after)
	}
}

func (p *period) closeOne() {
	m, found := p.drawMember(profile.Active, func(r Report) bool { return r != Trusts })
	if !found {
		return
	}
	if m.report != Practices {
		p.change(Closing, m, func(o *Organisation, on profile.Date) (string, string) {
			return o.close(p.day(on.AddDays(-28), on.AddDays(-1)))
		})
		return
	}
	p.change(Sleeping, m, func(o *Organisation, _ profile.Date) (string, string) {
		before := o.Standing
		o.Standing = profile.Dormant
		return string(before), string(o.Standing)
	})
	if m, found = p.drawMember(profile.Dormant, nil); found {
		p.change(Closing, m, func(o *Organisation, on profile.Date) (string, string) {
			return o.close(monthEndBefore(on))
		})
	}
}

func monthEndBefore(day profile.Date) profile.Date { return day.AddDays(-day.Time().Day()) }

func (o *Organisation) close(on profile.Date) (before, after string) {
	if on.Before(o.Opened) {
		on = o.Opened
	}
	before = string(o.Standing)
	o.Standing, o.Closed = profile.Inactive, on
	o.Operated, o.Commissioned = ended(o.Operated, on), ended(o.Commissioned, on)
	return before, string(o.Standing)
}

// ended copies the links and ends the present one; a zero day makes it current
// again.
func ended(links []Link, on profile.Date) []Link {
	links = slices.Clone(links)
	if len(links) > 0 {
		links[len(links)-1].To = on
	}
	return links
}

// reopenOne reopens a dormant practice or a closed organisation.
func (p *period) reopenOne() {
	standing := profile.Inactive
	if p.chance(0.3) {
		standing = profile.Dormant
	}
	m, found := p.drawMember(standing, func(r Report) bool { return standing == profile.Dormant || r != Practices })
	if !found {
		return
	}
	p.change(Reopening, m, func(o *Organisation, _ profile.Date) (string, string) {
		before := string(o.Standing)
		if o.archived() {
			o.ICB, o.Region = p.currentBoard(boards[0].code), boards[0].region // its former board no longer exists
		}
		o.Standing, o.Closed = profile.Active, profile.Date{}
		o.Operated, o.Commissioned = ended(o.Operated, o.Closed), ended(o.Commissioned, o.Closed)
		return before, string(o.Standing)
	})
}

// activateProposed makes proposed organisations active whose opening day has come.
func (p *period) activateProposed() {
	for _, m := range p.standing[profile.Proposed] {
		o, found := p.Get(m.code)
		if !found || o.Opened.After(p.to) || o.Opened.After(p.from) && p.chance(0.3) {
			continue
		}
		p.change(Activating, m, func(o *Organisation, _ profile.Date) (string, string) {
			o.Standing = profile.Active
			return string(profile.Proposed), string(profile.Active)
		})
	}
}

// newOne adds an organisation with a new code. One in five is only proposed, if the
// layout has a status for that.
func (p *period) newOne() {
	m, found := p.drawMember(profile.Active, nil) // large reports get more new ones
	if !found {
		return
	}
	p.standing[profile.Active] = append(p.standing[profile.Active], m)
	l, on := p.list(m.report), p.day(p.from.AddDays(1), p.to)
	life := life{standing: profile.Active, opened: on.AddDays(-p.IntN(10))}
	if l.spec.status && p.chance(0.2) {
		life.standing, life.opened = profile.Proposed, p.to.AddDays(5+p.IntN(40))
	}
	o := p.build(l, entry{code: p.newCode(l)}, -1, life)
	o.LastChange, o.ICB = on, p.currentBoard(o.ICB)
	if p.Add(o) == nil {
		p.record(Opening, member{m.report, o.Code}, on, "", o.Name)
	}
}

// currentBoard follows a board to the one that succeeded it.
func (p *period) currentBoard(icb string) string {
	if o, found := p.Get(icb); found && !o.Open() && len(o.Successions) > 0 {
		return o.Successions[0].Target
	}
	return icb
}

// newCode draws a code that was never used, in the newest form of the report.
func (p *period) newCode(l *list) string {
	newest := l.spec.forms[len(l.spec.forms)-1].fit(2*p.Len(l.spec.report), 1)
	for {
		code := newest.draw(p.draw, nil)
		gone := slices.ContainsFunc(p.Deletions(), func(d Deletion) bool { return d.Code == code })
		if _, taken := p.Get(code); !taken && !gone {
			return code
		}
	}
}

// alter changes one field of one open organisation.
func (p *period) alter(kind Kind, fits func(Report) bool) {
	m, found := p.drawMember(profile.Active, fits)
	if !found {
		return
	}
	p.change(kind, m, func(o *Organisation, on profile.Date) (before, after string) {
		switch kind {
		case Renaming:
			before = strings.TrimSpace(o.Name)
			after = rename(before, placeName(p.IntN(properNoun)))
			o.Name = after
			if o.Address.Building == before {
				o.Address.Building = after
			}
		case Moving:
			before = o.Postcode
			o.Postcode, o.Address.Street = nearby(cleanPostcode(before), p.draw), street(p.draw)
			after = o.Postcode
		case Readdressing:
			before = o.Address.Street
			o.Address.Street = street(p.draw)
			after = o.Address.Street
		case Rephoning:
			before = o.Phone
			o.Phone = phone(p.draw, shopPhones, "0300")
			after = o.Phone
		case Reparenting:
			before = o.Parent().Target
			o.Operated = p.relink(o.Operated, on, operatingReport(o.Report))
			after = o.Parent().Target
		case Recontract:
			before = o.Commissioner().Target
			o.Commissioned = p.relink(o.Commissioned, on, SubICBs)
			after = o.Commissioner().Target
		}
		return before, after
	})
}

// operatingReport returns the report whose organisations operate those of this one.
func operatingReport(report Report) Report {
	switch report {
	case Dispensaries:
		return PharmacyHQs
	case OpticalSites:
		return OpticalHQs
	case TrustSites, Practices:
		return Trusts
	}
	return Practices
}

// relink ends the present link on the day before and begins one to another
// organisation.
func (p *period) relink(links []Link, on profile.Date, to Report) []Link {
	pool := p.list(to).pool
	target := p.pick(pool)
	for range 20 {
		if target != last(links).Target {
			break
		}
		target = p.pick(pool)
	}
	if len(links) > 0 {
		links = ended(links, on.AddDays(-1))
	}
	return append(links, Link{Target: target, From: on})
}

// rename keeps the last word, which gives the kind of place.
func rename(name, place string) string {
	if i := strings.Index(name, " NHS "); i > 0 {
		return place + name[i:]
	}
	words := strings.Fields(name)
	if len(words) < 2 {
		return place + " " + name
	}
	return place + " " + words[len(words)-1]
}

// nearby keeps the postcode district and draws another unit in it.
func nearby(postcode string, d draw) string {
	outward, _, _ := strings.Cut(postcode, " ")
	return outward + " " + strconv.Itoa(d.IntN(10)) + string(inward[d.IntN(len(inward))]) + string(inward[d.IntN(len(inward))])
}
