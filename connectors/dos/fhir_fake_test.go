package dos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/connectors/realdata"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// fhirObject is a JSON object.
type fhirObject = map[string]any

// fhirSample reads one of the recorded answers and requests.
func fhirSample(tb testing.TB, name string) []byte {
	tb.Helper()
	return realdata.Read(tb, "dos", name)
}

const fakeID = "04393ec4-198f-42dd-9507-f4fa5e9ebf96"

// The addresses of a role in the recorded answers.
const (
	roleURL     = "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-OrganisationRole"
	periodURL   = "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-TypedPeriod"
	roleSystem  = "https://digital.nhs.uk/services/organisation-data-service/CodeSystem/ODSOrganisationRole"
	periodTypes = "https://fhir.nhs.uk/England/CodeSystem/England-PeriodType"
)

// fhirPeriod returns a TypedPeriod of a kind.
func fhirPeriod(kind, start, end string) fhirObject {
	span := fhirObject{"start": start}
	if end != "" {
		span["end"] = end
	}
	return fhirObject{"url": periodURL, "extension": []any{
		fhirObject{"url": "dateType", "valueCoding": fhirObject{"system": periodTypes, "code": kind, "display": kind}},
		fhirObject{"url": "period", "valuePeriod": span},
	}}
}

func fhirShownRole(code string, parts ...any) fhirObject {
	first := fhirObject{"url": "roleCode", "valueCodeableConcept": fhirObject{"coding": []any{
		fhirObject{"system": roleSystem, "code": code, "display": code},
	}}}
	return fhirObject{"url": roleURL, "extension": append([]any{first}, parts...)}
}

// fhirPractice returns a practice as DoS shows it: only the primary role has dates.
func fhirPractice(code string) fhirObject {
	return fhirObject{
		"resourceType": "Organization", "id": fakeID, "active": true, "name": "Elm Road Surgery",
		"meta":       fhirObject{"profile": []any{organizationProfile}},
		"identifier": []any{fhirObject{"use": "official", "system": odsSystem, "value": code}},
		"telecom":    []any{fhirObject{"system": "phone", "value": "01234 567890", "use": "work"}},
		"extension":  []any{fhirShownRole("RO177", fhirPeriod("Legal", "2020-01-15", "")), fhirShownRole("RO76")},
		"address":    []any{fhirObject{"city": "Leeds"}}, "type": []any{fhirObject{"text": "GP Practice"}},
	}
}

// fhirFake is the ingest API as its code behaves (CONTRACT.md "The ingest API").
type fhirFake struct {
	token string // that it requires; empty: none
	// intercept answers instead, if it returns true.
	intercept func(w http.ResponseWriter, r *http.Request, n int) bool

	mu        sync.Mutex
	practices map[string]fhirObject
	requests  []*http.Request
	bodies    []string // of PUTs
}

func newFHIRFake(practices ...fhirObject) *fhirFake {
	fake := &fhirFake{practices: map[string]fhirObject{}}
	for _, p := range practices {
		identifier := p["identifier"].([]any)[0].(fhirObject)
		fake.practices[identifier["value"].(string)] = p
	}
	return fake
}

func (f *fhirFake) serve(tb testing.TB, change ...func(*IngestOptions)) *Ingest {
	tb.Helper()
	server := httptest.NewServer(f)
	tb.Cleanup(server.Close)
	options := IngestOptions{URL: server.URL + "/dos-ingest/FHIR/R4/", ProductID: "product-1", Limits: httpx.Limits{PerSecond: 10_000}}
	for _, c := range change {
		c(&options)
	}
	ingest, err := NewIngest(options)
	require.NoError(tb, err)
	return ingest
}

func (f *fhirFake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, r)
	body, _ := io.ReadAll(r.Body)
	if r.Method == http.MethodPut {
		f.bodies = append(f.bodies, string(body))
	}
	if f.intercept != nil && f.intercept(w, r, len(f.requests)) {
		return
	}
	switch {
	case f.token != "" && r.Header.Get("Authorization") != "Bearer "+f.token:
		fhirAnswer(w, 401, "error", "security", "UNAUTHORIZED", "")
	case r.Header.Get("Nhse-Product-Id") == "":
		fhirAnswer(w, 422, "error", "invalid", "UNPROCESSABLE_ENTITY", "Product ID header is required")
	case r.Method == http.MethodGet:
		f.search(w, r)
	case r.Method == http.MethodPut:
		f.overwrite(w, r, body)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// sent returns the bodies of the PUTs so far.
func (f *fhirFake) sent() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.bodies)
}

func (f *fhirFake) received() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

func fhirAnswer(w http.ResponseWriter, status int, severity, issue, code, diagnostics string) {
	w.Header().Set("Content-Type", fhirType)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, fhirJSON(fhirObject{"resourceType": "OperationOutcome", "issue": []any{fhirObject{
		"severity": severity, "code": issue, "diagnostics": diagnostics,
		"details": fhirObject{"coding": []any{fhirObject{"code": code}}},
	}}}))
}

func (f *fhirFake) search(w http.ResponseWriter, r *http.Request) {
	code, ok := strings.CutPrefix(r.URL.Query().Get("identifier"), odsSystem+"|")
	switch {
	case r.Header.Get("Accept") != fhirType:
		fhirAnswer(w, 406, "error", "not-acceptable", "NOT_ACCEPTABLE", "")
	case !ok || r.URL.Path != "/dos-ingest/FHIR/R4/Organization":
		fhirAnswer(w, 400, "error", "structure", "BAD_REQUEST", "missing separator")
	default:
		bundle := fhirObject{"resourceType": "Bundle", "type": "searchset", "entry": []any{}}
		if p := f.practices[code]; p != nil {
			bundle["entry"] = []any{fhirObject{"resource": p}}
		}
		w.Header().Set("Content-Type", fhirType)
		_, _ = io.WriteString(w, fhirJSON(bundle))
	}
}

var fhirPhone = regexp.MustCompile(`^[\d+() ]+$`)

// modelError returns the model's error about a body, or nothing.
func modelError(sent fhirObject) string {
	for name := range sent {
		if !slices.Contains([]string{"resourceType", "id", "meta", "identifier", "name", "active", "telecom", "extension"}, name) {
			return name + ": Extra inputs are not permitted"
		}
	}
	for _, name := range []string{"resourceType", "id", "meta", "identifier", "name", "active"} {
		if sent[name] == nil {
			return name + ": Field required"
		}
	}
	telecom, _ := sent["telecom"].([]any)
	for _, t := range telecom {
		point := t.(fhirObject)
		if point["system"] == "phone" && !fhirPhone.MatchString(point["value"].(string)) {
			return "Telecom value field contains an invalid phone number: " + point["value"].(string)
		}
	}
	if extension, ok := sent["extension"]; ok {
		return roleError(extension.([]any))
	}
	return ""
}

func roleError(extensions []any) string {
	seen := map[string]bool{}
	for _, e := range extensions {
		code, legal := roleIn(e)
		switch {
		case code == "":
			return "Invalid extension"
		case legal == nil:
			return "At least one Typed Period extension should have dateType as Legal"
		case seen[code]:
			return "Duplicate roles are not allowed"
		}
		seen[code] = true
	}
	if !seen["RO177"] || !seen["RO76"] {
		return "role combination"
	}
	return ""
}

func fhirJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (f *fhirFake) overwrite(w http.ResponseWriter, r *http.Request, body []byte) {
	if r.Header.Get("Content-Type") != fhirType {
		fhirAnswer(w, 415, "error", "unsupported-media-type", "UNSUPPORTED", "")
		return
	}
	var sent fhirObject
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&sent); err != nil {
		fhirAnswer(w, 422, "error", "invalid", "UNPROCESSABLE_ENTITY", "Expecting value")
		return
	}
	if reason := modelError(sent); reason != "" {
		fhirAnswer(w, 422, "error", "invalid", "UNPROCESSABLE_ENTITY", reason)
		return
	}
	for _, p := range f.practices {
		if r.URL.Path == fmt.Sprintf("/dos-ingest/FHIR/R4/Organization/%s", p["id"]) {
			f.store(w, p, sent)
			return
		}
	}
	fhirAnswer(w, 404, "error", "not-found", "NOT_FOUND", "Organisation not found.")
}

// store overwrites a practice, including fields that are missing; it puts the name in
// title case.
func (f *fhirFake) store(w http.ResponseWriter, p, sent fhirObject) {
	//nolint:staticcheck // like Python's .title(), with the same mistakes
	sent["name"] = strings.Title(strings.ToLower(sent["name"].(string)))
	before := fhirJSON(p)
	for _, name := range []string{"name", "active", "telecom"} {
		p[name] = sent[name]
	}
	p["extension"] = shownAgain(sent["extension"])
	if fhirJSON(p) == before {
		fhirAnswer(w, 200, "information", "not-updated", "MSG_NOT_UPDATED", "No changes made to the organisation")
		return
	}
	fhirAnswer(w, 200, "information", "success", "MSG_UPDATED", "Organisation updated successfully")
}

// shownAgain keeps the role codes and the primary role's dates.
func shownAgain(extension any) []any {
	sent, _ := extension.([]any)
	shown := []any{}
	for _, e := range sent {
		code, legal := roleIn(e)
		if code != "RO177" {
			shown = append(shown, fhirShownRole(code))
			continue
		}
		shown = append(shown, fhirShownRole(code, legal))
	}
	return shown
}

// roleIn returns the code of a role and its legal period, nil for none that DoS takes;
// an empty code for anything else.
func roleIn(extension any) (code string, legal any) {
	at := func(in any, keys ...string) (found any) {
		for _, key := range keys {
			if list, ok := in.([]any); ok && len(list) > 0 {
				in = list[0]
			}
			object, _ := in.(fhirObject)
			in = object[key]
		}
		return in
	}
	parts, _ := at(extension, "extension").([]any)
	if at(extension, "url") != roleURL {
		return "", nil
	}
	for _, part := range parts {
		switch at(part, "url") {
		case "roleCode":
			code, _ = at(part, "valueCodeableConcept", "coding", "code").(string)
		case periodURL:
			isLegal, span := false, any(nil)
			inner, _ := at(part, "extension").([]any)
			for _, e := range inner {
				isLegal = isLegal || at(e, "valueCoding", "code") == "Legal"
				if at(e, "url") == "period" {
					span = at(e, "valuePeriod")
				}
			}
			if isLegal && at(span, "start") != nil && at(span, "start") != "" && at(span, "start") != at(span, "end") {
				legal = part
			}
		}
	}
	if !regexp.MustCompile(`^RO\d+$`).MatchString(code) {
		return "", nil
	}
	return code, legal
}

// fhirDelivery returns a delivery that states pairs of field and value.
func fhirDelivery(tb testing.TB, code string, pairs ...string) push.Delivery {
	tb.Helper()
	d := push.Delivery{
		Code: profile.ODSCode(code), Type: profile.GPPractice, Sequence: 7, Key: "0a7c4a5e-5a0f-4f0e-9d55-3d1f4f1f0001",
	}
	for i := 0; i < len(pairs); i += 2 {
		f, err := profile.ParseField(pairs[i])
		require.NoError(tb, err)
		d.Values.Set(f, pairs[i+1])
	}
	return d
}
