package website

import (
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// kind is how v3 writes an organisation type, and which kind of opening times holds
// our weekly hours (CONTRACT.md "Types and parents").
type kind struct{ id, name, hours string }

// kinds has a row for each type. A GP practice is GPB like its branches: that is how
// v3 shows practices (Y02494 in its samples); only version 1 lists GPP. We do not
// know whether v3 calls a trust an Acute or a SocialCare Trust, so its name is left
// null.
var kinds = map[profile.OrgType]kind{
	profile.Pharmacy:       {"PHA", "Pharmacy", general},
	profile.GPPractice:     {"GPB", "GpBranch", reception},
	profile.GPBranch:       {"GPB", "GpBranch", general},
	profile.DentalPractice: {"DEN", "Dentist", general},
	profile.OpticalSite:    {"OPT", "Optician", general},
	profile.Trust:          {"TRU", "", general},
	profile.TrustSite:      {"HOS", "Hospital", general},
}

// parentField returns the field that ParentOrganisation holds for a type: the sub-ICB
// for a GP practice and its branches, the ICB for all others
// (CONTRACT.md "Types and parents").
func parentField(t profile.OrgType) profile.Field {
	if t == profile.GPPractice || t == profile.GPBranch {
		return profile.FieldCommissioner
	}
	return profile.FieldICB
}

// typeOf reads a type id; if several types share it, it returns the one that was
// asked for. It is empty for a type without profiles.
func typeOf(id string, asked profile.OrgType) profile.OrgType {
	if id != "" && kinds[asked].id == id {
		return asked
	}
	for _, t := range profile.OrgTypes() {
		if kinds[t].id == id {
			return t
		}
	}
	return profile.NoType
}

// internetPharmacy is the service of a pharmacy without a counter.
const internetPharmacy = "EPS0004"

// subType tells distance sellers from other pharmacies by their services, and returns
// null if nobody stated those.
func subType(t profile.OrgType, v profile.Values) *string {
	switch {
	case t == profile.TrustSite:
		return text("NHS Sector")
	case t != profile.Pharmacy || !v.States(profile.FieldServices):
		return nil
	}
	if profile.ServiceLine(v.Get(profile.FieldServices), internetPharmacy) != "" {
		return text("DistanceSelling")
	}
	return text("Community")
}

// The values of OrganisationStatus. Closed wins over hidden: neither is live.
const (
	visible = "Visible"
	hidden  = "Hidden"
	closed  = "Closed"
)

func statusWord(v profile.Values) string {
	switch {
	case v.Get(profile.FieldStatus) == string(profile.StatusClosed):
		return closed
	case v.Get(profile.FieldHidden) == "true":
		return hidden
	case v.States(profile.FieldStatus) || v.States(profile.FieldHidden):
		return visible
	}
	return ""
}

// readStatus states both fields from a status word. A closed profile is not hidden,
// as in push.DesiredState: one word stands for both. Any other word than the three
// ("Excluded") means hidden.
func readStatus(word string, v *profile.Values) {
	switch {
	case word == "":
	case strings.EqualFold(word, closed):
		v.Set(profile.FieldStatus, string(profile.StatusClosed))
		v.Set(profile.FieldHidden, "false")
	case strings.EqualFold(word, visible):
		v.Set(profile.FieldStatus, string(profile.StatusOpen))
		v.Set(profile.FieldHidden, "false")
	default:
		v.Set(profile.FieldStatus, string(profile.StatusOpen))
		v.Set(profile.FieldHidden, "true")
	}
}

// Our contacts: the primary ones, of the organisation itself.
const (
	primary     = "Primary"
	officeHours = "Office hours"
)

var methods = []struct {
	field profile.Field
	name  string
}{
	{profile.FieldWebsite, "Website"},
	{profile.FieldPhone, "Telephone"},
	{profile.FieldEmail, "Email"},
}

// contacts returns null if none of the three was ever stated.
func contacts(v profile.Values) []contact {
	var rows []contact
	for _, m := range methods {
		if v.States(m.field) && rows == nil {
			rows = []contact{}
		}
		if value := v.Get(m.field); value != "" {
			rows = append(rows, contact{primary, officeHours, m.name, value})
		}
	}
	return rows
}

// field returns the field of a contact, and no field for one that is not ours.
func (c contact) field() profile.Field {
	if strings.EqualFold(c.ContactType, primary) && strings.EqualFold(c.ContactAvailabilityType, officeHours) {
		for _, m := range methods {
			if strings.EqualFold(c.ContactMethodType, m.name) {
				return m.field
			}
		}
	}
	return profile.NoField
}

// readContacts states the first contact of each field.
func readContacts(rows []contact, v *profile.Values) {
	if rows == nil {
		return
	}
	for _, m := range methods {
		v.Set(m.field, "")
	}
	for _, row := range slices.Backward(rows) {
		if f := row.field(); f != profile.NoField {
			v.Set(f, row.ContactValue)
		}
	}
}
