package estate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// singleTypes are the types of which a pharmacy has one service; it may have several of
// the others (connectors/dos/CONTRACT.md "Quality checks").
var singleTypes = []int{typePharmacy, typeDistanceSelling, typePressure, typeContraception}

func typeText(t int) string { return fmt.Sprintf("type %d (%s)", t, typeNames[t]) }

// missing finds that the service of the pharmacy itself is not there, or not active. As
// long as nobody stated what the pharmacy offers, it may sell at a distance or not.
func (p pharmacy) missing() []quality.Finding {
	offered, stated := p.stated(profile.FieldServices)
	expected := []int{typePharmacy}
	switch {
	case offers(offered, distanceSelling):
		expected[0] = typeDistanceSelling
	case !stated:
		expected = append(expected, typeDistanceSelling)
	}
	if len(p.active(expected...)) > 0 {
		return nil
	}
	others := "no other service"
	if active := p.active(); len(active) > 0 {
		others = labels(active)
	}
	return []quality.Finding{p.finding(quality.MissingServiceType, "", fmt.Sprintf("type %d", expected[0]),
		"DoS has no active service of %s, and %s under this code", typeText(expected[0]), others)}
}

// noPlace finds services that are offered and that no record of DoS can show, since no
// event creates one. Palliative care is shown by the pharmacy itself: if that is
// missing, one finding is enough.
func (p pharmacy) noPlace(isMissing bool) (found []quality.Finding) {
	offered := p.facts.Desired.Profile.Values.Get(profile.FieldServices)
	add := func(code, name, where string) {
		found = append(found, p.finding(quality.NoDoSPlace, "", code, "%s is offered, and DoS has no %s", name, where))
	}
	hasStock := slices.ContainsFunc(p.active(typePharmacy), func(s Service) bool { return len(s.ODSCode) == codeLength })
	if offers(offered, palliativeCare) && !hasStock && !isMissing {
		add(palliativeCare, "Pharmacy palliative care medication stockholder",
			"active service of "+typeText(typePharmacy)+" under the code without a suffix")
	}
	for _, at := range places {
		isPlace := func(s Service) bool {
			return s.Type == at.of && s.Status >= statusActive && s.Status <= statusCommissioning
		}
		if offers(offered, at.code) && !slices.ContainsFunc(p.services, isPlace) {
			add(at.code, at.name, "service of "+typeText(at.of)+" under this code")
		}
	}
	return found
}

// offers reports whether a text of services has a line with the code.
func offers(services, code string) bool {
	for line := range strings.Lines(services) {
		if profile.ServiceCode(strings.TrimSpace(line)) == code {
			return true
		}
	}
	return false
}

// duplicates finds types of which only one service should be active.
func (p pharmacy) duplicates() (found []quality.Finding) {
	for _, t := range singleTypes {
		if active := p.active(t); len(active) > 1 {
			found = append(found, p.finding(quality.DuplicateServiceType, "", fmt.Sprintf("type %d", t),
				"%d services of %s are active: %s", len(active), typeText(t), labels(active)))
		}
	}
	return found
}

// unknownPostcode finds that no service has the postcode of an event that DoS applied
// otherwise: DoS keeps the old one if it has no location for a postcode
// (connectors/dos/CONTRACT.md "Silent refusals").
func (p pharmacy) unknownPostcode() []quality.Finding {
	sent, active := p.facts.Accepted, p.active()
	wanted := sent.Get(profile.FieldPostcode)
	if wanted == "" || len(active) == 0 {
		return nil
	}
	var kept []string
	for _, s := range active {
		shown := s.Values.Get(profile.FieldPostcode)
		if !s.Values.States(profile.FieldPostcode) || profile.Same(profile.FieldPostcode, wanted, shown) || !s.applied(sent) {
			return nil
		}
		if !slices.Contains(kept, shown) {
			kept = append(kept, shown)
		}
	}
	return []quality.Finding{p.finding(quality.PostcodeUnknown, "", wanted,
		"DoS accepted the postcode %s and still shows %s", wanted, strings.Join(kept, ", "))}
}

// applied reports whether the service shows the contacts of an event.
func (s Service) applied(sent profile.Values) bool {
	for _, f := range []profile.Field{profile.FieldPhone, profile.FieldWebsite} {
		if sent.States(f) && !profile.Same(f, sent.Get(f), s.Values.Get(f)) {
			return false
		}
	}
	return true
}

// palliative is the code pair of palliative care.
var palliative = ZCode{360, 14167}

// belonging are code pairs, what they are for, and the type they belong to
// (connectors/dos/CONTRACT.md "Services and their ids").
var belonging = []struct {
	pair ZCode
	what string
	of   int
}{
	{palliative, "palliative care", typePharmacy},
	{ZCode{360, 14207}, "blood pressure checks", typePressure},
	{ZCode{360, 14210}, "contraception", typeContraception},
}

// zCodes finds code pairs of another type of service, and palliative care under a code
// with a suffix. Distance sellers may have palliative care.
func (p pharmacy) zCodes(s Service) (found []quality.Finding) {
	for _, z := range belonging {
		isStock := z.pair == palliative
		switch about := fmt.Sprintf("%d=%d", z.pair.Group, z.pair.Discriminator); {
		case !slices.Contains(s.ZCodes, z.pair), isStock && s.Type == typeDistanceSelling:
		case s.Type != z.of:
			found = append(found, p.finding(quality.WrongZCode, s.label(), about, "%s, the code of %s, belongs to type %d", about, z.what, z.of))
		case isStock && len(s.ODSCode) > codeLength:
			found = append(found, p.finding(quality.WrongZCode, s.label(), about,
				"%s, the code of %s, belongs to a service without a suffix to its code; this one has %s", about, z.what, s.ODSCode))
		}
	}
	return found
}
