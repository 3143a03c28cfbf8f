package dos

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/connectors/dos/internal/ids"
	"github.com/profilesync/profilesync/connectors/dos/internal/site"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// event is the body of a change event: the whole record (CONTRACT.md "The event").
// Staff is left out on purpose: DoS has no use for names of people.
type event struct {
	ODSCode             string        `json:"ODSCode"`
	OrganisationName    string        `json:"OrganisationName"`
	OrganisationTypeID  string        `json:"OrganisationTypeId"`
	OrganisationType    string        `json:"OrganisationType"`
	OrganisationSubType string        `json:"OrganisationSubType"`
	OrganisationStatus  string        `json:"OrganisationStatus"`
	Address1            *string       `json:"Address1"`
	Address2            *string       `json:"Address2"`
	Address3            *string       `json:"Address3"`
	City                *string       `json:"City"`
	County              *string       `json:"County"`
	Postcode            string        `json:"Postcode"`
	ParentOrganisation  organisation  `json:"ParentOrganisation"`
	Contacts            []contact     `json:"Contacts"`
	OpeningTimes        []openingTime `json:"OpeningTimes"`
	UecServices         []service     `json:"UecServices"` // null: not stated, the flag stays as it is
	Services            []service     `json:"Services"`
	// UniqueKey makes any two events differ: DoS drops a body that it has seen within
	// five minutes, so that of A, B, A the last would be lost
	// (CONTRACT.md "Sequence numbers and copies").
	UniqueKey        string      `json:"UniqueKey"`
	LastUpdatedDates lastUpdated `json:"LastUpdatedDates"`
}

type organisation struct {
	ODSCode          string `json:"ODSCode"`
	OrganisationName string `json:"OrganisationName"`
}

type contact struct {
	ContactType             string `json:"ContactType"`
	ContactAvailabilityType string `json:"ContactAvailabilityType"`
	ContactMethodType       string `json:"ContactMethodType"`
	ContactValue            string `json:"ContactValue"`
}

type service struct {
	ServiceName        string  `json:"ServiceName"`
	ServiceDescription *string `json:"ServiceDescription"`
	ServiceCode        string  `json:"ServiceCode"`
}

// lastUpdated holds the times of people's last edits, by section.
type lastUpdated struct {
	OpeningTimes   string `json:"OpeningTimes,omitempty"`
	Facilities     string `json:"Facilities,omitempty"`
	Services       string `json:"Services,omitempty"`
	ContactDetails string `json:"ContactDetails,omitempty"`
}

// The states of an organisation. In all but the first, DoS changes nothing and reports
// the event to its people (CONTRACT.md "Silent refusals").
const (
	visible = "Visible"
	hidden  = "Hidden"
	closed  = "Closed"
)

// body returns the event of a delivery: the same bytes for the same delivery. It
// refuses an event that DoS would drop silently, and hours that it cannot write.
func body(d push.Delivery) ([]byte, error) {
	if err := whyDropped(d); err != nil {
		return nil, err
	}
	e := event{
		ODSCode:             d.Code.String(),
		OrganisationName:    d.Values.Get(profile.FieldName),
		OrganisationTypeID:  "PHA",
		OrganisationType:    "Pharmacy",
		OrganisationSubType: "Community",
		OrganisationStatus:  statusOf(d.Values),
		Postcode:            d.Values.Get(profile.FieldPostcode),
		ParentOrganisation:  organisation{ODSCode: d.Values.Get(profile.FieldICB)},
		UniqueKey:           strconv.FormatInt(d.Sequence, 10),
		LastUpdatedDates:    updatesOf(d.Edited),
	}
	e.setAddress(d.Values.Get(profile.FieldAddress))
	e.setContacts(d.Values)
	e.setServices(d)
	if err := e.setOpeningTimes(d); err != nil {
		return nil, err
	}
	return json.Marshal(e)
}

func statusOf(v profile.Values) string {
	switch {
	case v.Get(profile.FieldStatus) == string(profile.StatusClosed):
		return closed
	case v.Get(profile.FieldHidden) == "true":
		return hidden
	}
	return visible
}

// setAddress distributes the lines over the five fields. Only their order counts,
// since DoS joins them; there is no way to tell which line is the town.
func (e *event) setAddress(text string) {
	lines := cleanLines(text, "\n")
	places := []**string{&e.Address1, &e.Address2, &e.Address3, &e.City, &e.County}
	if extra := len(lines) - len(places); extra > 0 {
		lines[2] = strings.Join(lines[2:3+extra], ", ")
		lines = append(lines[:3], lines[3+extra:]...)
	}
	for i, line := range lines {
		if i > 0 && i == len(lines)-1 && i < 3 {
			i = 3 // the last of a few lines is mostly the town
		}
		*places[i] = &line
	}
}

// setContacts withdraws a website by leaving it out, and a telephone number by an empty
// text: DoS takes a missing number for a change on every event.
func (e *event) setContacts(v profile.Values) {
	row := func(method, value string) contact {
		return contact{ContactType: "Primary", ContactAvailabilityType: "Office hours", ContactMethodType: method, ContactValue: value}
	}
	e.Contacts = []contact{}
	if address := site.Stored(v.Get(profile.FieldWebsite)); address != "" {
		e.Contacts = append(e.Contacts, row("Website", address))
	}
	e.Contacts = append(e.Contacts, row("Telephone", strings.TrimSpace(v.Get(profile.FieldPhone))))
}

// setServices lists the services that are offered and that DoS knows. Palliative care is
// left alone if nobody stated services.
func (e *event) setServices(d push.Delivery) {
	offered := d.Values.Get(profile.FieldServices)
	if profile.ServiceLine(offered, ids.DistanceSelling) != "" {
		e.OrganisationSubType = "DistanceSelling"
	}
	e.Services = offeredOf(offered, ids.BloodPressure, ids.Contraception)
	if d.Values.States(profile.FieldServices) && !slices.Contains(d.Filled, profile.FieldServices) {
		e.UecServices = offeredOf(offered, ids.PalliativeCare)
	}
}

func offeredOf(services string, codes ...string) []service {
	offered := []service{}
	for _, code := range codes {
		if line := profile.ServiceLine(services, code); line != "" {
			name := strings.TrimSpace(strings.TrimPrefix(line, code))
			offered = append(offered, service{ServiceName: name, ServiceCode: code})
		}
	}
	return offered
}

func (e *event) setOpeningTimes(d push.Delivery) error {
	weekly, err := weeklyRows(d.Values.Get(profile.FieldOpeningTimes))
	if err != nil {
		return refusal(d.Code, "opening-times have %v: correct them in the profile", err)
	}
	special, err := datedRows(d.Values.Get(profile.FieldDatedOpeningTimes))
	if err != nil {
		return refusal(d.Code, "dated-opening-times have %v: correct them in the profile", err)
	}
	e.OpeningTimes = append(append([]openingTime{}, weekly...), special...)
	return nil
}

func updatesOf(edited map[profile.Field]time.Time) lastUpdated {
	newest := func(fields ...profile.Field) string {
		var last time.Time
		for _, f := range fields {
			if at := edited[f]; at.After(last) {
				last = at
			}
		}
		if last.IsZero() {
			return ""
		}
		return last.UTC().Format("2006-01-02T15:04:05-07:00")
	}
	return lastUpdated{
		OpeningTimes:   newest(profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes),
		Facilities:     newest(profile.FieldFacilities),
		Services:       newest(profile.FieldServices),
		ContactDetails: newest(profile.FieldPhone, profile.FieldEmail, profile.FieldWebsite),
	}
}
