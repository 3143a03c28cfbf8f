package website

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// decode reads a document of the write API or a record of Service Search v3.
// It ignores unknown keys.
func decode(body []byte) (organisation, error) {
	var p organisation
	if err := json.Unmarshal(body, &p); err != nil {
		return organisation{}, whyUnread(err)
	}
	if p.ODSCode == "" {
		return organisation{}, errors.New("reading a profile: it has no ODSCode")
	}
	return p, nil
}

// whyUnread never holds the content, which the error of a wrong type may quote.
func whyUnread(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("reading a profile: %s has the wrong type", cmp.Or(wrong.Field, "the document"))
	}
	return errors.New("reading a profile: not JSON")
}

// values returns what a document states about an organisation of a type (see the
// package comment for null).
func (p organisation) values(t profile.OrgType) profile.Values {
	v, _ := p.read(t)
	return v
}

// read is values with the fields of the document that make no sense.
func (p organisation) read(t profile.OrgType) (v profile.Values, unreadable []profile.Field) {
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
	unreadable = readHours(p.OpeningTimes, kinds[t].hours, &v)
	readServices(p.Services, p.UecServices, &v)
	readFacilities(p.Facilities, &v)
	return v, unreadable
}

// shown returns what a document shows of an organisation.
func (p organisation) shown(code profile.ODSCode, t profile.OrgType) push.Shown {
	var e push.Entry
	e.Values, e.NotVisible = p.read(t)
	shown := push.Shown{Code: code, Entries: []push.Entry{e}}
	for _, f := range e.NotVisible {
		shown.Unreadable = append(shown.Unreadable, push.Unreadable{
			Code: code, Part: f.String(), Reason: "a row of its opening times makes no sense",
		})
	}
	return shown
}
