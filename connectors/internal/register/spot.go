package register

import (
	"slices"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// spot is the location of an organisation. Organisations that draw the same spot
// share a postcode and a street, as they do in health centres and hospitals.
type spot struct {
	board  *board
	town   town
	parent string // for sites and branches, which are located with their parent
	draw   draw   // the same for all that share the spot
}

// operatorOf returns the report whose organisations operate the sites or branches
// of this one.
func operatorOf(site Report) Report {
	if site == Branches {
		return Practices
	}
	return Trusts
}

func (r *Register) spot(l *list, code string) spot {
	d := newDraw(r.seed, code, "spot")
	places := max(1, int(l.spec.postcodes*float64(l.began)))
	switch l.spec.report {
	case TrustSites, Branches:
		parents := r.list(operatorOf(l.spec.report))
		parent := parentOf(code, parents, d)
		at := newDraw(r.seed, "site", parent, strconv.Itoa(d.IntN(places/max(1, len(parents.pool))+1)))
		board := r.spot(parents, parent).board
		return spot{board, board.towns[at.IntN(len(board.towns))], parent, at}
	case SubICBs:
		nth, _ := slices.BinarySearch(l.pool, code)
		board := &boards[nth%len(boards)]
		return spot{board, board.towns[0], "", newDraw(r.seed, "board", board.code)}
	}
	welsh := int(l.spec.welsh * float64(places))
	if l.spec.report == Practices { // their codes give the place
		if strings.HasPrefix(code, "W") {
			places = max(1, welsh)
		} else {
			return r.nthSpot(l, welsh+d.IntN(max(1, places-welsh)), welsh)
		}
	}
	return r.nthSpot(l, d.IntN(places), welsh)
}

// nthSpot returns the nth spot of a report; the first ones are in Wales.
func (r *Register) nthSpot(l *list, nth, welsh int) spot {
	d := newDraw(r.seed, string(l.spec.report), strconv.Itoa(nth))
	at := &wales
	if nth >= welsh {
		at = &boards[d.weighted(len(boards), func(i int) int { return boards[i].weight })]
	}
	return spot{at, at.towns[d.IntN(len(at.towns))], "", d}
}

// parentOf reads the parent from a code in the old format, and draws one for a code
// in the new format, which does not name it.
func parentOf(code string, parents *list, d draw) string {
	tail := 2
	if parents.spec.report == Practices {
		tail = 3
	}
	if len(code) > tail {
		if prefix := code[:len(code)-tail]; has(parents.pool, prefix) {
			return prefix
		}
	}
	return d.pick(parents.pool)
}

func has(sorted []string, code string) bool {
	_, found := slices.BinarySearch(sorted, code)
	return found
}

// commissioner draws a commissioner of the spot's area.
func (at spot) commissioner(r *Register, d draw) string {
	if at.board == &wales {
		return d.pick(welshBoards)
	}
	return d.pick(r.subICBs[at.board.code])
}

const inward = "ABDEFGHJLNPQRSTUWXYZ" // the letters of inward codes

// fill writes the spot into the organisation: region, board, address, postcode.
func (at spot) fill(o *Organisation, d draw) {
	shared := newDraw(at.draw.Uint64(), at.town.name) // a copy: filling one organisation must not change the spot
	o.Region, o.ICB, o.Area = at.board.region, at.board.code, at.board.area
	o.Postcode = at.town.postal + strconv.Itoa(1+shared.IntN(28)) + " " + strconv.Itoa(shared.IntN(10)) +
		string(inward[shared.IntN(len(inward))]) + string(inward[shared.IntN(len(inward))])
	o.Address = Address{Street: street(shared), Town: at.town.name, County: at.town.county}
	if d.chance(0.45) {
		o.Address.Locality = word(shared.IntN(words))
	}
	o.Address.Building = building(*o, d)
}

// building returns the first line: a name of its own, or the organisation's name.
func building(o Organisation, d draw) string {
	same, own, limit := 0.0, 0.15, 35
	switch o.Report {
	case Practices, Branches:
		same, own = 0.234, 0.35
	case Dentists:
		same, own = 0.9618, 0.02
	case Trusts:
		own = 0.8
	case TrustSites:
		own = 0.55
	case Dispensaries:
		limit = 25 // its lines are no longer than that
	}
	at := d.Float64()
	switch {
	case at < same && len(o.Name) <= limit:
		return o.Name
	case at < same+own:
		return d.pick([]string{
			"THE HEALTH CENTRE", "MEDICAL CENTRE", "PRIMARY CARE CENTRE", "GROUND FLOOR",
			"UNIT " + strconv.Itoa(1+d.IntN(40)), word(d.IntN(words)) + " HOUSE",
		})
	}
	return ""
}

// name names the organisation; it returns the number of its chain, or -1.
func (r *Register) name(o *Organisation, l *list, d draw, at spot) (chain int) {
	own := d.IntN(max(1, int(l.spec.names*float64(l.began))))
	place := placeName(own)
	kind := func(kinds ...string) string { return kinds[own/properNoun%len(kinds)] } // more kinds, fewer namesakes
	switch o.Report {
	case Dispensaries:
		kinds := kind(" PHARMACY", " CHEMIST", " CHEMISTS", " DISPENSARY", " LATE NIGHT PHARMACY")
		o.Name, chain = chained(d, chains, 0.42, ampersand(d, 0.033, place)+kinds)
		return chain
	case OpticalSites:
		o.Name, _ = chained(d, opticians, 0.4, ampersand(d, 0.05, place)+kind(" OPTICIANS", " EYECARE"))
	case Dentists:
		o.Name, _ = chained(d, dentalNames, 0.32, ampersand(d, 0.0175, place)+kind(" DENTAL PRACTICE", " DENTAL CARE"))
	case Practices:
		o.Name = practiceName(o.Roles, d, place)
	case Branches:
		o.Name = place + kind(" SURGERY", " BRANCH SURGERY")
	case PharmacyHQs, OpticalHQs:
		o.Name = ampersand(d, 0.05, place) + kind(" LTD", " HEALTHCARE LTD")
	case Trusts:
		o.Name = trustName(o.Roles, d, place)
	case TrustSites:
		o.Name = siteName(d, place, kind(" HOSPITAL", " CLINIC"))
	case SubICBs:
		o.Name = "NHS " + at.board.name + " ICB - " + o.Code
	}
	return -1
}

// chained returns the name and number of a chain for a share of the calls, and own
// and -1 for the others.
func chained(d draw, names []weighted, share float64, own string) (name string, chain int) {
	if !d.chance(share) {
		return own, -1
	}
	chain = d.choose(names)
	return names[chain].value, chain
}

func trustName(roles []string, d draw, place string) string {
	name := place + d.pick([]string{" UNIVERSITY HOSPITALS", " PARTNERSHIP", " COMMUNITY HEALTH", " HOSPITALS"})
	if len(roles) > 1 {
		return name + " NHS FOUNDATION TRUST"
	}
	return name + " NHS TRUST"
}

func siteName(d draw, place, kind string) string {
	switch at := d.Float64(); {
	case at < 0.06:
		return d.pick(departments)
	case at < 0.10:
		return d.pick(departments) + " & " + place
	}
	return place + kind
}

func practiceName(roles []string, d draw, place string) string {
	if roles[1] != "RO76" && d.chance(0.6) {
		if d.chance(0.25) {
			return d.pick(specialties) + " SERVICE"
		}
		return place + " " + d.pick(specialties)
	}
	return ampersand(d, 0.05, place) + []string{" SURGERY", " MEDICAL CENTRE", " MEDICAL PRACTICE", " HEALTH CENTRE"}[d.IntN(4)]
}

func ampersand(d draw, share float64, place string) string {
	if d.chance(share) {
		return word(d.IntN(words)) + " & " + place
	}
	return place
}

// authorities returns the regions and the boards, the same in every register.
func authorities() []Organisation {
	var list []Organisation
	add := func(code, name, region, area string, opened profile.Date, roles ...string) {
		list = append(list, Organisation{
			Report: Authorities, Code: code, Name: name, Region: region, Area: area, Roles: roles, Standing: profile.Active,
			Address: Address{Building: "QUARRY HOUSE", Street: "QUARRY HILL", Town: "LEEDS", County: "WEST YORKSHIRE"}, Postcode: "LS2 7UE",
			Opened: opened, LastChange: opened,
		})
	}
	for _, region := range regions {
		add(region[0], region[1]+" COMMISSIONING REGION", region[0], "", profile.NewDate(2019, 4, 1), "RO209")
	}
	for _, b := range boards {
		add(b.code, "NHS "+b.name+" INTEGRATED CARE BOARD", b.region, b.area, profile.NewDate(2016, 4, 1), "RO261", "RO318")
	}
	return list
}
