package odstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/register"
	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

type bundle struct {
	ResourceType string  `json:"resourceType"`
	ID           string  `json:"id"`
	Meta         meta    `json:"meta"`
	Type         string  `json:"type"`
	Total        *int    `json:"total,omitempty"`
	Link         []link  `json:"link,omitempty"`
	Entry        []entry `json:"entry,omitempty"`
}

type link struct {
	Relation string `json:"relation"`
	URL      string `json:"url"`
}

type entry struct {
	FullURL  string            `json:"fullUrl"`
	Resource any               `json:"resource"`
	Search   map[string]string `json:"search"`
}

// fhir admits a request and hands it to its resource.
func (s *Server) fhir(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.options.APIKey != "" && r.Header.Get("Apikey") != s.options.APIKey:
		gateway(w, http.StatusUnauthorized, "Unauthorized", "Invalid ApiKey")
	case r.Method != http.MethodGet:
		hapi(w, http.StatusMethodNotAllowed, "HAPI-0427: Unsupported method: "+r.Method)
	case !acceptable(r.Header.Get("Accept")):
		hapi(w, http.StatusNotAcceptable, "HAPI-0000: Not acceptable: "+r.Header.Get("Accept"))
	default:
		s.route(w, r)
	}
}

func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	resource, id, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, FHIRPath+"/"), "/")
	switch {
	case resource == "Organization" && id == "":
		s.organizations(w, r)
	case resource == "Organization":
		s.organization(w, id)
	case resource == "OrganizationAffiliation" && id == "":
		s.affiliations(w, r)
	case resource == "OrganizationAffiliation":
		s.affiliation(w, id)
	case resource == "List":
		s.deletions(w, id)
	case resource == "CodeSystem" && id == "$lookup":
		s.lookup(w, r)
	default:
		hapi(w, http.StatusNotFound, fmt.Sprintf("HAPI-0302: Unknown resource type '%s'", resource))
	}
}

func acceptable(accept string) bool {
	if accept == "" {
		return true
	}
	return slices.ContainsFunc(strings.Split(accept, ","), func(one string) bool {
		kind, _, _ := strings.Cut(strings.TrimSpace(one), ";")
		return slices.Contains([]string{"*/*", "application/*", fhirType, simulate.JSONType, "text/json"}, kind)
	})
}

func (s *Server) organization(w http.ResponseWriter, code string) {
	o, found := s.reg.Get(code)
	if !found || o.Archived() {
		notKnown(w, "Organization/"+code)
		return
	}
	write(w, http.StatusOK, fhirType, asOrganization(o, s.reg.AsOf()))
}

func (s *Server) organizations(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	codes, err := s.search(query)
	count, offset, pageErr := paging(query)
	if err = errors.Join(err, pageErr); err != nil {
		hapi(w, http.StatusBadRequest, err.Error())
		return
	}
	b := s.bundle(r)
	if query.Get("_summary") == "count" || len(codes) == 0 {
		total := len(codes)
		b.Total = &total
		write(w, http.StatusOK, fhirType, b)
		return
	}
	asOf, base := s.reg.AsOf(), s.base(r)
	for _, code := range page(codes, count, offset) {
		if o, found := s.reg.Get(code); found {
			b.Entry = append(b.Entry, entry{base + "/Organization/" + code, asOrganization(o, asOf), match()})
		}
	}
	s.sendPage(w, r, b, len(codes), count, offset)
}

func match() map[string]string { return map[string]string{"mode": "match"} }

func page[T any](all []T, count, offset int) []T {
	start := min(offset, len(all))
	return all[start:min(start+count, len(all))]
}

// paging reads the page asked for: 20 from the start unless told otherwise.
func paging(query url.Values) (count, offset int, err error) {
	count = 20
	if text := query.Get("_count"); text != "" {
		if count, err = strconv.Atoi(text); err != nil || count < 1 {
			return 0, 0, queryError("HAPI-0000: Invalid _count value: " + text)
		}
	}
	if text := query.Get("_offset"); text != "" {
		if offset, err = strconv.Atoi(text); err != nil || offset < 0 {
			return 0, 0, queryError("HAPI-0000: Invalid _offset value: " + text)
		}
	}
	return count, offset, nil
}

func (s *Server) bundle(r *http.Request) bundle {
	s.mu.Lock()
	s.ordinal++
	id := fmt.Sprintf("%08x-83c9-4869-aaf1-%012x", s.ordinal, s.Now().UnixMilli())
	s.mu.Unlock()
	return bundle{
		ResourceType: "Bundle", ID: id, Meta: meta{LastUpdated: timestamp(s.Now().Truncate(time.Millisecond))}, Type: "searchset",
		Link: []link{{"self", s.base(r) + strings.TrimPrefix(r.URL.Path, FHIRPath) + question(r.URL.RawQuery)}},
	}
}

func question(query string) string {
	if query == "" {
		return ""
	}
	return "?" + query
}

// base is where links begin.
func (s *Server) base(r *http.Request) string {
	if s.options.BaseURL != "" {
		return s.options.BaseURL + FHIRPath
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + FHIRPath
}

// sendPage adds the link to the next page and sends the bundle, unless it is
// larger than the gateway lets through.
func (s *Server) sendPage(w http.ResponseWriter, r *http.Request, b bundle, total, count, offset int) {
	if offset+count < total {
		query := r.URL.Query()
		query.Set("_count", strconv.Itoa(count))
		query.Set("_offset", strconv.Itoa(offset+count))
		b.Link = append(b.Link, link{"next", s.base(r) + strings.TrimPrefix(r.URL.Path, FHIRPath) + "?" + query.Encode()})
	}
	text, err := marshal(b)
	if err != nil {
		panic(fmt.Sprintf("odstest: a bundle does not marshal: %v", err)) // our own types: a mistake in this package
	}
	if len(text) > s.options.MaxBytes {
		tooCostly(w)
		return
	}
	simulate.Answer{Status: http.StatusOK, Type: fhirType, Body: text}.Send(w)
}

// marshal leaves "&" in links as the real service does.
func marshal(b bundle) ([]byte, error) {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(b)
	return []byte(text.String()), err
}

var affiliationParameters = []string{
	"primary-organization", "participating-organization", "active", "_id", "_count", "_offset", "_summary", "_format",
}

// affiliations finds relationships by their source or their target, commas
// being or.
func (s *Server) affiliations(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	count, offset, err := paging(query)
	if err != nil {
		hapi(w, http.StatusBadRequest, err.Error())
		return
	}
	for name := range query {
		if !slices.Contains(affiliationParameters, name) {
			hapi(w, http.StatusBadRequest, unknown(name, "OrganizationAffiliation", affiliationParameters))
			return
		}
	}
	found := s.relationships(query)
	b, asOf, base, total := s.bundle(r), s.reg.AsOf(), s.base(r), len(found)
	b.Total = &total
	if query.Get("_summary") != "count" {
		for _, rel := range page(found, count, offset) {
			resource := asAffiliation(rel.source, rel.Relationship, asOf)
			b.Entry = append(b.Entry, entry{base + "/OrganizationAffiliation/" + resource.ID, resource, match()})
		}
	}
	s.sendPage(w, r, b, total, count, offset)
}

type sourced struct {
	register.Relationship
	source string
}

func (s *Server) relationships(query url.Values) []sourced {
	wanted := func(name, value string) bool {
		if !query.Has(name) {
			return true
		}
		return slices.Contains(options(query.Get(name)), value)
	}
	var found []sourced
	s.sources(query, func(o register.Organisation) {
		for _, rel := range o.Relationships() {
			if wanted("primary-organization", o.Code) && wanted("participating-organization", rel.Target) &&
				wanted("active", strconv.FormatBool(rel.Active)) && wanted("_id", strconv.Itoa(rel.ID)) {
				found = append(found, sourced{rel, o.Code})
			}
		}
	})
	return found
}

// sources goes through the organisations whose relationships may be wanted.
func (s *Server) sources(query url.Values, each func(register.Organisation)) {
	if query.Has("primary-organization") {
		for _, code := range options(query.Get("primary-organization")) {
			if o, found := s.reg.Get(code); found && !o.Archived() {
				each(o)
			}
		}
		return
	}
	for _, report := range register.Reports() {
		for o := range s.reg.All(report) {
			if !o.Archived() {
				each(o)
			}
		}
	}
}

func (s *Server) affiliation(w http.ResponseWriter, id string) {
	found := s.relationships(url.Values{"_id": {id}})
	if len(found) == 0 {
		notKnown(w, "OrganizationAffiliation/"+id)
		return
	}
	write(w, http.StatusOK, fhirType, asAffiliation(found[0].source, found[0].Relationship, s.reg.AsOf()))
}
