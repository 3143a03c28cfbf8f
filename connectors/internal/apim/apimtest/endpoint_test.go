package apimtest_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/apim/apimtest"
	"github.com/profilesync/profilesync/connectors/realdata"
)

const address = "http://example.com/oauth2/token" // the host of httptest.NewRequest

// form is a request that the endpoint accepts; test cases make it invalid.
type form struct {
	method, contentType string
	values              url.Values
	header, claims      map[string]any
	assertion           string // instead of a signed one
	badSignature        bool
}

func validForm() form {
	return form{
		method: http.MethodPost, contentType: "application/x-www-form-urlencoded",
		values: url.Values{
			"grant_type":            {"client_credentials"},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		},
		header: map[string]any{"kid": "k1", "typ": "JWT", "alg": "RS512"},
		claims: map[string]any{
			"iss": "c1", "sub": "c1", "aud": address, "jti": uuid.NewString(), "exp": time.Now().Add(4 * time.Minute).Unix(),
		},
	}
}

func (f form) send(t *testing.T, e *apimtest.Endpoint) (int, map[string]string) {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS512, jwt.MapClaims(f.claims))
	token.Header = f.header
	signed, err := token.SignedString(apimtest.Key())
	require.NoError(t, err)
	if f.badSignature {
		signed = signed[:len(signed)-8] + "AAAAAAAA"
	}
	if f.assertion != "" {
		signed = f.assertion
	}
	if !f.values.Has("client_assertion") {
		f.values.Set("client_assertion", signed)
	}
	r := httptest.NewRequest(f.method, "/oauth2/token", strings.NewReader(f.values.Encode()))
	r.Header.Set("Content-Type", f.contentType)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	body := map[string]string{}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	return w.Code, body
}

func TestIssues(t *testing.T) {
	t.Parallel()
	now := time.Now()
	e := apimtest.New(apimtest.Options{ClientID: "c1", KeyID: "k1", Life: time.Minute, Now: func() time.Time { return now }})
	status, body := validForm().send(t, e)
	require.Equal(t, 200, status)
	require.Equal(t, "60", body["expires_in"])
	require.Equal(t, "Bearer", body["token_type"])
	require.True(t, e.Valid(body["access_token"]))
	require.False(t, e.Valid(""))
	now = now.Add(time.Minute)
	require.False(t, e.Valid(body["access_token"]))

	_, body = validForm().send(t, e)
	e.ExpireAll()
	require.False(t, e.Valid(body["access_token"]))
	e.Register("k1", nil)
	status, _ = validForm().send(t, e)
	require.Equal(t, 401, status)
	require.Equal(t, 3, e.Calls())
}

// invalidForms returns a change for each of the platform's refusals, by the text
// in its own tests. No request can cause those about the application's
// registration.
func invalidForms() map[string]func(*form) {
	set := func(m func(*form) map[string]any, name string, value any) func(*form) {
		return func(f *form) {
			if m(f)[name] = value; value == nil {
				delete(m(f), name)
			}
		}
	}
	header := func(f *form) map[string]any { return f.header }
	claims := func(f *form) map[string]any { return f.claims }
	return map[string]func(*form){
		"Content-Type not exactly":      func(f *form) { f.contentType += "; charset=utf-8" },
		"grant_type missing":            func(f *form) { f.values.Del("grant_type") },
		"grant_type unknown":            func(f *form) { f.values.Set("grant_type", "password") },
		"client_assertion_type missing": func(f *form) { f.values.Del("client_assertion_type") },
		"client_assertion missing":      func(f *form) { f.values.Set("client_assertion", "") },
		"client_assertion not a JWT":    func(f *form) { f.assertion = "abc" },
		"alg not RS512":                 set(header, "alg", "RS256"),
		"kid missing":                   set(header, "kid", nil),
		"kid not in registered":         set(header, "kid", "k2"),
		"typ absent":                    set(header, "typ", nil),
		"iss/sub missing":               set(claims, "sub", "c2"),
		"iss = sub but unknown":         func(f *form) { f.claims["iss"], f.claims["sub"] = "c2", "c2" },
		"jti missing":                   set(claims, "jti", nil),
		"jti not a string":              set(claims, "jti", 7),
		"jti seen before":               set(claims, "jti", "seen"),
		"aud missing":                   set(claims, "aud", "https://elsewhere/oauth2/token"),
		"exp missing":                   set(claims, "exp", nil),
		"exp not a number":              set(claims, "exp", "1893456000"),
		"exp in the past":               set(claims, "exp", time.Now().Add(-time.Second).Unix()),
		"exp more than 310":             set(claims, "exp", time.Now().Add(320*time.Second).Unix()),
		"signature does not":            func(f *form) { f.badSignature = true },
	}
}

func TestRefusesAsThePlatformDoes(t *testing.T) {
	t.Parallel()
	content := realdata.Read(t, "ers", "token_endpoint_cases.json")
	var file struct {
		Errors []struct {
			When        string `json:"when"`
			Error       string `json:"error"`
			Description string `json:"description"`
			Status      int    `json:"status"`
		} `json:"errors"`
	}
	require.NoError(t, json.Unmarshal(content, &file))
	left := maps.Clone(invalidForms())
	for _, row := range file.Errors {
		for words, spoil := range invalidForms() {
			if !strings.HasPrefix(row.When, words) {
				continue
			}
			delete(left, words)
			e := apimtest.New(apimtest.Options{ClientID: "c1", KeyID: "k1"})
			if words == "jti seen before" {
				first := validForm()
				first.claims["jti"] = "seen"
				status, _ := first.send(t, e)
				require.Equal(t, 200, status)
			}
			f := validForm()
			spoil(&f)
			status, body := f.send(t, e)
			require.Equal(t, row.Status, status, row.When)
			require.Equal(t, row.Error, body["error"], row.When)
			require.Equal(t, row.Description, body["error_description"], row.When)
			require.NotEmpty(t, body["message_id"])
		}
	}
	require.Empty(t, left)
	get := validForm()
	get.method = http.MethodGet
	status, _ := get.send(t, apimtest.New(apimtest.Options{ClientID: "c1", KeyID: "k1"}))
	require.Equal(t, http.StatusMethodNotAllowed, status)
}

// A refused signature uses up the jti: the same assertion is refused for its jti
// from then on.
func TestRefusedAttemptUsesUpTheID(t *testing.T) {
	t.Parallel()
	e := apimtest.New(apimtest.Options{ClientID: "c1", KeyID: "k1"})
	f := validForm()
	f.badSignature = true
	status, _ := f.send(t, e)
	require.Equal(t, 401, status)
	again := validForm()
	again.claims["jti"] = f.claims["jti"]
	status, body := again.send(t, e)
	require.Equal(t, 400, status)
	require.Contains(t, body["error_description"], "Non-unique")
}
