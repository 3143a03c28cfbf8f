package website

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// organisation is the part of a document that is both written and read, in the
// names of Service Search v3 (CONTRACT.md "The record").
type organisation struct {
	ODSCode             string     `json:"ODSCode"`
	OrganisationName    *string    `json:"OrganisationName"`
	OrganisationTypeID  *string    `json:"OrganisationTypeId"`
	OrganisationType    *string    `json:"OrganisationType"`
	OrganisationSubType *string    `json:"OrganisationSubType"`
	OrganisationStatus  *string    `json:"OrganisationStatus"`
	Address1            *string    `json:"Address1"`
	Address2            *string    `json:"Address2"`
	Address3            *string    `json:"Address3"`
	City                *string    `json:"City"`
	County              *string    `json:"County"`
	Postcode            *string    `json:"Postcode"`
	ParentOrganisation  *parent    `json:"ParentOrganisation"`
	Contacts            []contact  `json:"Contacts"`
	OpeningTimes        []opening  `json:"OpeningTimes"`
	Services            []service  `json:"Services"`
	UecServices         []service  `json:"UecServices"`
	Facilities          []facility `json:"Facilities"`
}

// document is the body of a push: what may be written (CONTRACT.md "The write API").
type document struct {
	organisation
	Latitude            *float64 `json:"Latitude"`
	Longitude           *float64 `json:"Longitude"`
	Country             *string  `json:"Country"`
	AcceptingPatients   *string  `json:"AcceptingPatients"`
	GPRegistration      *string  `json:"GPRegistration"`
	ServiceOpeningTimes *string  `json:"ServiceOpeningTimes"`
	LastUpdatedDates    stamps   `json:"LastUpdatedDates"`
}

type parent struct {
	ODSCode          *string `json:"ODSCode"`
	OrganisationName *string `json:"OrganisationName"`
}

type contact struct {
	ContactType             string `json:"ContactType"`
	ContactAvailabilityType string `json:"ContactAvailabilityType"`
	ContactMethodType       string `json:"ContactMethodType"`
	ContactValue            string `json:"ContactValue"`
}

// stamps are evidence of people's checks, so they come only from people's edits
// (CONTRACT.md "Section stamps").
type stamps struct {
	OpeningTimes                 *string `json:"OpeningTimes"`
	BankHolidayOpeningTimes      *string `json:"BankHolidayOpeningTimes"`
	TemporaryChangesOpeningTimes *string `json:"TemporaryChangesOpeningTimes"`
	Facilities                   *string `json:"Facilities"`
	Services                     *string `json:"Services"`
	ContactDetails               *string `json:"ContactDetails"`
	AcceptingPatients            *string `json:"AcceptingPatients"`
	ServiceOpeningTimes          *string `json:"ServiceOpeningTimes"`
	KeyValueData                 *string `json:"KeyValueData"`
}

// newDocument returns the document of a profile that the website does not show yet. The
// same delivery always gives the same bytes.
func newDocument(d push.Delivery, ours organisation) ([]byte, error) {
	return json.Marshal(document{organisation: ours, LastUpdatedDates: stampsOf(d)})
}

// profileOf returns what a delivery says. The error names a field whose text does
// not have the right form (CONTRACT.md "Opening times").
func profileOf(d push.Delivery) (organisation, error) {
	v := d.Values
	of := typeIn(d)
	k, ok := kinds[of]
	if !ok {
		return organisation{}, fmt.Errorf("type %q: the website has no such type", of)
	}
	hours, err := openingTimes(v, k.hours)
	if err != nil {
		return organisation{}, err
	}
	address := split(v.Get(profile.FieldAddress))
	p := organisation{
		ODSCode:          d.Code.String(),
		OrganisationName: text(v.Get(profile.FieldName)), OrganisationTypeID: text(k.id), OrganisationType: text(k.name),
		OrganisationSubType: subType(of, v), OrganisationStatus: text(statusWord(v)),
		Address1: text(address[0]), Address2: text(address[1]), Address3: text(address[2]),
		City: text(address[3]), County: text(address[4]), Postcode: text(v.Get(profile.FieldPostcode)),
		Contacts: contacts(v), OpeningTimes: hours, Facilities: facilities(v),
	}
	p.Services, p.UecServices = serviceLists(v)
	if code := v.Get(parentField(d.Type)); code != "" {
		p.ParentOrganisation = &parent{ODSCode: &code}
	}
	return p, nil
}

// typeIn returns the type that a delivery states, which differs from the profile's
// while that field is held.
func typeIn(d push.Delivery) profile.OrgType {
	if of := d.Values.Get(profile.FieldType); of != "" {
		return profile.OrgType(of)
	}
	return d.Type
}

// text returns null for an empty text: it was never stated, or there is none.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func stampsOf(d push.Delivery) stamps {
	edited := func(fields ...profile.Field) *string {
		var last time.Time
		for _, f := range fields {
			if at := d.Edited[f]; d.Values.States(f) && at.After(last) {
				last = at
			}
		}
		if last.IsZero() {
			return nil
		}
		return text(last.UTC().Format("2006-01-02T15:04:05.999Z07:00"))
	}
	dated := edited(profile.FieldDatedOpeningTimes)
	return stamps{
		OpeningTimes:            edited(profile.FieldOpeningTimes),
		BankHolidayOpeningTimes: dated, TemporaryChangesOpeningTimes: dated, // they have two lists for one of ours
		Facilities:     edited(profile.FieldFacilities),
		Services:       edited(profile.FieldServices),
		ContactDetails: edited(profile.FieldPhone, profile.FieldEmail, profile.FieldWebsite),
	}
}
