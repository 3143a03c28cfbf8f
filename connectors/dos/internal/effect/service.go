package effect

import (
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Service is a service of DoS, with what events change in it.
type Service struct {
	ODSCode    string
	Type       int
	Status     int
	Values     profile.Values // as DoS shows them
	CodePairs  []string
	NotVisible []profile.Field // what cannot be read there
}

// Change is what an event does to a service that it updates.
type Change struct {
	After Service
	Kept  map[profile.Field]string // why the service keeps its own value, whatever the event says
	Notes map[profile.Field]string // what else happens with the field
}

// commissions are the types that an event opens and closes, with the NHS service of
// each and its code pair (CONTRACT.md "Services and their ids", "Quality checks").
var commissions = map[int]struct{ code, pair string }{
	148: {"SRV0560", "360=14207"},
	149: {"SRV2000", "360=14210"},
}

const (
	community      = 13
	bareCode       = 5 // characters
	palliativeCare = "SRV0559"
	palliativePair = "360=14167"
	active         = 1
	closed         = 2
)

// On says what the event does to a service that it updates. Today is the day in DoS.
func (e Event) On(s Service, today profile.Date) Change {
	c := Change{After: s, Kept: make(map[profile.Field]string), Notes: make(map[profile.Field]string)}
	c.After.CodePairs = slices.Clone(s.CodePairs)
	c.move(e, s)
	c.set(profile.FieldPhone, strings.ReplaceAll(strings.TrimSpace(e.value("Telephone")), " ", ""))
	if site := storedWebsite(e.value("Website")); site == "" || isWebsite(site) {
		c.set(profile.FieldWebsite, site)
	} else {
		c.Kept[profile.FieldWebsite] = "DoS does not take such a website"
	}
	c.open(e, today)
	c.offer(e, s)
	return c
}

// set sets a value that is known then.
func (c *Change) set(f profile.Field, value string) {
	c.After.Values.Set(f, value)
	c.known(f)
}

// known notes that a field is known afterwards.
func (c *Change) known(f profile.Field) {
	c.After.NotVisible = slices.DeleteFunc(slices.Clone(c.After.NotVisible), func(hidden profile.Field) bool { return hidden == f })
}

// move writes address and postcode. A postcode that only differs in spacing or case
// stays as it is.
func (c *Change) move(e Event, s Service) {
	const (
		ifKnown    = "only if DoS knows the postcode"
		noPostcode = "DoS takes no address without a postcode, unless it has none"
	)
	postcode, visible := compact(e.Postcode), !slices.Contains(s.NotVisible, profile.FieldPostcode)
	switch same := visible && postcode == compact(s.Values.Get(profile.FieldPostcode)); {
	case same:
	case postcode == "" && visible:
		c.Kept[profile.FieldAddress], c.Kept[profile.FieldPostcode] = noPostcode, noPostcode
		return
	case postcode == "": // nobody can know what becomes of the address
		c.Notes[profile.FieldAddress], c.Kept[profile.FieldPostcode] = noPostcode, noPostcode
		c.After.NotVisible = append(slices.Clone(c.After.NotVisible), profile.FieldAddress)
		return
	default:
		c.set(profile.FieldPostcode, spaced(postcode))
		note := ifKnown
		if !visible {
			note += " or has it already"
		}
		c.Notes[profile.FieldPostcode], c.Notes[profile.FieldAddress] = note, note
	}
	c.set(profile.FieldAddress, storedAddress(e.Address1, e.Address2, e.Address3, e.Address4, e.City, e.County))
}

// open writes the opening times, all or none of them.
func (c *Change) open(e Event, today profile.Date) {
	weekly, dated, why := readRows(e.OpeningTimes, today)
	if why != "" {
		why = "DoS takes no opening times of this event: " + why
		c.Kept[profile.FieldOpeningTimes], c.Kept[profile.FieldDatedOpeningTimes] = why, why
		return
	}
	if weekly == "" {
		c.Kept[profile.FieldOpeningTimes] = "a week without rows leaves them as they are"
	} else {
		c.set(profile.FieldOpeningTimes, weekly)
	}
	c.set(profile.FieldDatedOpeningTimes, dated)
}

// offer opens and closes commissioned services, and gives and takes the code pair of
// palliative care.
func (c *Change) offer(e Event, s Service) {
	commission, opens := commissions[s.Type]
	switch {
	case opens && offers(e.Services, commission.code):
		if s.Status != active {
			c.Notes[profile.FieldServices] = "DoS makes this service active"
		}
		c.After.Status = active
		c.pair(commission.pair, true)
	case opens && s.Status == active:
		c.After.Status = closed
		c.Notes[profile.FieldServices] = "DoS closes this service"
	case opens || s.Type != community || len(s.ODSCode) != bareCode:
	case e.UecServices == nil:
		c.Kept[profile.FieldServices] = "an event that does not state palliative care leaves it as it is"
		return
	default:
		c.pair(palliativePair, offers(e.UecServices, palliativeCare))
	}
	c.known(profile.FieldServices)
}

func (c *Change) pair(pair string, has bool) {
	if has == slices.Contains(c.After.CodePairs, pair) {
		return
	}
	c.After.CodePairs = slices.DeleteFunc(c.After.CodePairs, func(p string) bool { return p == pair })
	if has {
		c.After.CodePairs = append(c.After.CodePairs, pair)
	}
}
