package effect

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Event is what DoS reads in a change event (CONTRACT.md "The event").
type Event struct {
	Status       string       `json:"OrganisationStatus"`
	Address1     string       `json:"Address1"`
	Address2     string       `json:"Address2"`
	Address3     string       `json:"Address3"`
	Address4     string       `json:"Address4"`
	City         string       `json:"City"`
	County       string       `json:"County"`
	Postcode     string       `json:"Postcode"`
	Contacts     []contact    `json:"Contacts"`
	OpeningTimes []openingRow `json:"OpeningTimes"`
	UecServices  []offer      `json:"UecServices"` // null: not stated
	Services     []offer      `json:"Services"`
}

type contact struct {
	Type         string `json:"ContactType"`
	Availability string `json:"ContactAvailabilityType"`
	Method       string `json:"ContactMethodType"`
	Value        string `json:"ContactValue"`
}

type offer struct {
	Code string `json:"ServiceCode"`
}

// Parse reads the body of an event.
func Parse(body []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(body, &e); err != nil {
		return Event{}, fmt.Errorf("reading the event: %w", err)
	}
	return e, nil
}

// ChangesNothing says why DoS changes nothing, if the event says that the pharmacy is
// hidden or closed (CONTRACT.md "Silent refusals"); empty if it does not.
func (e Event) ChangesNothing() string {
	for _, gone := range []string{"hidden", "closed"} {
		if strings.EqualFold(e.Status, gone) {
			return "the profile is " + gone + ", and DoS changes nothing then"
		}
	}
	return ""
}

// value returns the first primary contact in office hours by a method.
func (e Event) value(method string) string {
	for _, c := range e.Contacts {
		if strings.EqualFold(c.Type, "Primary") && strings.EqualFold(c.Availability, "Office hours") &&
			strings.EqualFold(c.Method, method) {
			return c.Value
		}
	}
	return ""
}

func offers(listed []offer, code string) bool {
	return slices.ContainsFunc(listed, func(o offer) bool { return o.Code == code })
}
