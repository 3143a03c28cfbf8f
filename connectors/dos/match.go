package dos

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// codeLength is the length of a pharmacy's ODS code in DoS (CONTRACT.md "The event");
// its services may add a suffix.
const codeLength = 5

// NHS service codes of pharmacies that DoS knows
// (CONTRACT.md "Services and their ids"), and the code of distance sellers
// (connectors/website/CONTRACT.md "Types and parents").
const (
	palliativeCare  = "SRV0559"
	bloodPressure   = "SRV0560"
	contraception   = "SRV2000"
	distanceSelling = "EPS0004"
)

// serviceNames are the names of these services for people.
var serviceNames = map[string]string{
	palliativeCare: "Pharmacy palliative care medication stockholder",
	bloodPressure:  "NHS blood pressure check service",
	contraception:  "NHS pharmacy contraception service",
}

// Ids of DoS (CONTRACT.md "Services and their ids").
const (
	typePharmacy        = 13
	typeDistanceSelling = 134

	statusActive        = 1
	statusClosed        = 2
	statusCommissioning = 3
)

// followedTypes lists the service types that a change event updates while they are active.
// commissioned holds those that it also opens and closes, by NHS service code.
var (
	followedTypes = []int{typePharmacy, 131, 132, typeDistanceSelling, 137}
	commissioned  = map[int]string{148: bloodPressure, 149: contraception}
)

// isPharmacys reports whether a change event may update services of a type.
func isPharmacys(t int) bool { return slices.Contains(followedTypes, t) || commissioned[t] != "" }

// Service is one service in DoS. A pharmacy has several.
type Service struct {
	ID           int64
	Name         string
	ODSCode      string // of the pharmacy, with or without a suffix; as DoS writes it
	Type         int
	TypeName     string
	Status       int
	StatusName   string
	CodePairs    []string // such as 360=14167
	OpenAllHours bool     // overrides the weekly hours, and no push changes it
	// Values are address, postcode, phone, website and hours, stated for the types
	// that change events update.
	Values profile.Values
	// NotVisible are those that make no sense in DoS, or are missing there.
	NotVisible []profile.Field
}

// Matched is a service under a pharmacy's code.
type Matched struct {
	Service

	LeftAlone string // why a push of the pharmacy changes nothing in it, such as "type 100 GP Practice"; empty if it may
}

// Match says for each service, in the order of ids, whether a change event of the
// pharmacy updates it (CONTRACT.md "Matching"): the first five characters of its code
// are the pharmacy's, its type is a pharmacy's, and its status fits. Codes are
// compared literally: DoS compares with LIKE, where a wildcard matches everything.
// Offered is what the event says of services.
func Match(code profile.ODSCode, services []Service, offered string) []Matched {
	known := slices.ContainsFunc(services, func(s Service) bool { return s.follows(code) && s.Status == statusActive })
	matched := make([]Matched, 0, len(services))
	for _, s := range services {
		m := Matched{Service: s, LeftAlone: s.whyLeftAlone(code, offered)}
		if m.LeftAlone == "" && !known {
			m.LeftAlone = "no service of this pharmacy is active"
		}
		matched = append(matched, m)
	}
	slices.SortFunc(matched, func(a, b Matched) int { return cmp.Compare(a.ID, b.ID) })
	return matched
}

// follows reports whether change events of the pharmacy consider the service.
func (s Service) follows(code profile.ODSCode) bool {
	if len(code) != codeLength || !strings.HasPrefix(s.ODSCode, code.String()) {
		return false
	}
	if commissioned[s.Type] != "" {
		return s.Status >= statusActive && s.Status <= statusCommissioning
	}
	return slices.Contains(followedTypes, s.Type) && s.Status == statusActive
}

// whyLeftAlone says why an event of a known pharmacy does not update the service;
// empty if it does.
func (s Service) whyLeftAlone(code profile.ODSCode, offered string) string {
	switch service := commissioned[s.Type]; {
	case len(code) != codeLength:
		return fmt.Sprintf("a pharmacy's code has %d characters in DoS, %s does not", codeLength, code)
	case !strings.HasPrefix(s.ODSCode, code.String()):
		return fmt.Sprintf("ODS code %s is not one of %s", s.ODSCode, code)
	case !slices.Contains(followedTypes, s.Type) && service == "":
		return strings.TrimSpace(fmt.Sprintf("type %d %s", s.Type, s.TypeName))
	case !s.follows(code):
		return strings.TrimSpace(fmt.Sprintf("status %d %s", s.Status, s.StatusName))
	case service != "" && s.Status != statusActive && serviceLine(offered, service) == "":
		return strings.TrimSpace(fmt.Sprintf("status %d %s", s.Status, s.StatusName)) + ", and " + service + " is not offered"
	}
	return ""
}

// serviceLine finds the line of a service in a text of services.
func serviceLine(services, code string) string {
	for line := range strings.Lines(services) {
		if line = strings.TrimSpace(line); profile.ServiceCode(line) == code {
			return line
		}
	}
	return ""
}

// entriesOf returns the services that change events of a pharmacy can change, each
// with what it shows: none, unless one of them is active. The first is an active one,
// the community pharmacy, else the distance seller, else the oldest; the bare code
// comes before one with a suffix.
func entriesOf(code profile.ODSCode, services []Service) []push.Entry {
	own := slices.DeleteFunc(slices.Clone(services), func(s Service) bool { return !s.follows(code) })
	slices.SortFunc(own, compareRank)
	if len(own) == 0 || own[0].Status != statusActive {
		return nil
	}
	entries := make([]push.Entry, len(own))
	for i, s := range own {
		entries[i] = s.entry()
	}
	return entries
}

func compareRank(a, b Service) int {
	rank := func(s Service) int {
		switch {
		case s.Status != statusActive:
			return 3
		case s.Type == typePharmacy:
			return 0
		case s.Type == typeDistanceSelling:
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(len(a.ODSCode), len(b.ODSCode)), cmp.Compare(a.ID, b.ID))
}

// entry returns what the service shows. Of the NHS services it shows its own: no event
// creates a service, and only community pharmacies without a suffix have palliative
// care (CONTRACT.md "Services and their ids"). If the others counted as missing, they
// would be drift for ever.
func (s Service) entry() push.Entry {
	e := push.Entry{Name: s.name(), Values: s.Values, NotVisible: s.NotVisible, NeverShown: knownServices()}
	own, offered := commissioned[s.Type], s.Status == statusActive
	if own != "" && !offered {
		e.OnlyIfOffered = own
	}
	if s.Type == typePharmacy && len(s.ODSCode) == codeLength {
		own, offered = palliativeCare, slices.Contains(s.CodePairs, palliativePair)
	}
	e.NeverShown = slices.DeleteFunc(e.NeverShown, func(code string) bool { return code == own })
	e.Values.Set(profile.FieldServices, "")
	if own != "" && offered {
		e.Values.Set(profile.FieldServices, own+" "+serviceNames[own])
	}
	return e
}

// name returns the service's name for people.
func (s Service) name() string { return fmt.Sprintf("service %d (type %d)", s.ID, s.Type) }

// knownServices lists the NHS services that a change event may name. That of distance
// sellers is sent as the sub-type, which nothing shows.
func knownServices() []string {
	return []string{distanceSelling, palliativeCare, bloodPressure, contraception}
}
