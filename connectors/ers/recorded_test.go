package ers

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

var (
	minimal = services.Service{ID: "1", Version: "1", Name: "Direct Service With Minimal", Sites: []profile.ODSCode{"R6901"}}
	dayCase = []services.Coding{{Code: "DAY_CASE", Display: "Day Case"}}
	patient = []services.Coding{{Code: "BOOKABLE", Display: "A service which supports a patient appointment"}}
	direct  = []services.Coding{{Code: "DIRECTLY_BOOKABLE", Display: "Directly Bookable"}}
	reached = []services.Point{
		{Purpose: "HEALTHCARE_PROFESSIONALS", System: "email", Value: "service@email.com"},
		{Purpose: services.ForPatients, System: "phone", Value: "01234567890"},
	}
	full = services.Service{
		ID: "2", Version: "1", Name: "Direct SVC 1", Sites: []profile.ODSCode{"R6901"},
		AppointmentTypes: dayCase, RequestFlows: patient, Bookable: direct,
		Hours: "9-5 Mon-Fri", Instructions: "Instructions", Contacts: reached,
	}
	indirect = services.Service{
		ID: "1", Version: "1", Name: "Direct SVC 1", Sites: []profile.ODSCode{"R6901"},
		AppointmentTypes: dayCase, RequestFlows: patient,
		Bookable: []services.Coding{{Code: "INDIRECTLY_BOOKABLE", Display: "Indirectly Bookable"}},
		Hours:    "9-5 Mon-Fri", Instructions: "Instructions", Contacts: reached,
	}
	second = services.Service{
		ID: "2", Version: "1", Name: "Direct SVC 2", Sites: []profile.ODSCode{"R6901"},
		AppointmentTypes: dayCase, RequestFlows: patient, Bookable: direct,
	}
	pair = []services.Service{
		{ID: "1", Version: "1", Name: "Direct SVC 1", Sites: []profile.ODSCode{"R6901"}},
		{ID: "2", Version: "1", Name: "Direct SVC 2", Sites: []profile.ODSCode{"R6901"}},
	}
)

// TestRecordedServices: every recorded answer about services is read correctly, or
// gives the right error.
func TestRecordedServices(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		services []services.Service // of a 200
		version  string             // of a HEAD
		status   int                // of an error
	}{
		"A033_get_service_1":                       {services: []services.Service{minimal}},
		"A033_get_service_2":                       {services: []services.Service{full}},
		"A033_get_service_2_user_restricted":       {services: []services.Service{full}},
		"A033_get_service_accept_encoding_gzip":    {services: []services.Service{full}},
		"A033_get_service_3_not_found":             {status: 404},
		"A033_get_service_if_none_match":           {status: 304},
		"A033_get_service_wrong_business_function": {status: 403},
		"A035_search_ids_1_2":                      {services: pair},
		"A035_search_ids_1_2_percent_encoded":      {services: pair},
		"A035_search_ids_3_4":                      {services: []services.Service{indirect, second}},
		"A035_search_ids_5_6_empty":                {services: nil},
		"A035_search_by_organization_unsupported":  {status: 404},
		"A035_search_ids_2_1_reordered":            {status: 404},
		"A035_search_ids_repeated":                 {status: 404},
		"A035_search_no_id":                        {status: 404},
		"A035_search_single_id":                    {status: 404},
		"A035_search_wrong_business_function":      {status: 403},
		"A037_head_service_1":                      {version: "1"},
		"A037_head_service_2":                      {version: "1"},
		"A037_head_service_3_not_found":            {status: 404},
		"A004_codesystem_unknown":                  {status: 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := record(t, name)
			address, err := url.Parse(r.Request.URL)
			require.NoError(t, err)
			api, _ := apiOf(t, r.replay(t))
			path := strings.Split(strings.TrimPrefix(address.Path, "/FHIR/"), "/")
			answer, err := api.ask(t.Context(), api.credentials[0], question{method: r.Request.Method, path: path, query: address.RawQuery})
			if want.status != 0 {
				var failure *Error
				require.ErrorAs(t, err, &failure)
				require.Equal(t, want.status, failure.Status)
				require.Equal(t, r.Response.Headers[requestHeader], failure.RequestID)
				require.Empty(t, failure.Code, "nothing of it is an OperationOutcome")
				return
			}
			require.NoError(t, err)
			switch {
			case r.Request.Method == http.MethodHead:
				version, err := parseETag(answer.Header.Get("ETag"))
				require.NoError(t, err)
				require.Equal(t, want.version, version)
			case address.RawQuery != "":
				held, err := decodeBundle(answer.Body)
				require.NoError(t, err)
				require.Equal(t, want.services, held.services)
				require.Empty(t, held.unreadable)
			default:
				read, err := decodeService(answer.Body)
				require.NoError(t, err)
				require.Equal(t, want.services, []services.Service{read})
			}
		})
	}
}

// TestRecordedCodeSystems: three recorded ones, through the API.
func TestRecordedCodeSystems(t *testing.T) {
	t.Parallel()
	for _, kind := range []CodeKind{Specialties, ClinicTypes, Priorities} {
		r := record(t, "A004_codesystem_"+string(kind))
		api, there := apiOf(t, r.replay(t))
		system, err := api.CodeSystem(t.Context(), kind)
		require.NoError(t, err)
		requireSame(t, r.Response.Body, system)
		require.Equal(t, []string{"GET STU3/CodeSystem/" + string(kind)}, there.asked())
	}
}

// examples returns the six code systems of the specification.
func examples(tb testing.TB) map[CodeKind]json.RawMessage {
	tb.Helper()
	var spec struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct {
				Content map[string]struct {
					Examples map[string]struct {
						Value json.RawMessage `json:"value"`
					} `json:"examples"`
				} `json:"content"`
			} `json:"responses"`
		} `json:"paths"`
	}
	require.NoError(tb, json.Unmarshal(recorded(tb, "openapi-services-dereferenced.json"), &spec))
	found := make(map[CodeKind]json.RawMessage)
	for _, example := range spec.Paths["/STU3/CodeSystem/{codeSystemType}"]["get"].Responses["200"].Content[fhirType].Examples {
		var named struct {
			ID CodeKind `json:"id"`
		}
		require.NoError(tb, json.Unmarshal(example.Value, &named))
		found[named.ID] = example.Value
	}
	return found
}

// requireSame walks the JSON independently and checks that each of its values was
// read.
func requireSame(tb testing.TB, body []byte, read CodeSystem) {
	tb.Helper()
	var whole map[string]any
	require.NoError(tb, json.Unmarshal(body, &whole))
	require.Equal(tb, whole["id"], string(read.Kind))
	require.Equal(tb, whole["name"], read.Name)
	require.Equal(tb, whole["date"], read.Date)
	require.Equal(tb, whole["version"], read.Version)
	concepts, _ := whole["concept"].([]any)
	require.Len(tb, read.Concepts, len(concepts))
	for n, one := range concepts {
		raw, got := one.(map[string]any), read.Concepts[n]
		require.Equal(tb, raw["code"], got.Code)
		require.Equal(tb, raw["display"], got.Display)
		want := Concept{Code: got.Code, Display: got.Display}
		properties, _ := raw["property"].([]any)
		for _, p := range properties {
			property, text := p.(map[string]any), ""
			var made Property
			made.Code, _ = property["code"].(string)
			for name, value := range property {
				switch value := value.(type) {
				case map[string]any:
					made.Type, made.System = "Coding", value["system"].(string)
					text, _ = value["code"].(string)
				case string:
					if name != "code" {
						made.Type, text = strings.TrimPrefix(name, "value"), value
					}
				default:
					written, err := json.Marshal(value)
					require.NoError(tb, err)
					made.Type, text = strings.TrimPrefix(name, "value"), string(written)
				}
			}
			made.Value = text
			want.Properties = append(want.Properties, made)
			switch made.Code {
			case "effectiveFrom":
				want.EffectiveFrom = text
			case "effectiveTo":
				want.EffectiveTo = text
			case "specialty":
				want.Specialties = append(want.Specialties, text)
			}
		}
		require.Equal(tb, want, got)
	}
}

// TestRecordedThroughTheAPI: the sandbox answers a request for 3 and 4 with services
// 1 and 2, which nobody asked for.
func TestRecordedThroughTheAPI(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	api, there := apiOf(t, record(t, "A035_search_ids_3_4").replay(t))
	found, err := api.Services(ctx, []services.ID{"4", "3"})
	require.NoError(t, err)
	require.Equal(t, Found{Absent: []services.ID{"3", "4"}, Unasked: []services.Service{indirect, second}}, found)
	require.Equal(t, []string{"GET R4/HealthcareService?_id=3,4"}, there.asked())

	api, _ = apiOf(t, record(t, "A035_search_ids_1_2").replay(t))
	found, err = api.Services(ctx, []services.ID{"2", "1", "2"})
	require.NoError(t, err)
	require.Equal(t, Found{Services: pair, SeenBy: map[services.ID]string{"1": "R1A", "2": "R1A"}}, found)

	api, _ = apiOf(t, record(t, "A033_get_service_2").replay(t))
	one, err := api.Service(ctx, "2")
	require.NoError(t, err)
	require.Equal(t, full, one)

	api, there = apiOf(t, record(t, "A037_head_service_2").replay(t))
	version, err := api.Version(ctx, "2")
	require.NoError(t, err)
	require.Equal(t, "1", version)
	require.Equal(t, []string{"HEAD R4/HealthcareService/2"}, there.asked())
}
