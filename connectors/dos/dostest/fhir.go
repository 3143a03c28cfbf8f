package dostest

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

const (
	codeSystem      = "https://fhir.nhs.uk/Id/ods-organization-code"
	roleURL         = "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-OrganisationRole"
	periodURL       = "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-TypedPeriod"
	periodSystem    = "https://fhir.nhs.uk/England/CodeSystem/England-PeriodType"
	roleSystem      = "https://digital.nhs.uk/services/organisation-data-service/CodeSystem/ODSOrganisationRole"
	rolePrescribing = "RO177"
	rolePractice    = "RO76"
)

var (
	codePattern = regexp.MustCompile(`^[A-Za-z0-9]{1,12}$`)
	uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

// fhir is the ingest API (CONTRACT.md "The ingest API"). The proxy requires a token
// before anything else, except for the health check.
func (s *Server) fhir(c *call) simulate.Answer {
	if c.Kind == KindStatus {
		return simulate.JSON(http.StatusOK, map[string]string{"status": "pass"})
	}
	var answer simulate.Answer
	switch {
	case !s.hasValidToken(c.request):
		answer = fhirRefusal(http.StatusUnauthorized)
	case c.Kind == KindSearch:
		answer = s.search(c.request)
	default:
		answer = s.put(c)
	}
	for _, name := range []string{"X-Correlation-Id", "X-Request-Id"} {
		if value := c.request.Header.Get(name); value != "" {
			answer = answer.With(name, value)
		}
	}
	return answer
}

func (s *Server) hasValidToken(r *http.Request) bool {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return s.options.Token == nil || found && s.options.Token(token)
}

// search answers GET /Organization.
func (s *Server) search(r *http.Request) simulate.Answer {
	query := r.URL.Query()
	if !strings.Contains(strings.ToLower(r.Header.Get("Accept")), fhirType) {
		return wrongMedia(http.StatusNotAcceptable, "not-acceptable", "GET requests must have Accept 'application/fhir+json'")
	}
	for name := range query {
		if name != "identifier" {
			text := "Unexpected query parameter(s): " + name + ". Only 'identifier' is allowed."
			return badRequest("structure", text, text)
		}
	}
	if !query.Has("identifier") {
		return badRequest("required", "Missing required parameter: identifier", "The 'identifier' query parameter is required")
	}
	system, code, separated := strings.Cut(query.Get("identifier"), "|")
	trouble, kind := "", "structure"
	switch {
	case !separated:
		trouble = "Invalid identifier value: missing separator '|'"
	case system != codeSystem:
		trouble = "Invalid identifier system '" + system + "' - expected '" + codeSystem + "'"
	case !codePattern.MatchString(code):
		trouble, kind = "Invalid identifier value: ODS code must follow format ^[A-Za-z0-9]{1,12}$", "invalid"
	}
	if trouble != "" {
		return badRequest(kind, trouble, trouble)
	}
	return s.bundle(strings.ToUpper(code))
}

type bundle struct {
	ResourceType string  `json:"resourceType"`
	Type         string  `json:"type"`
	Total        int     `json:"total,omitempty"`
	Entry        []entry `json:"entry"`
}

type entry struct {
	FullURL  string   `json:"fullUrl"`
	Resource resource `json:"resource"`
}

func (s *Server) bundle(code string) simulate.Answer {
	known := s.Organizations(code)
	if len(known) == 0 && !s.options.EmptyBundle {
		return outcomeReply(http.StatusNotFound, "error", "not-found", coding{resultSystem, "MSG_NO_EXIST", "Resource does not exist"},
			"The requested organisation was not found", "Organisation with ODS code '"+code+"' not found")
	}
	out := bundle{ResourceType: "Bundle", Type: "searchset", Total: len(known), Entry: []entry{}}
	for i := range known {
		out.Entry = append(out.Entry, entry{"https://api.service.nhs.uk/FHIR/R4/Organization/" + known[i].ID, asResource(&known[i])})
	}
	return fhirReply(http.StatusOK, out)
}

// put answers PUT /Organization/{uuid}: the body replaces all that is stored.
func (s *Server) put(c *call) simulate.Answer {
	id := strings.TrimPrefix(strings.TrimSuffix(c.request.URL.Path, "/"), FHIRPath+"/Organization/")
	if kind := c.request.Header.Get("Content-Type"); strings.ToLower(strings.TrimSpace(kind)) != fhirType {
		return wrongMedia(http.StatusUnsupportedMediaType, "unsupported-media-type",
			"PUT requests must have Content-Type 'application/fhir+json'")
	}
	if !uuidPattern.MatchString(id) {
		return unprocessable("path organisation_id: Input should be a valid UUID")
	}
	wanted, err := parseResource(c.body)
	if err != nil {
		return unprocessable(err.Error())
	}
	changed, known := s.practice.update(id, wanted)
	switch {
	case !known:
		return notFoundByID()
	case len(changed) == 0:
		s.effect(*c, Unchanged, "")
		return outcomeReply(http.StatusOK, "information", "not-updated",
			coding{resultSystem, "MSG_NOT_UPDATED", "Existing resource not updated"},
			"No changes made to the organisation", "No changes made to the organisation")
	}
	s.effect(*c, Applied, strings.Join(changed, ","))
	return outcomeReply(http.StatusOK, "information", "success", coding{resultSystem, "MSG_UPDATED", "Existing resource updated"},
		"Organisation updated successfully", "Organisation updated successfully")
}

// asResource returns an organisation as the API shows it: only the primary role, the
// first one, has the legal dates.
func asResource(o *Organization) resource {
	out := resource{
		ResourceType: "Organization", ID: o.ID, Active: &o.Active, Name: &o.Name,
		Meta:       map[string]any{"profile": []string{"https://fhir.hl7.org.uk/StructureDefinition/UKCore-Organization"}},
		Identifier: []identifier{{Use: "official", System: codeSystem, Value: o.Code}},
		Telecom:    []contactPoint{},
	}
	for _, t := range o.Telecom {
		out.Telecom = append(out.Telecom, contactPoint{System: t.System, Value: t.Value, Use: "work"})
	}
	for i, role := range o.Roles {
		parts := []extension{{URL: "roleCode", ValueCodeableConcept: &concept{Coding: []coding{{roleSystem, role, role}}}}}
		if i == 0 && o.LegalStart != "" {
			parts = append(parts, extension{URL: periodURL, Extension: []extension{
				{URL: "dateType", ValueCoding: &coding{periodSystem, "Legal", "Legal"}},
				{URL: "period", ValuePeriod: &datePeriod{Start: o.LegalStart, End: o.LegalEnd}},
			}})
		}
		out.Extension = append(out.Extension, extension{URL: roleURL, Extension: parts})
	}
	return out
}

// sortedRoles puts the primary role first and leaves the others in their order.
func sortedRoles(roles []string) []string {
	at := slices.Index(roles, rolePrescribing)
	if at <= 0 {
		return roles
	}
	return slices.Concat(roles[at:at+1], roles[:at], roles[at+1:])
}
