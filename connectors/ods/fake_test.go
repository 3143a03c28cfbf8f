package ods_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/reconcile/profile"
)

type object = map[string]any

// organisation is a resource as the API gives it (CONTRACT.md "FHIR API").
func organisation(code string, active bool, roles ...string) object {
	var extensions []object
	for _, r := range roles {
		extensions = append(extensions, roleOf(r, active, "2001-04-01", ""))
	}
	extensions = append(extensions, object{
		"url": "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-TypedDateTime",
		"extension": []object{
			{"url": "type", "valueCoding": object{"code": "LastChangeDate"}},
			{"url": "dateTime", "valueDateTime": "2026-04-02"},
		},
	})
	return object{
		"resourceType": "Organization", "id": code, "active": active, "name": "ORGANISATION " + code,
		"meta":       object{"lastUpdated": "2026-04-03T02:00:00Z"},
		"identifier": []object{{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": code}},
		"telecom":    []object{{"system": "phone", "value": "0113 243 3144"}},
		"address":    []object{{"line": []string{"1 ELM ROAD"}, "city": "LEEDS", "postalCode": "ls97tf"}},
		"extension":  extensions,
	}
}

func roleOf(code string, active bool, start, end string) object {
	span := object{"start": start}
	if end != "" {
		span["end"] = end
	}
	return object{
		"url": "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-OrganisationRole",
		"extension": []object{
			{"url": "roleCode", "valueCodeableConcept": object{"coding": []object{{"code": code}}}},
			{"url": "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-TypedPeriod", "extension": []object{
				{"url": "dateType", "valueCoding": object{"code": "Operational"}}, {"url": "period", "valuePeriod": span},
			}},
			{"url": "active", "valueBoolean": active},
		},
	}
}

func relationship(from, kind, to, start string, active bool) object {
	return object{
		"resourceType": "OrganizationAffiliation", "id": from + kind + to, "active": active, "period": object{"start": start},
		"organization":              object{"identifier": object{"value": from}},
		"participatingOrganization": object{"identifier": object{"value": to}},
		"code":                      []object{{"coding": []object{{"code": kind}}}},
	}
}

// fakeAPI answers searches from memory, with offset paging.
type fakeAPI struct {
	organisations []object
	beside        []object // entries of every page beside the matches
	affiliations  []object
	successors    map[string]any
	tooMany       int                     // a _count above it is answered 422; 0: none
	total         func(actual int) int    // what _summary=count says
	next          func(url string) string // what a next link becomes
	noCommas      bool                    // a list of codes finds nothing
	pageSize      int
	reads         map[string]any // what is answered for a code instead of its organisation

	mu       sync.Mutex
	requests []string
}

func (f *fakeAPI) serve(t *testing.T) *ods.API {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	api, err := ods.NewAPI(ods.APIOptions{
		URL: server.URL + "/fhir", Limits: quick, PageSize: f.pageSize, Key: func() (string, error) { return "k1", nil },
	})
	require.NoError(t, err)
	return api
}

func (f *fakeAPI) count(part string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, request := range f.requests {
		if strings.Contains(request, part) {
			n++
		}
	}
	return n
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.URL.String())
	f.mu.Unlock()
	if r.Header.Get("Apikey") != "k1" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/fhir/")
	switch {
	case path == "Organization":
		f.search(w, r, f.wanted(r))
	case path == "OrganizationAffiliation":
		f.search(w, r, f.related(r))
	case strings.HasPrefix(path, "Organization/"):
		f.read(w, strings.TrimPrefix(path, "Organization/"))
	case path == "CodeSystem/$lookup":
		f.lookup(w, r.URL.Query().Get("code"))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (f *fakeAPI) wanted(r *http.Request) []object {
	identifiers := r.URL.Query().Get("identifier")
	if identifiers == "" {
		return f.organisations
	}
	return f.matching(f.organisations, identifiers, func(o object) string { return o["id"].(string) })
}

func (f *fakeAPI) related(r *http.Request) []object {
	return f.matching(f.affiliations, r.URL.Query().Get("primary-organization"), func(o object) string {
		from, _, _ := strings.Cut(o["id"].(string), "RE") // whatever became of the rest
		return from
	})
}

func (f *fakeAPI) matching(all []object, list string, code func(object) string) []object {
	var found []object
	for _, o := range all {
		if slices.Contains(strings.Split(list, ","), code(o)) && (!f.noCommas || !strings.Contains(list, ",")) {
			found = append(found, o)
		}
	}
	return found
}

func (f *fakeAPI) search(w http.ResponseWriter, r *http.Request, all []object) {
	query := r.URL.Query()
	if query.Get("_summary") == "count" {
		total := len(all)
		if f.total != nil {
			total = f.total(total)
		}
		respond(w, object{"resourceType": "Bundle", "total": total})
		return
	}
	count, _ := strconv.Atoi(query.Get("_count"))
	offset, _ := strconv.Atoi(query.Get("_offset"))
	if f.tooMany > 0 && count > f.tooMany {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	entries := []object{}
	for _, o := range all[min(offset, len(all)):min(offset+count, len(all))] {
		entries = append(entries, object{"resource": o})
	}
	entries = append(entries, f.beside...)
	links := []object{{"relation": "self", "url": "x"}}
	if offset+count < len(all) {
		query.Set("_offset", strconv.Itoa(offset+count))
		link := fmt.Sprintf("http://%s%s?%s", r.Host, r.URL.Path, query.Encode())
		if f.next != nil {
			link = f.next(link)
		}
		links = append(links, object{"relation": "next", "url": link})
	}
	respond(w, object{"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries})
}

func (f *fakeAPI) read(w http.ResponseWriter, code string) {
	if answer, other := f.reads[code]; other {
		respond(w, answer)
		return
	}
	for _, o := range f.organisations {
		if o["id"] == code {
			respond(w, o)
			return
		}
	}
	w.WriteHeader(http.StatusNotFound)
}

func (f *fakeAPI) lookup(w http.ResponseWriter, code string) {
	successor, known := f.successors[code]
	if !known {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	respond(w, object{"resourceType": "Parameters", "parameter": []object{
		{"name": "property", "part": []object{{"name": "code", "valueCode": "RE6"}, {"name": "value", "valueCode": "97R"}}},
		{"name": "property", "part": []object{{"name": "code", "valueCode": "successor"}, {"name": "value", "valueCode": successor}}},
	}})
}

func respond(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/fhir+json")
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // made of texts and numbers
}

// recordsByCode decodes every row of a delta and fails at one that is rejected.
func recordsByCode(t *testing.T, d *ods.Delta) map[string]profile.Record {
	t.Helper()
	records := map[string]profile.Record{}
	for row, err := range d.Rows() {
		require.NoError(t, err)
		record, err := d.Record(row)
		require.NoError(t, err)
		require.Equal(t, row.Code, record.Code)
		require.NotContains(t, records, row.Code.String())
		records[row.Code.String()] = record
	}
	return records
}
