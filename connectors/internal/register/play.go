package register

import (
	"slices"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// play is one stretch of time being played.
type play struct {
	*Register
	draw
	from, to profile.Date
	size     int
	standing map[profile.Standing][]member // nobody in it has met an event yet
	events   Events
}

type member struct {
	report Report
	code   string
}

func (r *Register) newPlay(to profile.Date) *play {
	r.mu.Lock()
	r.round++
	round := strconv.FormatUint(r.round, 10)
	r.mu.Unlock()
	p := &play{
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

// take draws an organisation of the standing and report ("" for any) and keeps
// it from being drawn again.
func (p *play) take(standing profile.Standing, fits func(Report) bool) (member, bool) {
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

func (p *play) one(kind Kind) {
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

// concerns picks the reports whose organisations have what a kind changes; any
// where the kind is not named.
var concerns = map[Kind]func(Report) bool{
	Reparenting: func(r Report) bool { return r != Trusts && r != Dentists && r != PharmacyHQs && r != OpticalHQs },
	Recontract:  func(r Report) bool { return r == Practices || r == Dentists },
	Rephoning:   func(r Report) bool { return r != Dentists && r != TrustSites },
}

func (p *play) removeOne() {
	m, found := p.take(profile.Inactive, nil)
	if !found {
		return
	}
	day := p.day(p.from.AddDays(1), p.to)
	if p.Delete(m.code, day) == nil {
		p.tell(Removing, m, day, "", "")
	}
}

func (p *play) tell(kind Kind, m member, on profile.Date, before, after string) {
	p.events = append(p.events, Event{kind, m.report, m.code, on, before, after})
}

// set changes one organisation on a day of the stretch and tells of it.
func (p *play) set(kind Kind, m member, change func(o *Organisation, on profile.Date) (before, after string)) {
	on := p.day(p.from.AddDays(1), p.to)
	var before, after string
	err := p.Update(m.code, on, func(o *Organisation) { before, after = change(o, on) })
	if err == nil { // it cannot be gone: nobody else plays
		p.tell(kind, m, on, before, after)
	}
}

func (p *play) closeOne() {
	m, found := p.take(profile.Active, func(r Report) bool { return r != Trusts })
	if !found {
		return
	}
	if m.report != Practices {
		p.set(Closing, m, func(o *Organisation, on profile.Date) (string, string) {
			return o.close(p.day(on.AddDays(-28), on.AddDays(-1)))
		})
		return
	}
	p.set(Sleeping, m, func(o *Organisation, _ profile.Date) (string, string) {
		before := o.Standing
		o.Standing = profile.Dormant
		return string(before), string(o.Standing)
	})
	if m, found = p.take(profile.Dormant, nil); found {
		p.set(Closing, m, func(o *Organisation, on profile.Date) (string, string) {
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

// ended copies the links with the present one ended; a zero day revives it.
func ended(links []Link, on profile.Date) []Link {
	links = slices.Clone(links)
	if len(links) > 0 {
		links[len(links)-1].To = on
	}
	return links
}

// reopenOne brings a dormant practice back, or a closed organisation.
func (p *play) reopenOne() {
	standing := profile.Inactive
	if p.chance(0.3) {
		standing = profile.Dormant
	}
	m, found := p.take(standing, func(r Report) bool { return standing == profile.Dormant || r != Practices })
	if !found {
		return
	}
	p.set(Reopening, m, func(o *Organisation, _ profile.Date) (string, string) {
		before := string(o.Standing)
		if o.archived() {
			o.ICB, o.Region = p.present(boards[0].code), boards[0].region // the board of its day is gone
		}
		o.Standing, o.Closed = profile.Active, profile.Date{}
		o.Operated, o.Commissioned = ended(o.Operated, o.Closed), ended(o.Commissioned, o.Closed)
		return before, string(o.Standing)
	})
}

// open makes the proposed ones active whose day has come.
func (p *play) open() {
	for _, m := range p.standing[profile.Proposed] {
		o, found := p.Get(m.code)
		if !found || o.Opened.After(p.to) || o.Opened.After(p.from) && p.chance(0.3) {
			continue
		}
		p.set(Activating, m, func(o *Organisation, _ profile.Date) (string, string) {
			o.Standing = profile.Active
			return string(profile.Proposed), string(profile.Active)
		})
	}
}

// newOne enters a new code; one in five, where there is a word for it, is only
// proposed yet.
func (p *play) newOne() {
	m, found := p.take(profile.Active, nil) // new ones come where many are
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
	o.LastChange, o.ICB = on, p.present(o.ICB)
	if p.Add(o) == nil {
		p.tell(Opening, member{m.report, o.Code}, on, "", o.Name)
	}
}

// present follows a board to the one that succeeded it.
func (p *play) present(icb string) string {
	if o, found := p.Get(icb); found && !o.Open() && len(o.Successions) > 0 {
		return o.Successions[0].Target
	}
	return icb
}

// newCode draws a code that was never given, in the newest form of the report.
func (p *play) newCode(l *list) string {
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
func (p *play) alter(kind Kind, fits func(Report) bool) {
	m, found := p.take(profile.Active, fits)
	if !found {
		return
	}
	p.set(kind, m, func(o *Organisation, on profile.Date) (before, after string) {
		switch kind {
		case Renaming:
			before = strings.TrimSpace(o.Name)
			after = rename(before, proper(p.IntN(properNoun)))
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
			o.Operated = p.relink(o.Operated, on, parents(o.Report))
			after = o.Parent().Target
		case Recontract:
			before = o.Commissioner().Target
			o.Commissioned = p.relink(o.Commissioned, on, SubICBs)
			after = o.Commissioner().Target
		}
		return before, after
	})
}

// parents names the report that operates organisations of this one.
func parents(report Report) Report {
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

// relink ends the present link the day before and begins one to somebody else.
func (p *play) relink(links []Link, on profile.Date, to Report) []Link {
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

// rename keeps the last word, which says what kind of place it is.
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
