package website

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// decode reads a document of the write API or a record of Service Search v3.
// It ignores unknown keys.
func decode(body []byte) (organisation, error) {
	var p organisation
	if err := json.Unmarshal(body, &p); err != nil {
		return organisation{}, fmt.Errorf("reading a profile: %w", err)
	}
	if p.ODSCode == "" {
		return organisation{}, errors.New("reading a profile: it has no ODSCode")
	}
	return p, nil
}

// values returns what a document states about an organisation of a type (see the
// package comment for null).
func (p organisation) values(t profile.OrgType) profile.Values {
	var v profile.Values
	v.Set(profile.FieldName, oneLine(p.OrganisationName))
	v.Set(profile.FieldPostcode, oneLine(p.Postcode))
	v.Set(profile.FieldAddress, joined(p.Address1, p.Address2, p.Address3, p.City, p.County))
	v.Set(parentField(t), "")
	if p.ParentOrganisation != nil {
		v.Set(parentField(t), oneLine(p.ParentOrganisation.ODSCode)) // by the type that was asked for, as in its route
	}
	if read := typeOf(oneLine(p.OrganisationTypeID), t); read != profile.NoType {
		v.Set(profile.FieldType, string(read))
		t = read
	}
	readStatus(oneLine(p.OrganisationStatus), &v)
	readContacts(p.Contacts, &v)
	readHours(p.OpeningTimes, kinds[t].hours, &v)
	readServices(p.Services, p.UecServices, &v)
	readFacilities(p.Facilities, &v)
	return v
}
