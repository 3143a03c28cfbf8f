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

// many is a list that may come as its only element: the live API writes type
// as one object where its schema says array (CONTRACT.md "The service resource").
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

// word is a text that may come as a number.
type word string

func (w *word) UnmarshalJSON(text []byte) error {
	var number json.Number
	if err := json.Unmarshal(text, &number); err == nil {
		*w = word(number)
		return nil
	}
	return json.Unmarshal(text, (*string)(w))
}

// concept is a CodeableConcept.
type concept struct {
	Coding many[coding] `json:"coding"`
}

type coding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display"`
}

// extension has one value, or others nested in it.
type extension struct {
	URL       string          `json:"url"`
	Text      string          `json:"valueString"`
	Date      string          `json:"valueDate"`
	Concept   concept         `json:"valueCodeableConcept"`
	Point     point           `json:"valueContactPoint"`
	Extension many[extension] `json:"extension"`
}

type point struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

// resource is a HealthcareService, as far as we read it
// (CONTRACT.md "The service resource"). Its active is left over from another
// design and says nothing.
type resource struct {
	ResourceType string `json:"resourceType"`
	ID           word   `json:"id"`
	Meta         struct {
		VersionID word `json:"versionId"`
	} `json:"meta"`
	Name     string `json:"name"`
	Location many[struct {
		Identifier many[struct {
			System string `json:"system"`
			Value  string `json:"value"`
		}] `json:"identifier"`
	}] `json:"location"`
	Type           many[concept]   `json:"type"`
	Characteristic many[concept]   `json:"characteristic"`
	Extension      many[extension] `json:"extension"`
}

const kindOfService = "HealthcareService"

// decodeService reads one resource. What it does not know changes nothing; what
// a service has to have and this one has not is an error.
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

// codings are those of the systems; "" stands for one that is not stated.
func codings(concepts many[concept], systems ...string) (found []services.Coding) {
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

// contacts are a point for each purpose and telecom. Without a purpose it is for
// nobody we know, so never for the public.
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

// last is the last segment of a system's address: the base in front of it
// differs from one environment to another (CONTRACT.md "Code systems").
func last(address string) string {
	if address == "" {
		return ""
	}
	return path.Base(address)
}

func digits(s string) bool { return s != "" && len(s) <= 18 && strings.Trim(s, "0123456789") == "" }

// prose is free text without the control characters that Postgres and XML
// refuse; lines stay.
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

// line is prose on one line.
func line(s string) string { return strings.NewReplacer("\n", " ", "\t", " ").Replace(prose(s)) }
