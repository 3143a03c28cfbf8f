package dostest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

const (
	fhir        = "application/fhir+json"
	system      = "https://fhir.nhs.uk/Id/ods-organization-code"
	roles       = "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-OrganisationRole"
	periodTypes = "https://fhir.nhs.uk/England/CodeSystem/England-PeriodType"

	period = "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-TypedPeriod"
)

func (w world) search(identifier string) answer {
	w.t.Helper()
	return w.do(http.MethodGet, dostest.FHIRPath+"/Organization?identifier="+url.QueryEscape(identifier), "", "Accept", fhir)
}

func (w world) put(id, body string, more ...string) answer {
	w.t.Helper()
	return w.do(http.MethodPut, dostest.FHIRPath+"/Organization/"+id, body, append([]string{"Content-Type", fhir}, more...)...)
}

// practiceOf returns a whole body for A81001; see eventOf for nil and absent.
func practiceOf(t *testing.T, changed fields) string {
	t.Helper()
	body := fields{
		"resourceType": "Organization", "id": "x", "meta": fields{"profile": []any{"y"}}, "active": true, "name": "LONDON GP SURGERY",
		"identifier": []any{fields{"system": system, "value": "A81001"}},
		"telecom":    []any{phone("0300 311 22 34")},
		"extension":  since2020("RO177", "RO76"),
	}
	for name, value := range changed {
		body[name] = value
		if value == absent {
			delete(body, name)
		}
	}
	text, err := json.Marshal(body)
	require.NoError(t, err)
	return string(text)
}

func phone(value string) fields { return fields{"system": "phone", "value": value, "use": "work"} }

func role(code, from, to string) fields {
	dates := fields{"start": from}
	if to != "" {
		dates["end"] = to
	}
	return fields{"url": roles, "extension": []any{
		fields{"url": "instanceID", "valueInteger": 1},
		fields{"url": "roleCode", "valueCodeableConcept": fields{"coding": []any{fields{"code": code}}}},
		fields{"url": period, "extension": []any{
			fields{"url": "dateType", "valueCoding": fields{"system": periodTypes, "code": "Legal"}},
			fields{"url": "period", "valuePeriod": dates},
		}},
		fields{"url": "active", "valueBoolean": true},
	}}
}

func nameOf(o dostest.Organization) any { return o.Name }

func telecoms(o dostest.Organization) any { return len(o.Telecom) }

// since2020 returns roles that began on one day.
func since2020(codes ...string) []any {
	list := []any{}
	for _, code := range codes {
		list = append(list, role(code, "2020-01-15", ""))
	}
	return list
}

func TestSearchByODSCode(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	id := w.s.SeedOrganization("A81001", "The Surgery")
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, id)
	require.Equal(t, id, w.s.SeedOrganization("A81001", ""), "seeding twice adds nothing")
	got := w.search(system + "|a81001")
	require.Equal(t, 200, got.status)
	require.Equal(t, fhir, got.header.Get("Content-Type"))
	var b struct {
		Total int `json:"total"`
		Entry []struct {
			Resource struct {
				ID         string `json:"id"`
				Name       string `json:"name"`
				Active     bool   `json:"active"`
				Identifier []struct {
					Value string `json:"value"`
				} `json:"identifier"`
			} `json:"resource"`
		} `json:"entry"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.body), &b))
	require.Equal(t, 1, b.Total)
	require.Equal(t, id, b.Entry[0].Resource.ID)
	require.Equal(t, "The Surgery", b.Entry[0].Resource.Name)
	require.True(t, b.Entry[0].Resource.Active)
	require.Equal(t, "A81001", b.Entry[0].Resource.Identifier[0].Value)
}

func TestSearchesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	for identifier, want := range map[string]string{
		"A81001": "missing separator", "other|A81001": "Invalid identifier system", system + "|A-1": "must follow format",
		system + "|": "must follow format",
	} {
		got := w.search(identifier)
		require.Equal(t, 400, got.status, identifier)
		require.Contains(t, got.body, want)
		require.Contains(t, got.body, "BAD_REQUEST")
	}
	require.Equal(t, 400, w.do(http.MethodGet, dostest.FHIRPath+"/Organization?identifier=x&name=y", "", "Accept", fhir).status)
	for _, accept := range []string{"", "*/*", "application/json"} {
		got := w.do(http.MethodGet, dostest.FHIRPath+"/Organization?identifier=x", "", "Accept", accept)
		require.Equal(t, 406, got.status, accept)
		require.Contains(t, got.body, "not-acceptable")
	}
}

func TestRecordedAnswers(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	w.s.AddOrganization(dostest.Organization{ID: "36FCE427-0f31-4a4e-903f-74dcf9e63cfd", Code: "M00081046"})
	w.s.AddOrganization(dostest.Organization{ID: "87c5f637-cca3-4ddd-97a9-a3f6e6746bbe", Code: "A12345"})
	cases := map[string]func() answer{
		"get-org-400-bad-code.json": func() answer { return w.search(system + "|A_1") },
		"get-org-DEF456.json":       func() answer { return w.search(system + "|DEF456") },
		"get-org-noident.json": func() answer {
			return w.do(http.MethodGet, dostest.FHIRPath+"/Organization", "", "Accept", fhir)
		},
		"put-org-404.json": func() answer { return w.put("00000000-0000-4000-8000-000000000000", practiceOf(t, nil)) },
		"get-org-ZZZ999.json": func() answer {
			return start(t, dostest.Options{EmptyBundle: true}).search(system + "|ZZZ999")
		},
		"get-org-GHI789.json": func() answer {
			other := start(t, dostest.Options{})
			require.NoError(t, other.s.Stand(simulate.Of(simulate.Error(500))))
			return other.search(system + "|GHI789")
		},
	}
	for name, ask := range cases {
		require.JSONEq(t, sample(t, name), ask().body, name)
	}
	sent := sample(t, "put-org-request-accepted-by-code.json")
	updated := w.put("87c5f637-cca3-4ddd-97a9-a3f6e6746bbe", sent)
	require.JSONEq(t, strings.Replace(sample(t, "put-org-200.json"), `"informational"`, `"success"`, 1), updated.body)

	sent = sample(t, "put-org-request-real-test-payload.json")
	require.Contains(t, w.put("36fce427-0f31-4a4e-903f-74dcf9e63cfd", sent).body, "MSG_UPDATED")
	require.Contains(t, w.put("36fce427-0f31-4a4e-903f-74dcf9e63cfd", sent).body, "MSG_NOT_UPDATED")
	stored := w.s.Organizations("M00081046")[0]
	require.Equal(t, "Brigstock Medical Practice - !Covid Local Vaccination Service)", stored.Name)
	require.Len(t, stored.Telecom, 3)
	require.Equal(t, []string{"RO177", "RO76"}, stored.Roles)
	require.Equal(t, "2020-01-15", stored.LegalStart)
}

func TestUpdatesOverwrite(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	id := w.s.SeedOrganization("A81001", "")
	steps := []struct {
		name    string
		change  fields
		effect  dostest.Outcome
		detail  string
		check   func(o dostest.Organization) any
		becomes any
	}{
		{"first", nil, dostest.Applied, "name,telecom", nameOf, "London GP Surgery"},
		{"identical", nil, dostest.Unchanged, "", func(o dostest.Organization) any { return o.Telecom[0].Value }, "0300 311 22 34"},
		{"spaces and case", fields{"name": "london  gp   SURGERY"}, dostest.Unchanged, "", nil, nil},
		{"python's title", fields{"name": "ST JOHN'S nhs PCN-hub"}, dostest.Applied, "name", nameOf, "St John'S NHS Pcn-Hub"},
		{"telecom left out", fields{"telecom": absent}, dostest.Applied, "name,telecom", telecoms, 0},
		{"telecom back", nil, dostest.Applied, "telecom", nil, nil},
		{"telecom empty", fields{"telecom": []any{}}, dostest.Applied, "telecom", telecoms, 0},
		{"closed", fields{"active": false}, dostest.Applied, "active,telecom", func(o dostest.Organization) any { return o.Active }, false},
		{
			"role order",
			fields{"active": false, "extension": since2020("RO76", "RO177")},
			dostest.Unchanged, "", nil, nil,
		},
		{
			"another role and end", fields{"active": false, "extension": []any{
				role("RO177", "2020-01-15", "2026-01-01"), role("RO76", "2020-01-15", ""), role("RO80", "2020-01-15", ""),
			}}, dostest.Applied, "roles,legalDates", func(o dostest.Organization) any { return o.LegalEnd }, "2026-01-01",
		},
		{"roles left out", fields{"active": false, "extension": absent}, dostest.Applied, "roles,legalDates", nil, nil},
	}
	for _, step := range steps {
		got := w.put(id, practiceOf(t, step.change), "X-Correlation-Id", step.name, "X-Request-Id", "r", "Sequence-Number", "5")
		require.Equal(t, 200, got.status, got.body)
		require.Equal(t, "r", got.header.Get("X-Request-ID"))
		require.Equal(t, step.name, got.header.Get("X-Correlation-ID"))
		require.Equal(t, step.effect == dostest.Unchanged, strings.Contains(got.body, `"not-updated"`), step.name)
		effects := w.s.Effects("A81001")
		last := effects[len(effects)-1]
		require.Equal(t, step.effect, last.Outcome, step.name)
		require.Equal(t, step.detail, last.Detail, step.name)
		require.Equal(t, step.name, last.Key)
		if step.check != nil {
			require.Equal(t, step.becomes, step.check(w.s.Organizations("A81001")[0]), step.name)
		}
	}
	require.Len(t, w.s.Effects("A81001"), len(steps))
	require.Contains(t, w.search(system+"|A81001").body, `"system":"phone","value":"0300 311 22 34"`)
}

func TestUpdatesThatAreRefused(t *testing.T) {
	t.Parallel()
	optional := role("RO76", "2020-01-15", "")
	optional["extension"] = optional["extension"].([]any)[:2]
	cases := map[string]struct {
		change fields
		want   string
	}{
		"type":                  {fields{"type": []any{}}, "Extra inputs are not permitted"},
		"address":               {fields{"address": []any{}}, "Extra inputs are not permitted"},
		"unknown field":         {fields{"partOf": fields{}}, "Extra inputs are not permitted"},
		"unknown telecom field": {fields{"telecom": []any{fields{"system": "phone", "value": "0300 311 22 34", "colour": 1}}}, "Extra inputs"},
		"no resourceType":       {fields{"resourceType": absent}, "resourceType"},
		"no id":                 {fields{"id": absent}, "id"},
		"no meta":               {fields{"meta": absent}, "meta"},
		"no identifier":         {fields{"identifier": absent}, "identifier"},
		"other identifier":      {fields{"identifier": []any{fields{"system": "x", "value": "A81001"}}}, "identifier"},
		"bad code":              {fields{"identifier": []any{fields{"system": system, "value": "A81-01"}}}, "must follow format"},
		"no name":               {fields{"name": absent}, "name"},
		"blank name":            {fields{"name": " "}, "name"},
		"long name":             {fields{"name": strings.Repeat("x", 101)}, "100"},
		"active null":           {fields{"active": nil}, "active"},
		"active a text":         {fields{"active": "yes"}, "body"},
		"phone with hyphens":    {fields{"telecom": []any{phone("0300-311-2234")}}, "phone"},
		"phone with a comma":    {fields{"telecom": []any{phone("0300 311 2234, 2")}}, "phone"},
		"foreign phone":         {fields{"telecom": []any{phone("+1 202 555 0100")}}, "phone"},
		"short phone":           {fields{"telecom": []any{phone("0300 311")}}, "phone"},
		"email":                 {fields{"telecom": []any{fields{"system": "email", "value": "x"}}}, "email"},
		"url":                   {fields{"telecom": []any{fields{"system": "url", "value": "www.x.uk"}}}, "url"},
		"fax":                   {fields{"telecom": []any{fields{"system": "fax", "value": "1"}}}, "system"},
		"other extension":       {fields{"extension": []any{fields{"url": "x"}}}, "invalid extension URL"},
		"period left out":       {fields{"extension": []any{role("RO177", "2020-01-15", ""), optional}}, "TypedPeriod"},
		"no start":              {fields{"extension": []any{role("RO177", "", ""), role("RO76", "2020-01-15", "")}}, "start date is required"},
		"start is end":          {fields{"extension": []any{role("RO177", "2020-01-15", "2020-01-15")}}, "not be equal"},
		"pharmacy":              {fields{"extension": since2020("RO182")}, "primary role"},
		"two primary":           {fields{"extension": since2020("RO177", "RO177")}, "Only one primary"},
		"no GP practice":        {fields{"extension": since2020("RO177")}, "RO76"},
		"twice the same":        {fields{"extension": since2020("RO177", "RO76", "RO76")}, "Duplicate"},
		"role code":             {fields{"extension": since2020("177")}, "invalid role code"},
	}
	w := start(t, dostest.Options{})
	id := w.s.SeedOrganization("A81001", "")
	before := w.s.Organizations("")
	for name, c := range cases {
		got := w.put(id, practiceOf(t, c.change))
		require.Equal(t, 422, got.status, name)
		require.Contains(t, got.body, c.want, name)
		require.Contains(t, got.body, "UNPROCESSABLE_ENTITY", name)
	}
	require.Equal(t, 422, w.put(id, "nope").status)
	require.Equal(t, 422, w.put("A81001", practiceOf(t, nil)).status, "not a UUID")
	for _, kind := range []string{"application/json", fhir + "; charset=utf-8"} {
		require.Equal(t, 415, w.put(id, practiceOf(t, nil), "Content-Type", kind).status, kind)
	}
	require.Equal(t, before, w.s.Organizations(""))
	require.Empty(t, w.s.Effects("A81001"))
}

func TestPhonesThatPass(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	id := w.s.SeedOrganization("A81001", "")
	for _, number := range []string{"0300 311 22 34", "+44 (0) 7900 000001", "+447900000001", "(01234) 567890", "0800 1111"} {
		require.Equal(t, 200, w.put(id, practiceOf(t, fields{"telecom": []any{phone(number)}})).status, number)
		require.Equal(t, number, w.s.Organizations("A81001")[0].Telecom[0].Value, "stored as received")
	}
}

func TestTheIngestRequiresAToken(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{Token: func(token string) bool { return token == "good" }})
	id := w.s.SeedOrganization("A81001", "")
	for _, header := range []string{"", "Bearer bad", "good", "Basic good"} {
		got := w.put(id, practiceOf(t, nil), "Authorization", header)
		require.Equal(t, 401, got.status, header)
		require.Contains(t, got.body, "UNAUTHORIZED")
	}
	require.Equal(t, 200, w.put(id, practiceOf(t, nil), "Authorization", "Bearer good").status)
	require.Equal(t, 200, w.do(http.MethodGet, dostest.FHIRPath+"/_status", "").status, "health is open")
}
