package ers

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/realdata"
)

const base = "https://sandbox.example.test/referrals/FHIR"

// fake is e-RS without a network, so that tests run on synctest's clock.
type fake struct {
	answer func(w http.ResponseWriter, r *http.Request)

	mu       sync.Mutex
	requests []*http.Request
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.requests = append(f.requests, r)
	f.mu.Unlock()
	w := httptest.NewRecorder()
	w.Header().Set(requestHeader, "ers-1")
	f.answer(w, r)
	answer := w.Result()
	answer.Request = r
	return answer, nil
}

// asked returns the requests so far, as "GET R4/HealthcareService?_id=1,2".
func (f *fake) asked() (asked []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		address := strings.TrimPrefix(r.URL.Path, "/referrals/FHIR/")
		if r.URL.RawQuery != "" {
			address += "?" + r.URL.RawQuery
		}
		asked = append(asked, r.Method+" "+address)
	}
	return asked
}

// apiOf returns an API that sends its requests to the handler, without a pace, and
// with one credential unless options name others.
func apiOf(tb testing.TB, answer http.HandlerFunc, options ...func(*Options)) (*API, *fake) {
	tb.Helper()
	there := &fake{answer: answer}
	o := Options{
		URL: base, Credentials: []Credential{{Name: "R1A"}}, Transport: there,
		Turn: func(context.Context, string) error { return nil },
	}
	for _, change := range options {
		change(&o)
	}
	api, err := New(o)
	require.NoError(tb, err)
	return api, there
}

// withoutRetries turns off retries.
func withoutRetries(o *Options) { o.Limits.Attempts = 1 }

func credentials(names ...string) func(*Options) {
	return func(o *Options) {
		o.Credentials = nil
		for _, name := range names {
			o.Credentials = append(o.Credentials, Credential{Name: name, Tokens: &fixedTokens{token: name}})
		}
	}
}

// fixedTokens returns the same token until it is expired, then the next.
type fixedTokens struct {
	token   string
	expired int
}

func (f *fixedTokens) Token(context.Context) (string, error) {
	return f.token + strings.Repeat("+", f.expired), nil
}

func (f *fixedTokens) Expire(token string) {
	if now, _ := f.Token(context.Background()); now == token {
		f.expired++
	}
}

// bearer returns the token of a request.
func bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

func respond(w http.ResponseWriter, status int, body string) {
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// outcome returns the body of an error on R4 paths.
func outcome(code string) string {
	return `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"x","details":{"coding":[` +
		`{"system":"https://fhir.nhs.uk/CodeSystem/ers-error-codes","code":"` + code + `"}]},"diagnostics":"secret words"}]}`
}

// service returns a minimal service.
func service(id, version string) string {
	return `{"resourceType":"HealthcareService","id":"` + id + `","meta":{"versionId":"` + version + `"},"name":"Service ` + id +
		`","location":[{"identifier":{"system":"https://fhir.nhs.uk/Id/ods-site-code","value":"R1A01"}}]}`
}

// searchset returns an answer of A035 with a service for each id that held accepts.
func searchset(ids []string, held func(id string) bool) string {
	entries := []string{}
	for _, id := range ids {
		if held(id) {
			entries = append(entries, `{"resource":`+service(id, "1")+`,"search":{"mode":"match"}}`)
		}
	}
	body := `{"resourceType":"Bundle","type":"searchset","total":` + strconv.Itoa(len(entries))
	if len(entries) > 0 {
		body += `,"entry":[` + strings.Join(entries, ",") + `]`
	}
	return body + `}`
}

// idsOf returns the ids that a request of A035 asks for; nil for other requests.
func idsOf(r *http.Request) []string {
	if text, ok := strings.CutPrefix(r.URL.RawQuery, "_id="); ok {
		return strings.Split(text, ",")
	}
	return nil
}

// recorded reads a file of the recorded answers.
func recorded(tb testing.TB, name string) []byte {
	tb.Helper()
	return realdata.Read(tb, "ers", name)
}

// recording is one recorded exchange.
type recording struct {
	Request struct {
		Method string `json:"method"`
		URL    string `json:"url"`
	} `json:"request"`
	Response struct {
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Kind    string            `json:"body_kind"`
		Body    json.RawMessage   `json:"body"`
	} `json:"response"`
}

func record(tb testing.TB, name string) recording {
	tb.Helper()
	var r recording
	require.NoError(tb, json.Unmarshal(recorded(tb, name+".json"), &r))
	return r
}

// body returns the body of the answer, as it was sent.
func (r recording) body(tb testing.TB) string {
	tb.Helper()
	switch r.Response.Kind {
	case "json":
		return string(r.Response.Body)
	case "text":
		var text string
		require.NoError(tb, json.Unmarshal(r.Response.Body, &text))
		return text
	}
	return ""
}

// replay answers every request with the recorded answer.
func (r recording) replay(tb testing.TB) http.HandlerFunc {
	tb.Helper()
	return func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range r.Response.Headers {
			if !strings.EqualFold(name, "Content-Length") && !strings.EqualFold(name, "Content-Encoding") {
				w.Header().Set(name, value)
			}
		}
		respond(w, r.Response.Status, r.body(tb))
	}
}
