package dostest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// event is the part of a change event that the pipeline reads
// (CONTRACT.md "The event"). Pointers and raw lists tell null and missing from empty.
type event struct {
	ODSCode             *string         `json:"ODSCode"`
	OrganisationTypeID  *string         `json:"OrganisationTypeId"`
	OrganisationSubType *string         `json:"OrganisationSubType"`
	OrganisationStatus  *string         `json:"OrganisationStatus"`
	Address1            string          `json:"Address1"`
	Address2            string          `json:"Address2"`
	Address3            string          `json:"Address3"`
	Address4            string          `json:"Address4"`
	City                string          `json:"City"`
	County              string          `json:"County"`
	Postcode            *string         `json:"Postcode"`
	ParentOrganisation  json.RawMessage `json:"ParentOrganisation"`
	Contacts            []contact       `json:"Contacts"`
	OpeningTimes        []openingRow    `json:"OpeningTimes"`
	UecServices         json.RawMessage `json:"UecServices"`
	Services            json.RawMessage `json:"Services"`

	timesUnreadable bool // a row holds a value of the wrong JSON type
}

type contact struct {
	ContactType             string `json:"ContactType"`
	ContactAvailabilityType string `json:"ContactAvailabilityType"`
	ContactMethodType       string `json:"ContactMethodType"`
	ContactValue            string `json:"ContactValue"`
}

// openingRow leaves out the offsets, which the pipeline never reads.
type openingRow struct {
	Weekday               string `json:"Weekday"`
	OpeningTime           string `json:"OpeningTime"`
	ClosingTime           string `json:"ClosingTime"`
	OpeningTimeType       string `json:"OpeningTimeType"`
	AdditionalOpeningDate string `json:"AdditionalOpeningDate"`
	IsOpen                *bool  `json:"IsOpen"`
}

// NHS service codes that DoS knows, with the Z-code (symptom group = symptom
// discriminator) of each (CONTRACT.md "Services and their ids").
const (
	palliativeCode    = "SRV0559"
	pressureCode      = "SRV0560"
	contraceptionCode = "SRV2000"

	PalliativeZCode    = "360=14167"
	PressureZCode      = "360=14207"
	ContraceptionZCode = "360=14210"
)

// ingest does everything that happens silently after the 200.
func (s *Server) ingest(m message) {
	outcome, detail := s.process(m)
	s.effect(m.call, outcome, detail)
}

func (s *Server) process(m message) (outcome Outcome, detail string) {
	e, err := parseEvent(m.body)
	if err != nil {
		return Crashed, err.Error()
	}
	if reason := e.reject(); reason != "" {
		return Rejected, reason
	}
	if latest, stale := s.services.number(m.Code, m.Sequence); stale {
		return Stale, fmt.Sprintf("after %d", latest)
	}
	if field := e.failsOn(); field != "" {
		return Crashed, field + " is null"
	}
	return s.services.write(m.Code, e, today(s.Now()))
}

// today returns the process-local day, which is not that of London.
func today(now time.Time) string { return now.UTC().Format(time.DateOnly) }

// parseEvent reads a body; it fails if the real code would crash.
func parseEvent(body []byte) (event, error) {
	var e event
	err := json.Unmarshal(body, &e)
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) && strings.HasPrefix(mistyped.Field, "OpeningTimes") {
		e.timesUnreadable = true
		return e, nil
	}
	if err != nil && errors.As(err, &mistyped) && slices.Contains(checkedFields, mistyped.Field) {
		e.ODSCode = nil // the schema rejects it, whichever of the three is wrong
		return e, nil
	}
	return e, err
}

var checkedFields = []string{"ODSCode", "OrganisationTypeId", "OrganisationSubType"}

// reject applies the schema and the validation of the ingest; it returns the reason, or
// nothing if the event passed.
func (e *event) reject() string {
	switch {
	case e.ODSCode == nil || e.OrganisationTypeID == nil || e.OrganisationSubType == nil:
		return "schema: " + strings.Join(checkedFields, ", ") + " must be strings"
	case *e.OrganisationTypeID != "PHA":
		return "organisation type " + *e.OrganisationTypeID
	case *e.OrganisationSubType != "Community" && *e.OrganisationSubType != "DistanceSelling":
		return "organisation sub type " + *e.OrganisationSubType
	case utf8.RuneCountInString(*e.ODSCode) != codeLength:
		return "ODS code is not of 5 characters"
	}
	return ""
}

// codeLength is the length of the part of an ODS code by which DoS matches.
const codeLength = 5

// failsOn returns the field whose null makes the real code raise an error
// (CONTRACT.md "Nulls that fail"); only the parent may be missing.
func (e *event) failsOn() string {
	switch {
	case e.OrganisationStatus == nil:
		return "OrganisationStatus"
	case e.Postcode == nil:
		return "Postcode"
	case e.Contacts == nil:
		return "Contacts"
	case e.OpeningTimes == nil && !e.timesUnreadable:
		return "OpeningTimes"
	case isNull(e.ParentOrganisation):
		return "ParentOrganisation"
	}
	return ""
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

func (e *event) hidden() bool {
	return strings.EqualFold(*e.OrganisationStatus, "hidden") || strings.EqualFold(*e.OrganisationStatus, "closed")
}

// offers reports whether a list of services holds a code; null and missing lists do
// not.
func offers(raw json.RawMessage, code string) bool {
	var listed []struct {
		ServiceCode string `json:"ServiceCode"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &listed) != nil {
		return false
	}
	for _, one := range listed {
		if one.ServiceCode == code {
			return true
		}
	}
	return false
}

// contact returns the value of the first primary contact in office hours by a method.
func (e *event) contact(method string) string {
	if i := e.indexOf(method); i >= 0 {
		return e.Contacts[i].ContactValue
	}
	return ""
}

// hasContact reports whether there is such a contact, even an empty one.
func (e *event) hasContact(method string) bool { return e.indexOf(method) >= 0 }

func (e *event) indexOf(method string) int {
	for i, c := range e.Contacts {
		if strings.EqualFold(c.ContactType, "primary") && strings.EqualFold(c.ContactAvailabilityType, "office hours") &&
			strings.EqualFold(c.ContactMethodType, method) {
			return i
		}
	}
	return -1
}
