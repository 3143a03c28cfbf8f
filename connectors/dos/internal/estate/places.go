package estate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/dos/internal/ids"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// singleTypes are the types of which a pharmacy has one service; it may have several of
// the others (connectors/dos/CONTRACT.md "Quality checks").
var singleTypes = []int{ids.TypePharmacy, ids.TypeDistanceSelling, ids.TypePressure, ids.TypeContraception}

func typeText(t int) string { return fmt.Sprintf("type %d (%s)", t, ids.TypeNames[t]) }

// missing finds that the service of the pharmacy itself is not there, or not active. As
// long as nobody stated what the pharmacy offers, it may sell at a distance or not.
func (p pharmacy) missing() []quality.Finding {
	offered, stated := p.stated(profile.FieldServices)
	expected := []int{ids.TypePharmacy}
	switch {
	case profile.ServiceLine(offered, ids.DistanceSelling) != "":
		expected[0] = ids.TypeDistanceSelling
	case !stated:
		expected = append(expected, ids.TypeDistanceSelling)
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
	add := func(code, where string) {
		found = append(found, p.finding(quality.NoDoSPlace, "", code, "%s is offered, and DoS has no %s", ids.NHSNames[code], where))
	}
	hasStock := slices.ContainsFunc(p.active(ids.TypePharmacy), func(s Service) bool { return len(s.ODSCode) == ids.CodeLength })
	if profile.ServiceLine(offered, ids.PalliativeCare) != "" && !hasStock && !isMissing {
		add(ids.PalliativeCare, "active service of "+typeText(ids.TypePharmacy)+" under the code without a suffix")
	}
	for _, t := range slices.Sorted(maps.Keys(ids.Commissioned)) {
		isPlace := func(s Service) bool {
			return s.Type == t && s.Status >= ids.StatusActive && s.Status <= ids.StatusCommissioning
		}
		if code := ids.Commissioned[t]; profile.ServiceLine(offered, code) != "" && !slices.ContainsFunc(p.services, isPlace) {
			add(code, "service of "+typeText(t)+" under this code")
		}
	}
	return found
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

// belonging are code pairs, what they are for, and the type they belong to
// (connectors/dos/CONTRACT.md "Quality checks").
var belonging = []struct {
	pair string
	what string
	of   int
}{
	{ids.PairPalliativeCare, "palliative care", ids.TypePharmacy},
	{ids.PairPressure, "blood pressure checks", ids.TypePressure},
	{ids.PairContraception, "contraception", ids.TypeContraception},
}

// codePairs finds code pairs of another type of service, and palliative care under a code
// with a suffix. Distance sellers may have palliative care.
func (p pharmacy) codePairs(s Service) (found []quality.Finding) {
	for _, b := range belonging {
		isStock := b.pair == ids.PairPalliativeCare
		switch {
		case !slices.Contains(s.CodePairs, b.pair), isStock && s.Type == ids.TypeDistanceSelling:
		case s.Type != b.of:
			found = append(found, p.finding(quality.WrongZCode, s.label(), b.pair,
				"%s, the code of %s, belongs to type %d", b.pair, b.what, b.of))
		case isStock && len(s.ODSCode) > ids.CodeLength:
			found = append(found, p.finding(quality.WrongZCode, s.label(), b.pair,
				"%s, the code of %s, belongs to a service without a suffix to its code; this one has %s", b.pair, b.what, s.ODSCode))
		}
	}
	return found
}
