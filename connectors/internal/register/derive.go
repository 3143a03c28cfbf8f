package register

import (
	"slices"
	"strconv"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// archivedUntil is the day up to which closed organisations left the live register
// (connectors/ods/CONTRACT.md "Absent codes").
var archivedUntil = profile.NewDate(2017, 3, 31)

// life says when an organisation opened and closed, and its present standing.
type life struct {
	standing       profile.Standing
	opened, closed profile.Date
}

// everyNth reports whether the nth row of a report has a kind of dirt that one in
// rows rows has.
func everyNth(nth, rows int) bool { return rows > 0 && nth >= 0 && nth%rows == 5%rows }

func (s *spec) life(d draw, nth int, asOf profile.Date) life {
	chance := d.Float64()
	contradiction := everyNth(nth, s.contradictions)
	switch {
	case contradiction:
		closed := asOf.AddDays(-10 - d.IntN(45))
		return life{profile.Active, s.opening(d, closed.AddDays(-400)), closed}
	case chance < s.inactive:
		closed := d.day(archivedUntil.AddDays(1), asOf)
		if d.chance(s.archived) {
			closed = d.day(profile.NewDate(2005, 1, 1), archivedUntil)
		}
		return life{profile.Inactive, s.opening(d, closed.AddDays(-30)), closed}
	case chance < s.inactive+s.dormant:
		return life{standing: profile.Dormant, opened: s.opening(d, asOf.AddDays(-400))}
	case chance < s.inactive+s.dormant+s.proposed:
		return life{standing: profile.Proposed, opened: asOf.AddDays(d.IntN(75) - 45)}
	}
	return life{standing: profile.Active, opened: s.opening(d, asOf.AddDays(-1))}
}

// opening picks an opening day that is not after end.
func (s *spec) opening(d draw, end profile.Date) profile.Date {
	if d.chance(s.epochShare) && s.epoch.Before(end) {
		return s.epoch
	}
	return d.day(profile.NewDate(min(s.since, end.Time().Year()-1), 4, 1), end)
}

// derive makes the organisation as it was when the register began.
func (r *Register) derive(l *list, e entry) Organisation {
	nth := int(e.serial - l.first)
	return r.build(l, e, nth, l.spec.life(newDraw(r.seed, e.code, "life"), nth, r.began))
}

// build makes the organisation with the given life; a negative nth gives it no
// dirt.
func (r *Register) build(l *list, e entry, nth int, life life) Organisation {
	s, d := l.spec, newDraw(r.seed, e.code, "facts")
	o := Organisation{
		Report: s.report, Code: e.code, Standing: life.standing, Opened: life.opened, Closed: life.closed,
		Roles: s.roles, serial: int(e.serial),
	}
	r.role(&o, d)
	at := r.spot(l, e.code)
	chain := r.name(&o, l, d, at)
	at.fill(&o, d)
	if everyNth(nth, s.noBoard) {
		o.ICB = ""
	}
	if life.standing == profile.Inactive && !life.closed.After(archivedUntil) && s.report != Trusts {
		o.Region, o.ICB = "Y5"+strconv.Itoa(1+d.IntN(7)), "Q"+strconv.Itoa(30+d.IntN(60)) // the boards of those days
	}
	r.link(&o, l, d, at, chain)
	if len(s.phones) > 0 && !d.chance(s.noPhone) {
		o.Phone = phone(d, s.phones, at.town.dial)
	}
	if s.report == Trusts && d.chance(0.9) {
		o.Website = "HTTPS://WWW." + word(d.IntN(words)) + ".NHS.UK/"
	}
	o.UPRN = strconv.Itoa(10_000_000_000 + d.IntN(90_000_000))
	o.LastChange = changed(d, o, r.began)
	if o.Report == Practices && o.Roles[1] == "RO323" {
		r.twin(&o, d)
	}
	s.addDirt(&o, d, nth)
	return o
}

// changed spreads the last changes evenly over four years, so that each day has
// about the share of the register that really changes in a day.
func changed(d draw, o Organisation, asOf profile.Date) profile.Date {
	day := asOf.AddDays(-1 - d.IntN(1500))
	for _, event := range []profile.Date{o.Opened, o.Closed} {
		if event.After(day) && event.Before(asOf) {
			day = event.AddDays(d.IntN(min(30, days(event, asOf))))
		}
	}
	return day
}

// role decides the roles and the sub-type of reports that hold several kinds.
func (r *Register) role(o *Organisation, d draw) {
	switch o.Report {
	case Practices:
		o.SubType = "B"
		if d.chance(0.0106) {
			o.SubType = "Z"
		}
		at := d.weighted(len(settings), func(i int) int { return settings[i].weight })
		o.Roles = settings[at].roles
	case Dispensaries:
		o.SubType, o.Roles = "1", []string{"RO182"}
		if d.chance(0.0131) {
			o.SubType, o.Roles = "2", []string{"RO94"}
		} else if o.Standing == profile.Inactive && d.chance(0.0003) {
			o.SubType = "3"
		}
	case Dentists:
		o.SubType, o.Roles = "D", []string{"RO110"}
		if d.chance(0.0293) {
			o.SubType, o.Roles = "P", []string{"RO110", "RO65"}
		}
	case Trusts:
		o.Roles = []string{"RO197"}
		if d.chance(0.6) {
			o.Roles = []string{"RO197", "RO57"}
		}
	}
}

// twin makes a prescribing cost centre of a community pharmacy the namesake of
// that pharmacy, at the same address (connectors/ods/CONTRACT.md "Roles").
func (r *Register) twin(o *Organisation, d draw) {
	shops := r.list(Dispensaries)
	if shops == nil || len(shops.pool) == 0 {
		return
	}
	nth := d.IntN(len(shops.pool))
	shop := r.derive(shops, entry{shops.pool[nth], shops.first + int32(nth)}).Clean() //nolint:gosec // below the number of codes
	o.Name, o.Address, o.Postcode = shop.Name, shop.Address, shop.Postcode
}

// addDirt adds the dirt of hand-typed files.
func (s *spec) addDirt(o *Organisation, d draw, nth int) {
	if everyNth(nth, s.oddPostcodes) && len(o.Postcode) > 3 {
		end := len(o.Postcode) - 2
		o.Postcode = o.Postcode[:end] + " " + o.Postcode[end:] // SA5 9 EA
	}
	if !everyNth(nth, s.strays) {
		return
	}
	switch d.IntN(4) {
	case 0:
		o.Name += " "
	case 1:
		o.Address.Street += " "
	case 2:
		o.Address.Town += " "
	default:
		o.Postcode += " "
	}
}

// link gives the organisation the relationships its kind has.
func (r *Register) link(o *Organisation, l *list, d draw, at spot, chain int) {
	commissioner := at.commissioner(r, d)
	switch o.Report {
	case Practices:
		o.Commissioned = o.history(d, l.spec, commissioner, r.subICBs[at.board.code], r.began)
		if o.SubType != "Z" {
			provider := commissioner
			if d.chance(0.21) {
				provider = d.pick(r.list(Trusts).pool)
			}
			o.Operated = relink(o.Commissioned, provider)
		}
	case Dispensaries:
		pool := r.list(PharmacyHQs).pool
		owner := d.pick(pool)
		if chain >= 0 && chain < len(pool) {
			owner = pool[chain]
		}
		if !d.chance(0.0224) {
			o.Operated = o.history(d, l.spec, owner, pool, r.began)
		}
		o.Commissioned = o.lifelongLink(o.ICB)
	case OpticalSites:
		pool := r.list(OpticalHQs).pool
		o.Operated = o.history(d, l.spec, d.pick(pool), pool, r.began)
		o.Commissioned = o.lifelongLink(o.ICB)
	case TrustSites, Branches:
		o.Operated = o.history(d, l.spec, at.parent, r.list(operatorOf(o.Report)).pool, r.began)
	case Dentists:
		o.Commissioned = o.history(d, l.spec, commissioner, r.subICBs[at.board.code], r.began)
	}
}

// lifelongLink returns one link over the organisation's whole life.
func (o *Organisation) lifelongLink(target string) []Link {
	if target == "" {
		return nil
	}
	return []Link{{target, o.Opened, o.lastDay()}}
}

func (o *Organisation) lastDay() profile.Date {
	if o.Standing == profile.Inactive {
		return o.Closed
	}
	return profile.Date{}
}

// history returns a link to the target and, for organisations that did not open
// with it, the link before.
func (o *Organisation) history(d draw, s *spec, target string, pool []string, asOf profile.Date) []Link {
	end := asOf
	if !o.lastDay().IsZero() {
		end = o.lastDay()
	}
	if target == "" || d.chance(s.keptParent) || days(o.Opened, end) < 60 {
		return o.lifelongLink(target)
	}
	joined := d.day(o.Opened.AddDays(30), end.AddDays(-10))
	links := []Link{{target, joined, o.lastDay()}}
	if former := d.pick(pool); former != target && former != "" {
		links = slices.Insert(links, 0, Link{former, o.Opened, joined.AddDays(-1)})
	}
	return links
}

// relink copies a history with another present target.
func relink(links []Link, target string) []Link {
	if len(links) == 0 || target == "" {
		return nil
	}
	links = slices.Clone(links)
	links[len(links)-1].Target = target
	return links
}

// phone fills a spacing layout with the digits of a number in the area.
func phone(d draw, layouts []weighted, dial string) string {
	layout := layouts[d.choose(layouts)].value
	switch layout {
	case "99999 999999", "9999 9999999", "999 99999999": // the usual ones follow the dialling code
		layout = map[int]string{5: "99999 999999", 4: "9999 9999999", 3: "999 99999999"}[len(dial)]
	}
	number, next := []byte(layout), 0
	for i, c := range number {
		if c != '9' {
			continue
		}
		switch {
		case next < len(dial):
			number[i] = dial[next]
		case next == len(dial):
			number[i] = digits[2+d.IntN(7)]
		default:
			number[i] = digits[d.IntN(10)]
		}
		next++
	}
	return string(number)
}
