package website

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/profilesync/profilesync/reconcile"
)

// decode reads a document of the write API or a record of Service Search v3.
// Keys that it does not know are passed over.
func decode(body []byte) (profile, error) {
	var p profile
	if err := json.Unmarshal(body, &p); err != nil {
		return profile{}, fmt.Errorf("reading a profile: %w", err)
	}
	if p.ODSCode == "" {
		return profile{}, errors.New("reading a profile: it has no ODSCode")
	}
	return p, nil
}

// values states what a document says of an organisation of a type (see the
// package comment for null).
func (p profile) values(t reconcile.OrgType) reconcile.Values {
	var v reconcile.Values
	v.Set(reconcile.FieldName, flat(p.OrganisationName))
	v.Set(reconcile.FieldPostcode, flat(p.Postcode))
	v.Set(reconcile.FieldAddress, joined(p.Address1, p.Address2, p.Address3, p.City, p.County))
	v.Set(parentField(t), "")
	if p.ParentOrganisation != nil {
		v.Set(parentField(t), flat(p.ParentOrganisation.ODSCode)) // of the type that was asked for, as its route has it
	}
	if read := typeOf(flat(p.OrganisationTypeID), t); read != reconcile.NoType {
		v.Set(reconcile.FieldType, string(read))
		t = read
	}
	readStatus(flat(p.OrganisationStatus), &v)
	readContacts(p.Contacts, &v)
	readHours(p.OpeningTimes, kinds[t].hours, &v)
	readServices(p.Services, p.UecServices, &v)
	readFacilities(p.Facilities, &v)
	return v
}
