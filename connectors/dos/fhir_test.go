package dos

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/apim"
	"github.com/profilesync/profilesync/connectors/internal/apim/apimtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

var ingestToday = profile.NewDate(2026, time.November, 2)

func TestIngestRoundTrip(t *testing.T) {
	t.Parallel()
	fake := newFHIRFake(fhirPractice("A81001"))
	ingest := fake.serve(t)
	d := fhirDelivery(t, "A81001", "name", "ELM  ROAD & NHS SURGERY", "status", "closed", "phone", "+44 (0)1642-670013",
		"email", "desk@nhs.net", "website", "https://elm.example.nhs.uk", "roles", "RO177|RO268|RO76")
	receipt, err := ingest.Push(t.Context(), d)
	require.NoError(t, err)
	require.Equal(t, push.Receipt{Status: 200}, receipt)

	shown, err := ingest.Show(t.Context(), "A81001")
	require.NoError(t, err)
	require.Empty(t, push.Differences(ingest.Route(), d.Values, shown, ingestToday), "no drift: the name differs only in case")
	require.NotEqual(t, d.Values.Get(profile.FieldName), shown.Entries[0].Values.Get(profile.FieldName))

	for range 2 {
		receipt, err = ingest.Push(t.Context(), d)
		require.NoError(t, err)
		require.Equal(t, push.Receipt{Status: 200, Unchanged: true}, receipt)
	}
	require.Equal(t, fake.sent()[1], fake.sent()[2], "the same delivery for the same shown practice")

	for _, r := range fake.received() {
		require.Equal(t, []string{fhirType}, r.Header["Accept"])
		require.Equal(t, []string{"product-1"}, r.Header["Nhse-Product-Id"])
		require.Empty(t, r.Header["Authorization"])
		if r.Method == http.MethodPut {
			require.Equal(t, []string{fhirType}, r.Header["Content-Type"])
			require.Equal(t, []string{d.Key}, r.Header["X-Correlation-Id"])
		} else {
			require.NotContains(t, r.Header, "Content-Type")
			require.Equal(t, "identifier="+odsSystem+"%7CA81001", r.URL.RawQuery)
		}
	}
}

func TestIngestRoute(t *testing.T) {
	t.Parallel()
	route := newFHIRFake().serve(t).Route()
	require.Equal(t, "fhir", route.Name)
	require.Len(t, route.Fields, 6)
	require.Equal(t, route.Fields, route.Readable)
}

func TestIngestShow(t *testing.T) {
	t.Parallel()
	bare := fhirPractice("A81002")
	bare["telecom"], bare["active"] = nil, false
	bare["extension"] = []any{fhirShownRole("RO177"), fhirShownRole("RO76")}
	fake := newFHIRFake(fhirPractice("A81001"), bare)
	ingest := fake.serve(t)
	all, err := ingest.ShowMany(t.Context(), []profile.ODSCode{"A81001", "A81002", "A81003"})
	require.NoError(t, err)
	require.Equal(t, []push.Shown{
		{Code: "A81001", Entries: []push.Entry{{Values: fhirDelivery(t, "", "name", "Elm Road Surgery", "status", "open",
			"phone", "01234 567890", "email", "", "website", "", "roles", "RO177|RO76").Values}}},
		{Code: "A81002", Entries: []push.Entry{{
			Values:     fhirDelivery(t, "", "name", "Elm Road Surgery", "status", "closed", "phone", "", "email", "", "website", "").Values,
			NotVisible: []profile.Field{profile.FieldRoles}, // its roles have no dates
		}}},
		{Code: "A81003"},
	}, all)
	require.Len(t, fake.received(), 3)
}

func TestIngestShowManyEndsWithTheFirstError(t *testing.T) {
	t.Parallel()
	fake := newFHIRFake(fhirPractice("A81001"))
	fake.intercept = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		broken := strings.HasSuffix(r.URL.RawQuery, "A81002")
		if broken {
			w.WriteHeader(http.StatusForbidden)
		}
		return broken
	}
	_, err := fake.serve(t).ShowMany(t.Context(), []profile.ODSCode{"A81001", "A81002"})
	require.Equal(t, push.AnswerUnauthorized, answerIn(t, err))
}

// The recorded answers of the sandbox.
func TestIngestSamples(t *testing.T) {
	t.Parallel()
	rows := []struct {
		file   string
		status int
		found  bool
		answer push.Answer
	}{
		{file: "get-org-ABC123.json", status: 200, found: true},
		{file: "get-org-ZZZ999.json", status: 200},
		{file: "get-org-DEF456.json", status: 404},
		{file: "get-org-400-bad-code.json", status: 400, answer: push.AnswerRefused},
		{file: "get-org-noident.json", status: 400, answer: push.AnswerRefused},
		{file: "get-org-GHI789.json", status: 500, answer: push.AnswerUnclear},
		{file: "get-org-GHI789.json", status: 200, answer: push.AnswerUnclear},
		{file: "put-org-badjson.json", status: 404, answer: push.AnswerRefused},
	}
	for _, row := range rows {
		t.Run(fmt.Sprint(row.file, row.status), func(t *testing.T) {
			t.Parallel()
			content := fhirSample(t, row.file)
			fake := newFHIRFake()
			fake.intercept = func(w http.ResponseWriter, _ *http.Request, n int) bool {
				if row.status == 500 && n == 1 {
					w.Header().Set("Retry-After", "3600") // longer than the client waits
				}
				w.WriteHeader(row.status)
				_, _ = w.Write(content)
				return true
			}
			ingest := fake.serve(t)
			shown, err := ingest.Show(t.Context(), "ABC123")
			if row.answer != "" {
				require.Equal(t, row.answer, answerIn(t, err))
				_, err = ingest.Push(t.Context(), push.Delivery{Code: "ABC123", Type: profile.GPPractice})
				require.Equal(t, push.AnswerUnclear, answerIn(t, err), "a failed read refuses no push")
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.found, shown.Found())
			if row.found {
				require.Equal(t, fhirDelivery(t, "", "name", "Example Organization", "status", "open", "phone", "01234 567890",
					"email", "example@example.com", "website", "", "roles", "RO177|RO76").Values, shown.Entries[0].Values)
			}
		})
	}
}

func TestIngestAnswersToAPush(t *testing.T) {
	t.Parallel()
	outcome := func(code, severity string) string {
		return `{"resourceType":"OperationOutcome","issue":[{"severity":"` + severity + `","code":"x","details":{"coding":[{"code":"` + code +
			`"}]},"diagnostics":"Telecom value field contains an invalid phone number: canary-5550"}]}`
	}
	rows := map[string]struct {
		status int
		body   string
		answer push.Answer // empty: accepted
		words  string
	}{
		"updated":            {status: 200, body: outcome("MSG_UPDATED", "information")},
		"updated, but error": {status: 200, body: outcome("MSG_UPDATED", "error"), answer: push.AnswerUnclear},
		"another outcome":    {status: 200, body: outcome("MSG_OTHER", "information"), answer: push.AnswerUnclear},
		"no outcome": {
			status: 200, body: `{"issue":[{"details":{"coding":[{"code":"MSG_UPDATED"}]}}]}`, answer: push.AnswerUnclear,
		},
		"truncated":      {status: 200, body: `{"resourceType":"Operat`, answer: push.AnswerUnclear},
		"empty":          {status: 204, answer: push.AnswerUnclear},
		"html":           {status: 200, body: "<html>ok</html>", answer: push.AnswerUnclear},
		"bad request":    {status: 400, body: outcome("BAD_REQUEST", "error"), answer: push.AnswerRefused},
		"forbidden":      {status: 403, answer: push.AnswerUnauthorized},
		"gone meanwhile": {status: 404, body: outcome("NOT_FOUND", "error"), answer: push.AnswerRefused, words: "any more"},
		"conflict":       {status: 409, answer: push.AnswerConflict},
		"content type":   {status: 415, answer: push.AnswerRefused},
		"invalid": {
			status: 422, body: outcome("UNPROCESSABLE_ENTITY", "error"), answer: push.AnswerRefused, words: "telecom, phone",
		},
		"invalid, unreadable": {status: 422, body: `{"detail":[{"msg":"canary-5550"}]}`, answer: push.AnswerRefused},
		"too many":            {status: 429, answer: push.AnswerLater},
		"server error":        {status: 500, body: outcome("SERVER_ERROR", "fatal"), answer: push.AnswerUnclear},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newFHIRFake(fhirPractice("A81001"))
			fake.intercept = func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if r.Method != http.MethodPut {
					return false
				}
				w.Header().Set("Retry-After", "2")
				w.WriteHeader(row.status)
				_, _ = io.WriteString(w, row.body)
				return true
			}
			receipt, err := fake.serve(t).Push(t.Context(), fhirDelivery(t, "A81001", "phone", "01632 960 111"))
			require.Len(t, fake.sent(), 1, "sent once, whatever the answer")
			if row.answer == "" {
				require.NoError(t, err)
				require.Equal(t, push.Receipt{Status: 200}, receipt)
				return
			}
			failure := requireSinkError(t, err)
			require.Equal(t, row.answer, failure.Answer)
			require.Equal(t, row.status, failure.Status)
			require.Contains(t, failure.Reason, "A81001")
			require.Contains(t, failure.Reason, row.words)
			require.NotContains(t, failure.Error(), "canary")
			if row.status == 429 {
				require.Equal(t, 2*time.Second, failure.Wait)
			}
		})
	}
}

func TestIngestRecordedReceipts(t *testing.T) {
	t.Parallel()
	fake := newFHIRFake(fhirPractice("A81001"))
	content := fhirSample(t, "put-org-200.json")
	fake.intercept = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.Method == http.MethodPut {
			_, _ = w.Write(content)
		}
		return r.Method == http.MethodPut
	}
	receipt, err := fake.serve(t).Push(t.Context(), fhirDelivery(t, "A81001"))
	require.NoError(t, err)
	require.Equal(t, push.Receipt{Status: 200}, receipt)
}

func TestIngestLostConnectionIsUnclearAndSentOnce(t *testing.T) {
	t.Parallel()
	fake := newFHIRFake(fhirPractice("A81001"))
	fake.intercept = func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		if r.Method == http.MethodPut {
			panic(http.ErrAbortHandler)
		}
		return false
	}
	_, err := fake.serve(t).Push(t.Context(), fhirDelivery(t, "A81001", "phone", "01632 960 111"))
	require.Equal(t, push.AnswerUnclear, requireSinkError(t, err).Answer)
	require.Len(t, fake.sent(), 1)
}

func TestIngestReadsAreRetried(t *testing.T) {
	t.Parallel()
	fake := newFHIRFake(fhirPractice("A81001"))
	fake.intercept = func(w http.ResponseWriter, _ *http.Request, n int) bool {
		if n == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return n == 1
	}
	shown, err := fake.serve(t).Show(t.Context(), "A81001")
	require.NoError(t, err)
	require.True(t, shown.Found())
	require.Len(t, fake.received(), 2)
}

func TestIngestRefusesBeforeSending(t *testing.T) {
	t.Parallel()
	closed := fhirPractice("A81002")
	closed["active"], closed["name"] = nil, " "
	undated := fhirPractice("A81003")
	undated["extension"] = []any{fhirShownRole("RO177", fhirPeriod("Operational", "2020-01-15", "")), fhirShownRole("RO76")}
	rows := map[string]struct {
		code  string
		pairs []string
		words string
	}{
		"unknown practice": {"A81009", nil, "DoS does not know this practice"},
		"extension":        {"A81001", []string{"phone", "01632 960111 ext canary"}, "phone: "},
		"no digits":        {"A81001", []string{"phone", "(+)"}, "phone: "},
		"comma":            {"A81001", []string{"phone", "01632 960111, 960112"}, "phone: "},
		"bare website":     {"A81001", []string{"website", "www.canary.nhs.uk"}, "website: "},
		"two addresses":    {"A81001", []string{"email", "canary@nhs.net or b@nhs.net"}, "email: "},
		"blank name":       {"A81001", []string{"name", " "}, "name: "},
		"long name":        {"A81001", []string{"name", strings.Repeat("é", 101)}, "101 characters"},
		"name nowhere":     {"A81002", []string{"status", "open"}, "name: "},
		"status nowhere":   {"A81002", []string{"name", "Elm"}, "status: "},
		"undated roles":    {"A81003", nil, "roles: "},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newFHIRFake(fhirPractice("A81001"), closed, undated)
			_, err := fake.serve(t).Push(t.Context(), fhirDelivery(t, row.code, row.pairs...))
			failure := requireSinkError(t, err)
			require.Equal(t, push.AnswerRefused, failure.Answer)
			require.Contains(t, failure.Reason, row.words)
			require.NotContains(t, failure.Error(), "canary")
			require.Empty(t, fake.sent())
		})
	}
	d := fhirDelivery(t, "A81001")
	d.Type = profile.Pharmacy
	_, err := newFHIRFake().serve(t).Push(t.Context(), d)
	require.Contains(t, requireSinkError(t, err).Reason, "no DoS route")
}

func TestIngestSignsIn(t *testing.T) {
	t.Parallel()
	issuer := apimtest.New(apimtest.Options{ClientID: "c1", KeyID: "k1"})
	server := httptest.NewServer(issuer)
	t.Cleanup(server.Close)
	source, err := Application{
		TokenURL: server.URL + "/oauth2/token", ClientID: "c1", KeyID: "k1", PrivateKey: string(apimtest.PEM(apimtest.Key())),
	}.Tokens()
	require.NoError(t, err)
	fake := newFHIRFake(fhirPractice("A81001"))
	var refused []string
	fake.intercept = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if issuer.Valid(token) {
			return false
		}
		refused = append(refused, token)
		fhirAnswer(w, 401, "error", "security", "UNAUTHORIZED", "Invalid access token "+token)
		return true
	}
	ingest := fake.serve(t, func(o *IngestOptions) { o.Tokens = source })
	d := fhirDelivery(t, "A81001", "phone", "01632 960 111")
	_, err = ingest.Push(t.Context(), d)
	require.NoError(t, err)
	require.Equal(t, 1, issuer.Calls(), "one token for both requests")

	issuer.ExpireAll()
	_, err = ingest.Show(t.Context(), "A81001")
	require.NoError(t, err)
	require.Equal(t, 2, issuer.Calls(), "401: one new token, one more try")

	fake.intercept = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	before := len(fake.received())
	_, err = ingest.Push(t.Context(), d)
	failure := requireSinkError(t, err)
	require.Equal(t, push.AnswerUnauthorized, failure.Answer)
	require.Equal(t, 401, failure.Status)
	require.Len(t, fake.received(), before+2)
	for _, token := range refused {
		require.True(t, token == "" || !strings.Contains(failure.Error(), token))
	}
}

func TestIngestWithoutATokenDoesNotBlameThePractice(t *testing.T) {
	t.Parallel()
	rows := map[push.Answer]error{
		push.AnswerUnauthorized: &apim.Error{Class: apim.Permanent, Status: 400, Reason: "x"},
		push.AnswerLater:        &apim.Error{Class: apim.Retryable, Status: 429, Wait: time.Minute, Reason: "x"},
		push.AnswerDown:         &apim.Error{Class: apim.Retryable, Status: 503, Reason: "x"},
		push.AnswerUnclear:      context.Canceled,
	}
	for answer, err := range rows {
		fake := newFHIRFake(fhirPractice("A81001"))
		ingest := fake.serve(t, func(o *IngestOptions) { o.Tokens = brokenTokens{err} })
		_, got := ingest.Push(t.Context(), fhirDelivery(t, "A81001"))
		require.Equal(t, answer, requireSinkError(t, got).Answer)
		require.Empty(t, fake.received())
	}
	_, err := Application{TokenURL: "https://x.test/token", ClientID: "c", KeyID: "k", PrivateKey: "canary"}.Tokens()
	require.ErrorContains(t, err, "private key")
	require.NotContains(t, err.Error(), "canary")
}

type brokenTokens struct{ err error }

func (b brokenTokens) Token(context.Context) (string, error) { return "", b.err }
func (brokenTokens) Expire(string)                           {}

func TestNewIngestRefusesItsAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "ftp://x.test", "https://", "https://user:canary@x.test/?a=b"} {
		_, err := NewIngest(IngestOptions{URL: address})
		require.ErrorContains(t, err, "ingest")
		require.NotContains(t, err.Error(), "canary")
	}
}

// One entry that makes no sense stops one practice: it is passed over if another entry
// has the code, and otherwise may be the one that was asked for.
func TestOneBadEntryStopsOnePractice(t *testing.T) {
	t.Parallel()
	bad := fhirPractice("A81001")
	bad["telecom"] = "Person"
	bundle := func(resources ...fhirObject) []byte {
		entries := make([]any, len(resources))
		for i, r := range resources {
			entries[i] = fhirObject{"resource": r}
		}
		return []byte(fhirJSON(fhirObject{"resourceType": "Bundle", "entry": entries}))
	}
	found, err := decodePractice("A81001", bundle(bad, fhirPractice("A81001")))
	require.NoError(t, err)
	require.NotNil(t, found)
	_, err = decodePractice("A81001", bundle(fhirPractice("A81002"), bad))
	require.ErrorIs(t, err, errNoOrganisation)
	require.NotContains(t, err.Error(), "Person")

	fake := newFHIRFake(fhirPractice("A81002"), bad)
	shown, err := fake.serve(t).ShowMany(t.Context(), []profile.ODSCode{"A81001", "A81002"})
	require.NoError(t, err)
	require.True(t, shown[0].Failed())
	require.True(t, shown[1].Found())
}

func FuzzIngestBundle(f *testing.F) {
	bundle := func(p fhirObject) []byte {
		return []byte(fhirJSON(fhirObject{"resourceType": "Bundle", "entry": []any{fhirObject{"resource": p}}}))
	}
	f.Add(bundle(fhirPractice("A81001")), "01632-960111", "RO177|RO76")
	odd := fhirPractice("A81001")
	odd["telecom"] = []any{fhirObject{"system": "phone", "value": "1"}, nil, fhirObject{"system": "fax", "value": "<&>"}}
	odd["extension"] = []any{fhirShownRole("RO177", fhirPeriod("Legal", "2020", "2020")), 7, fhirObject{"url": 3}}
	f.Add(bundle(odd), "", "")
	f.Add([]byte(`{"resourceType":"Bundle","entry":[{},{"resource":null}]}`), "x", "RO1")
	f.Fuzz(func(t *testing.T, content []byte, phone, roles string) {
		found, err := decodePractice("A81001", content)
		if err != nil || found == nil {
			return
		}
		shown := found.show("A81001")
		require.True(t, shown.Found())
		body, err := found.overwrite(fhirDelivery(t, "A81001", "phone", phone, "roles", roles))
		if err != nil {
			require.Equal(t, push.AnswerRefused, answerIn(t, err))
			return
		}
		again, err := found.overwrite(fhirDelivery(t, "A81001", "phone", phone, "roles", roles))
		require.NoError(t, err)
		require.Equal(t, body, again)
		var sent map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(body, &sent))
		require.Equal(t, byte('['), sent["telecom"][0])
		for name := range sent {
			require.Contains(t, "resourceType id meta identifier active name telecom extension", name)
		}
	})
}

// answerIn returns the answer in an error.
func answerIn(t *testing.T, err error) push.Answer {
	t.Helper()
	var refusal *push.SinkError
	require.ErrorAs(t, err, &refusal)
	return refusal.Answer
}
