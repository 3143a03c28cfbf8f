package ers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// many is a list, or a single element: the live API writes type as one object,
// although its schema says array (CONTRACT.md "The service resource").
type many[T any] []T

func (m *many[T]) UnmarshalJSON(text []byte) error {
	text = bytes.TrimSpace(text)
	*m = nil
	switch {
	case bytes.Equal(text, []byte("null")):
		return nil
	case bytes.HasPrefix(text, []byte("[")):
		return json.Unmarshal(text, (*[]T)(m))
	}
	var one T
	if err := json.Unmarshal(text, &one); err != nil {
		return err
	}
	*m = many[T]{one}
	return nil
}

// flexibleText is a text that may be sent as a number.
type flexibleText string

func (w *flexibleText) UnmarshalJSON(text []byte) error {
	var number json.Number
	if err := json.Unmarshal(text, &number); err == nil {
		*w = flexibleText(number)
		return nil
	}
	return json.Unmarshal(text, (*string)(w))
}

// codeableConcept is a CodeableConcept.
type codeableConcept struct {
	Coding many[coding] `json:"coding"`
}

type coding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display"`
}

// extension has one value, or nested extensions.
type extension struct {
	URL       string          `json:"url"`
	Text      string          `json:"valueString"`
	Date      string          `json:"valueDate"`
	Concept   codeableConcept `json:"valueCodeableConcept"`
	Point     point           `json:"valueContactPoint"`
	Extension many[extension] `json:"extension"`
}

type point struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

// resource is the part of a HealthcareService that we read
// (CONTRACT.md "The service resource"). Its active is left over from an older design
// and means nothing.
type resource struct {
	ResourceType string       `json:"resourceType"`
	ID           flexibleText `json:"id"`
	Meta         struct {
		VersionID flexibleText `json:"versionId"`
	} `json:"meta"`
	Name     string `json:"name"`
	Location many[struct {
		Identifier many[struct {
			System string `json:"system"`
			Value  string `json:"value"`
		}] `json:"identifier"`
	}] `json:"location"`
	Type           many[codeableConcept] `json:"type"`
	Characteristic many[codeableConcept] `json:"characteristic"`
	Extension      many[extension]       `json:"extension"`
}

const kindOfService = "HealthcareService"

// decodeService reads one resource. It ignores unknown parts; a missing required part
// is an error.
func decodeService(body []byte) (services.Service, error) {
	var r resource
	if err := json.Unmarshal(body, &r); err != nil {
		return services.Service{}, fmt.Errorf("want a %s: %w", kindOfService, err)
	}
	return r.service()
}

func (r resource) service() (services.Service, error) {
	s := services.Service{Version: string(r.Meta.VersionID), Name: line(r.Name)}
	var err error
	if s.ID, err = services.ParseID(string(r.ID)); err != nil {
		return s, fmt.Errorf("id: %w", err)
	}
	switch s.Sites = r.sites(); {
	case r.ResourceType != "" && r.ResourceType != kindOfService:
		return s, fmt.Errorf("resourceType %.40q: want %s", r.ResourceType, kindOfService)
	case !digits(s.Version):
		return s, fmt.Errorf("meta.versionId %.40q: want digits", s.Version)
	case s.Name == "":
		return s, errors.New("name: missing")
	case len(s.Sites) == 0:
		return s, errors.New("location: want the ODS code of a site")
	}
	s.AppointmentTypes = codings(r.Type, "eRS-AppointmentType", "")
	s.RequestFlows = codings(r.Characteristic, "eRS-RequestFlowType")
	s.Bookable = codings(r.Characteristic, "eRS-BookableType")
	r.extensions(&s)
	return s.Canonical(), nil
}

func (r resource) sites() (sites []profile.ODSCode) {
	for _, location := range r.Location {
		for _, id := range location.Identifier {
			if of := last(id.System); of != "ods-site-code" && of != "" {
				continue
			}
			if code, err := profile.ParseODSCode(id.Value); err == nil {
				sites = append(sites, code)
			}
		}
	}
	return sites
}

// codings returns the codings of the given systems; "" stands for a missing system.
func codings(concepts many[codeableConcept], systems ...string) (found []services.Coding) {
	for _, of := range concepts {
		for _, c := range of.Coding {
			for _, system := range systems {
				if code := line(c.Code); last(c.System) == system && code != "" {
					found = append(found, services.Coding{Code: code, Display: line(c.Display)})
				}
			}
		}
	}
	return found
}

func (r resource) extensions(s *services.Service) {
	for _, e := range r.Extension {
		switch last(e.URL) {
		case "Extension-eRS-HoursOfOperation":
			s.Hours = prose(e.Text)
		case "Extension-eRS-ServiceInstructions":
			s.Instructions = prose(e.Text)
		case "Extension-eRS-HealthcareService-Contact":
			s.Contacts = append(s.Contacts, contacts(e.Extension)...)
		}
	}
}

// contacts returns a point for each purpose and telecom. A contact without a purpose
// is never for the public, since we do not know whom it is for.
func contacts(parts many[extension]) (points []services.Point) {
	purposes := []string{}
	for _, part := range parts {
		for _, c := range part.Concept.Coding {
			if code := line(c.Code); part.URL == "purpose" && code != "" {
				purposes = append(purposes, code)
			}
		}
	}
	if len(purposes) == 0 {
		purposes = []string{""}
	}
	for _, part := range parts {
		value := line(part.Point.Value)
		if part.URL != "telecom" || value == "" {
			continue
		}
		for _, purpose := range purposes {
			points = append(points, services.Point{Purpose: purpose, System: line(part.Point.System), Value: value})
		}
	}
	return points
}

// last returns the last segment of a system's URL: the part in front of it differs
// between environments (CONTRACT.md "Code systems").
func last(address string) string {
	if address == "" {
		return ""
	}
	return path.Base(address)
}

func digits(s string) bool { return s != "" && len(s) <= 18 && strings.Trim(s, "0123456789") == "" }

// prose returns free text without the control characters that Postgres and XML
// refuse; line breaks stay.
func prose(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || !unicode.IsControl(r):
			return r
		case r == '\r':
			return -1
		}
		return ' '
	}, s))
}

// line returns prose on one line.
func line(s string) string { return strings.NewReplacer("\n", " ", "\t", " ").Replace(prose(s)) }
