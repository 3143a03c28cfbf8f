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

// Service is one service in DoS. A pharmacy has several.
type Service struct {
	ID           int64
	Name         string
	ODSCode      string // of the pharmacy, with or without a suffix; as DoS writes it
	Type         int
	TypeName     string
	Status       int
	StatusName   string
	Palliative   bool // has the Z-code 360=14167
	OpenAllHours bool // overrides the weekly hours, and no push changes it
	// Values are address, postcode, phone, website and hours, stated for the types
	// that change events update.
	Values profile.Values
	// NotInAnswer are those that make no sense in DoS, or are missing there.
	NotInAnswer []profile.Field
}

// Matched is a service with the effect of a push of its pharmacy.
type Matched struct {
	Service

	Updated bool
	Why     string // for people, such as "left alone: type 100 GP Practice"
}

// Match says for each service, in the order of ids, whether a change event of the
// pharmacy updates it (CONTRACT.md "Matching"): the first five characters of its code
// are the pharmacy's, its type is a pharmacy's, and its status fits. Codes are
// compared literally: DoS compares with LIKE, where a wildcard matches everything.
// Offered is the profile's text of services.
func Match(code profile.ODSCode, services []Service, offered string) []Matched {
	known := slices.ContainsFunc(services, func(s Service) bool { return s.follows(code) && s.Status == statusActive })
	matched := make([]Matched, 0, len(services))
	for _, s := range services {
		m := Matched{Service: s}
		m.Updated, m.Why = s.effect(code, offered)
		if m.Updated && !known {
			m.Updated, m.Why = false, leftAlone("no service of this pharmacy is active")
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

// effect says what an event does to the service if the pharmacy is known.
func (s Service) effect(code profile.ODSCode, offered string) (updated bool, why string) {
	switch {
	case len(code) != codeLength:
		return false, leftAlone("a pharmacy's code has %d characters in DoS, %s does not", codeLength, code)
	case !strings.HasPrefix(s.ODSCode, code.String()):
		return false, leftAlone("ODS code %s is not one of %s", s.ODSCode, code)
	case !slices.Contains(followedTypes, s.Type) && commissioned[s.Type] == "":
		return false, leftAlone("type %d %s", s.Type, s.TypeName)
	case !s.follows(code):
		return false, leftAlone("status %d %s", s.Status, s.StatusName)
	case commissioned[s.Type] == "":
		return true, "updated"
	}
	return s.effectOnCommissioned(offered)
}

func (s Service) effectOnCommissioned(offered string) (updated bool, why string) {
	service := commissioned[s.Type]
	active, offers := s.Status == statusActive, serviceLine(offered, service) != ""
	switch {
	case active && offers:
		return true, "updated, stays active: " + service + " is offered"
	case active:
		return true, "updated and closed: " + service + " is not offered"
	case offers:
		return true, "updated and made active: " + service + " is offered"
	}
	return false, leftAlone("status %d %s, and %s is not offered", s.Status, s.StatusName, service)
}

func leftAlone(reason string, args ...any) string {
	return "left alone: " + fmt.Sprintf(reason, args...)
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

// shownOf returns what a pharmacy's services show together.
func shownOf(code profile.ODSCode, services []Service) push.Shown {
	shown := push.Shown{Code: code}
	var own []Service
	for _, s := range services {
		if s.follows(code) {
			own = append(own, s)
		}
	}
	main, ok := mainOf(own)
	if !ok {
		return shown
	}
	shown.Found, shown.Values, shown.NotInAnswer = true, main.Values, main.NotInAnswer
	var offered []string
	offered, shown.NeverShown = offeredBy(main, own)
	for i, service := range offered {
		offered[i] = service + " " + serviceNames[service]
	}
	shown.Values.Set(profile.FieldServices, strings.Join(offered, "\n"))
	return shown
}

// mainOf returns the active service that represents a pharmacy: the community
// pharmacy, else the distance seller, else the oldest. The bare code comes before one
// with a suffix.
func mainOf(own []Service) (main Service, ok bool) {
	rank := func(s Service) int {
		switch s.Type {
		case typePharmacy:
			return 0
		case typeDistanceSelling:
			return 1
		}
		return 2
	}
	active := slices.DeleteFunc(slices.Clone(own), func(s Service) bool { return s.Status != statusActive })
	if len(active) == 0 {
		return Service{}, false
	}
	return slices.MinFunc(active, func(a, b Service) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(len(a.ODSCode), len(b.ODSCode)), cmp.Compare(a.ID, b.ID))
	}), true
}

// offeredBy lists the NHS services that DoS shows, and those that it cannot show: no
// event creates a service, and only community pharmacies without a suffix have
// palliative care (CONTRACT.md "Services and their ids"). If these counted as missing,
// they would be drift for ever.
func offeredBy(main Service, own []Service) (offered, blind []string) {
	blind = []string{distanceSelling} // sent as the sub-type, which nothing shows
	if main.Type != typePharmacy || len(main.ODSCode) != codeLength {
		blind = append(blind, palliativeCare)
	} else if main.Palliative {
		offered = append(offered, palliativeCare)
	}
	for _, kind := range []int{148, 149} {
		places := slices.DeleteFunc(slices.Clone(own), func(s Service) bool { return s.Type != kind })
		switch {
		case len(places) == 0:
			blind = append(blind, commissioned[kind])
		case slices.ContainsFunc(places, func(s Service) bool { return s.Status == statusActive }):
			offered = append(offered, commissioned[kind])
		}
	}
	return offered, blind
}
