package dos

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/dos/internal/ids"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
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

const noneActive = "no service of this pharmacy is active"

// Match says for each service, in the order of ids, whether a change event of the
// pharmacy updates it (CONTRACT.md "Matching"): the first five characters of its code
// are the pharmacy's, its type is a pharmacy's, and its status fits. Codes are
// compared literally: DoS compares with LIKE, where a wildcard matches everything.
// Offered is what the event says of services.
func Match(code profile.ODSCode, services []Service, offered string) []Matched {
	known := slices.ContainsFunc(services, func(s Service) bool { return s.follows(code) && s.Status == ids.StatusActive })
	matched := make([]Matched, 0, len(services))
	for _, s := range services {
		m := Matched{Service: s, LeftAlone: s.whyLeftAlone(code, offered)}
		if m.LeftAlone == "" && !known {
			m.LeftAlone = noneActive
		}
		matched = append(matched, m)
	}
	slices.SortFunc(matched, func(a, b Matched) int { return cmp.Compare(a.ID, b.ID) })
	return matched
}

// follows reports whether change events of the pharmacy consider the service.
func (s Service) follows(code profile.ODSCode) bool {
	if len(code) != ids.CodeLength || !strings.HasPrefix(s.ODSCode, code.String()) {
		return false
	}
	if ids.Commissioned[s.Type] != "" {
		return s.Status >= ids.StatusActive && s.Status <= ids.StatusCommissioning
	}
	return ids.TypeNames[s.Type] != "" && s.Status == ids.StatusActive
}

// whyLeftAlone says why an event of a known pharmacy does not update the service;
// empty if it does.
func (s Service) whyLeftAlone(code profile.ODSCode, offered string) string {
	switch service := ids.Commissioned[s.Type]; {
	case len(code) != ids.CodeLength:
		return fmt.Sprintf("a pharmacy's code has %d characters in DoS, %s does not", ids.CodeLength, code)
	case !strings.HasPrefix(s.ODSCode, code.String()):
		return fmt.Sprintf("ODS code %s is not one of %s", s.ODSCode, code)
	case ids.TypeNames[s.Type] == "":
		return strings.TrimSpace(fmt.Sprintf("type %d %s", s.Type, s.TypeName))
	case !s.follows(code):
		return strings.TrimSpace(fmt.Sprintf("status %d %s", s.Status, s.StatusName))
	case service != "" && s.Status != ids.StatusActive && profile.ServiceLine(offered, service) == "":
		return strings.TrimSpace(fmt.Sprintf("status %d %s", s.Status, s.StatusName)) + ", and " + service + " is not offered"
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
	if len(own) == 0 || own[0].Status != ids.StatusActive {
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
		case s.Status != ids.StatusActive:
			return 3
		case s.Type == ids.TypePharmacy:
			return 0
		case s.Type == ids.TypeDistanceSelling:
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
	own, offered := ids.Commissioned[s.Type], s.Status == ids.StatusActive
	if own != "" && !offered {
		e.OnlyIfOffered = own
	}
	if s.Type == ids.TypePharmacy && len(s.ODSCode) == ids.CodeLength {
		own, offered = ids.PalliativeCare, slices.Contains(s.CodePairs, ids.PairPalliativeCare)
	}
	e.NeverShown = slices.DeleteFunc(e.NeverShown, func(code string) bool { return code == own })
	e.Values.Set(profile.FieldServices, "")
	if own != "" && offered {
		e.Values.Set(profile.FieldServices, own+" "+ids.NHSNames[own])
	}
	return e
}

// name returns the service's name for people.
func (s Service) name() string { return ids.Label(s.ID, s.Type) }

// knownServices lists the NHS services that a change event may name. That of distance
// sellers is sent as the sub-type, which nothing shows.
func knownServices() []string {
	return []string{ids.DistanceSelling, ids.PalliativeCare, ids.BloodPressure, ids.Contraception}
}
