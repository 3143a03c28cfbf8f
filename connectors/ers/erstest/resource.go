package erstest

import (
	"net/http"
	"strings"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/reconcile/services"
)

const (
	definitions = "https://fhir.nhs.uk/StructureDefinition/"
	codeSystems = "https://fhir.nhs.uk/CodeSystem/"
	stampLayout = "2006-01-02T15:04:05.00Z07:00"
)

// The resource (CONTRACT.md "The service resource"), with its fields in the order of
// the recorded answers.
type resource struct {
	ID             string      `json:"id"`
	Meta           version     `json:"meta"`
	Language       string      `json:"language"`
	ResourceType   string      `json:"resourceType"`
	Extension      []extension `json:"extension,omitempty"`
	Active         *bool       `json:"active,omitempty"`
	Location       []location  `json:"location"`
	Name           string      `json:"name"`
	Type           any         `json:"type,omitempty"` // a codeable or a list of them
	Characteristic []codeable  `json:"characteristic,omitempty"`
	Comment        string      `json:"comment,omitempty"` // unknown to the contract
}

type version struct {
	VersionID string `json:"versionId"`
}

type extension struct {
	URL             string        `json:"url"`
	ValueString     string        `json:"valueString,omitempty"`
	ValueConcept    *codeable     `json:"valueCodeableConcept,omitempty"`
	ValueContact    *contactPoint `json:"valueContactPoint,omitempty"`
	ValueDate       string        `json:"valueDate,omitempty"`
	NestedExtension []extension   `json:"extension,omitempty"`
}

type contactPoint struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type location struct {
	Identifier identifier `json:"identifier"`
}

type identifier struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type codeable struct {
	Coding []coding `json:"coding"`
}

type coding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display,omitempty"`
}

// resourceOf returns the resource of a service.
func (o Options) resourceOf(s *Service) resource {
	r := resource{
		ID: string(s.ID), Meta: version{s.Version}, Language: "en", ResourceType: "HealthcareService",
		Extension: extensionsOf(s), Name: s.Name, Type: o.typeOf(s),
	}
	for _, site := range s.Sites {
		r.Location = append(r.Location, location{identifier{"https://fhir.nhs.uk/Id/ods-site-code", string(site)}})
	}
	r.Characteristic = append(codeables("eRS-RequestFlowType", s.RequestFlows), codeables("eRS-BookableType", s.Bookable)...)
	if o.Extras {
		addExtras(&r)
	}
	return r
}

func codeables(system string, codings []services.Coding) (list []codeable) {
	for _, c := range codings {
		list = append(list, codeable{[]coding{{codeSystems + system, c.Code, c.Display}}})
	}
	return list
}

// typeOf returns a list of concepts, or one concept with all codings.
func (o Options) typeOf(s *Service) any {
	list := codeables("eRS-AppointmentType", s.AppointmentTypes)
	shape := s.Type
	if shape == "" {
		shape = o.Type
	}
	odd := (s.ID[len(s.ID)-1]-'0')%2 == 1
	switch {
	case len(list) == 0:
		return nil
	case shape == TypeArray || shape == TypeMixed && odd:
		return list
	}
	var one codeable
	for _, c := range list {
		one.Coding = append(one.Coding, c.Coding...)
	}
	return one
}

func extensionsOf(s *Service) (list []extension) {
	if s.Hours != "" {
		list = append(list, extension{URL: definitions + "Extension-eRS-HoursOfOperation", ValueString: s.Hours})
	}
	if s.Instructions != "" {
		list = append(list, extension{URL: definitions + "Extension-eRS-ServiceInstructions", ValueString: s.Instructions})
	}
	for i, point := range s.Contacts {
		telecom := extension{URL: "telecom", ValueContact: &contactPoint{point.System, point.Value}}
		if i > 0 && s.Contacts[i-1].Purpose == point.Purpose { // adjacent points with the same purpose are one contact
			last := &list[len(list)-1]
			last.NestedExtension = append(last.NestedExtension, telecom)
			continue
		}
		list = append(list, extension{
			URL:             definitions + "Extension-eRS-HealthcareService-Contact",
			NestedExtension: []extension{{URL: "purpose", ValueConcept: purposeOf(point.Purpose)}, telecom},
		})
	}
	return list
}

var purposes = map[string]string{
	"BILL": "Billing", "ADMIN": "Administrative", "HR": "Human Resource", "PAYOR": "Payor", "PATINF": "Patient", "PRESS": "Press",
}

func purposeOf(code string) *codeable {
	c := coding{"http://terminology.hl7.org/CodeSystem/contactentity-type", code, purposes[code]}
	if c.Display == "" {
		c.System, c.Display = codeSystems+"eRS-Purpose", strings.ReplaceAll(code, "_", " ")
	}
	if code == "HEALTHCARE_PROFESSIONALS" {
		c.Display = "Healthcare Professionals"
	}
	return &codeable{[]coding{c}}
}

// addExtras adds what a reader must ignore. `active` is left over from an older design
// and its absence means nothing (CONTRACT.md "The service resource").
func addExtras(r *resource) {
	active := false
	r.Active, r.Comment = &active, "unknown to the contract"
	r.Extension = append(r.Extension, extension{URL: definitions + "Extension-eRS-Unheard-Of", ValueString: "?"})
	r.Characteristic = append(r.Characteristic, codeable{[]coding{{codeSystems + "eRS-Unheard-Of", "NEW_CODE", "New"}}})
}

type bundle struct {
	ID           string     `json:"id"`
	Meta         bundleMeta `json:"meta"`
	ResourceType string     `json:"resourceType"`
	Type         string     `json:"type"`
	Timestamp    string     `json:"timestamp"`
	Total        int        `json:"total"`
	Link         []link     `json:"link"`
}

type bundleMeta struct {
	LastUpdated string `json:"lastUpdated"`
}

type link struct {
	Relation string `json:"relation"`
	URL      string `json:"url"`
}

// bundleOf answers a search: ids that match nothing are absent, and without any match
// there is no entry at all (CONTRACT.md "Asking for many"). URLs are those of another
// environment. Entries were encoded before.
func (s *Server) bundleOf(asked []string, found []*Service, now time.Time) simulate.Answer {
	base := s.options.BaseURL + "/R4/HealthcareService"
	stamp := now.UTC().Format(stampLayout)
	a := simulate.Encoded(http.StatusOK, fhirType, bundle{
		ID: "123e4567-e89b-12d3-a456-426614174000", Meta: bundleMeta{stamp}, ResourceType: "Bundle", Type: "searchset",
		Timestamp: stamp, Total: len(found), Link: []link{{"self", base + "?_id=" + strings.Join(asked, ",")}},
	})
	if len(found) == 0 {
		return a
	}
	body := a.Body[:len(a.Body)-1] // without its closing brace
	body = append(body, `,"entry":[`...)
	for i, service := range found {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, `{"fullUrl":"`+base+"/"+string(service.ID)+`","resource":`...)
		body = append(body, s.encode(service)...)
		body = append(body, `,"search":{"mode":"match"}}`...)
	}
	body = append(body, "]}"...)
	a.Body = body
	return a
}

// encoded is the cached JSON of a service. Services are replaced and never changed, so
// the same pointer means the same content.
type encoded struct {
	of   *Service
	text []byte
}

func (s *Server) encode(service *Service) []byte {
	if kept, ok := s.encodings.Load(service.ID); ok {
		if d, ok := kept.(encoded); ok && d.of == service {
			return d.text
		}
	}
	text := simulate.Marshal(s.options.resourceOf(service))
	s.encodings.Store(service.ID, encoded{service, text})
	return text
}
