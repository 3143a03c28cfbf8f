package notifytest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/connectors/notify/notifytest"
)

const (
	templateID = "9d751e0e-f929-4891-82a1-a3e1c3c18ee3"
	replyTo    = "8e222534-7f05-4972-86e3-17c5d9f894e2"
	service    = "26785a09-ab16-4eb0-8407-a37497a57506"
	secret     = "3d844edf-8d35-48ac-975b-e847b4f122b0"
)

type fixture struct {
	t       *testing.T
	server  *notifytest.Server
	address string
}

func start(t *testing.T, o notifytest.Options) *fixture {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 6, 30, 22, 0, 0, 0, time.UTC) }
	}
	o.Templates = []notifytest.Template{{ID: templateID, Subject: "S ((day))", Body: "B"}}
	server, address := notifytest.Start(t, o)
	return &fixture{t, server, address}
}

func (b *fixture) token(method jwt.SigningMethod, key any, issuer string, at time.Time) string {
	b.t.Helper()
	token, err := jwt.NewWithClaims(method, jwt.MapClaims{"iss": issuer, "iat": at.Unix()}).SignedString(key)
	require.NoError(b.t, err)
	return "Bearer " + token
}

func (b *fixture) ask(method, path, authorization, body string) (int, map[string]any) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.address+path, strings.NewReader(body))
	require.NoError(b.t, err)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	var got map[string]any
	if len(text) > 0 {
		require.NoError(b.t, json.Unmarshal(text, &got), string(text))
	}
	return resp.StatusCode, got
}

func (b *fixture) goodToken() string {
	return b.token(jwt.SigningMethodHS256, []byte(secret), service, b.server.Now())
}

func (b *fixture) get(path string) (int, map[string]any) {
	return b.ask(http.MethodGet, path, b.goodToken(), "")
}

// send sends to an address, with more properties than the required ones.
func (b *fixture) send(address string, more map[string]any) (int, map[string]any) {
	b.t.Helper()
	properties := map[string]any{"email_address": address, "template_id": templateID, "personalisation": map[string]any{"Day": "1"}}
	for name, value := range more {
		if properties[name] = value; value == nil {
			delete(properties, name)
		}
	}
	body, err := json.Marshal(properties)
	require.NoError(b.t, err)
	return b.ask(http.MethodPost, notifytest.SendPath, b.goodToken(), string(body))
}

// firstError returns the code and the message of the first error.
func firstError(got map[string]any) string {
	faults, _ := got["errors"].([]any)
	if len(faults) == 0 {
		return ""
	}
	first := faults[0].(map[string]any)
	return fmt.Sprint(first["error"], ": ", first["message"])
}

func TestTokens(t *testing.T) {
	t.Parallel()
	b := start(t, notifytest.Options{})
	now := b.server.Now()
	for name, row := range map[string]struct {
		header string
		status int
		reason string
	}{
		"good":         {b.goodToken(), 200, ""},
		"30 s ahead":   {b.token(jwt.SigningMethodHS256, []byte(secret), service, now.Add(30*time.Second)), 200, ""},
		"31 s ahead":   {b.token(jwt.SigningMethodHS256, []byte(secret), service, now.Add(31*time.Second)), 403, "clock must be accurate"},
		"31 s behind":  {b.token(jwt.SigningMethodHS256, []byte(secret), service, now.Add(-31*time.Second)), 403, "clock must be accurate"},
		"none":         {"", 401, "token must be provided"},
		"basic":        {"Basic x", 401, "bearer scheme"},
		"nonsense":     {"Bearer x", 403, "Invalid token"},
		"other secret": {b.token(jwt.SigningMethodHS256, []byte(replyTo), service, now), 403, "API key not found"},
		"other issuer": {b.token(jwt.SigningMethodHS256, []byte(secret), replyTo, now), 403, "service not found"},
		"no issuer":    {b.token(jwt.SigningMethodHS256, []byte(secret), "", now), 403, "iss field"},
		"HS512":        {b.token(jwt.SigningMethodHS512, []byte(secret), service, now), 403, "not HS256"},
		"unsigned":     {b.token(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, service, now), 403, "not HS256"},
	} {
		status, got := b.ask(http.MethodGet, notifytest.ReadPath, row.header, "")
		require.Equal(t, row.status, status, name)
		require.Contains(t, firstError(got), row.reason, name)
		if row.status != 200 {
			require.Contains(t, firstError(got), "AuthError", name)
		}
	}
	b.server.Revoke()
	status, got := b.get(notifytest.ReadPath)
	require.Equal(t, 403, status)
	require.Contains(t, firstError(got), "revoked")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	b := start(t, notifytest.Options{ReplyTo: []string{replyTo}})
	for want, more := range map[string]map[string]any{
		"ValidationError: email_address Not a valid email address":                                  {"email_address": "nobody"},
		"ValidationError: email_address is a required property":                                     {"email_address": nil},
		"ValidationError: email_address is not of type string":                                      {"email_address": 7},
		"ValidationError: template_id is a required property":                                       {"template_id": nil},
		"ValidationError: template_id is not a valid UUID":                                          {"template_id": "x"},
		"ValidationError: personalisation is not of type object":                                    {"personalisation": "x"},
		"ValidationError: one_click_unsubscribe_url is not a valid https url":                       {"one_click_unsubscribe_url": "http://x"},
		"ValidationError: sanitise_content_for is not of type array of strings":                     {"sanitise_content_for": []int{1}},
		"ValidationError: scheduled_for datetime must be within the next 24 hours":                  {"scheduled_for": "2026-07-02T00:00:00Z"},
		"ValidationError: Additional properties are not allowed (colour was unexpected)":            {"colour": "red"},
		"ValidationError: reference " + strings.Repeat("x", 1001) + " is too long":                  {"reference": strings.Repeat("x", 1001)},
		"BadRequestError: Template not found":                                                       {"template_id": replyTo},
		"BadRequestError: Missing personalisation: day":                                             {"personalisation": nil},
		"BadRequestError: email_reply_to_id " + service + " does not exist in database for service": {"email_reply_to_id": service},
	} {
		status, got := b.send("a@nhs.example", more)
		require.Equal(t, 400, status)
		require.Contains(t, firstError(got), want)
		require.EqualValues(t, 400, got["status_code"])
	}
	status, got := b.ask(http.MethodPost, notifytest.SendPath, b.goodToken(), "{")
	require.Equal(t, 400, status)
	require.Contains(t, firstError(got), "Invalid JSON")
	require.Empty(t, b.server.Messages())
	status, _ = b.send("a@nhs.example", map[string]any{
		"email_reply_to_id": replyTo, "one_click_unsubscribe_url": "https://x", "scheduled_for": "2026-06-30T23:00:00Z", "reference": "r",
	})
	require.Equal(t, 201, status)
}

func TestKeysAndTrial(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		options notifytest.Options
		reason  string
	}{
		"team":  {notifytest.Options{Kind: notifytest.Team, Members: []string{"us@nhs.example"}}, "team-only"},
		"trial": {notifytest.Options{Trial: true, Members: []string{"us@nhs.example"}}, "trial mode"},
	} {
		b := start(t, row.options)
		status, got := b.send("other@nhs.example", nil)
		require.Equal(t, 400, status, name)
		require.Contains(t, firstError(got), row.reason)
		status, _ = b.send("us@nhs.example", nil)
		require.Equal(t, 201, status, name)
	}
}

func TestStatusesOverTime(t *testing.T) {
	t.Parallel()
	b := start(t, notifytest.Options{LastStatus: func(address string) string {
		if address == "broken@nhs.example" {
			return notifytest.Technical
		}
		return ""
	}})
	want := map[string]string{
		"a@nhs.example": notifytest.Delivered, notifytest.PermFail: notifytest.Permanent,
		notifytest.TempFail: notifytest.Temporary, "broken@nhs.example": notifytest.Technical,
	}
	for address := range want {
		status, _ := b.send(address, nil)
		require.Equal(t, 201, status)
	}
	check := func(expected func(address string) string, sent, completed bool) {
		t.Helper()
		for address := range want {
			status, got := b.get(notifytest.ReadPath + "/" + b.server.ByAddress(strings.ToUpper(address))[0].ID)
			require.Equal(t, 200, status)
			require.Equal(t, expected(address), got["status"])
			require.Equal(t, sent, got["sent_at"] != nil)
			require.Equal(t, completed, got["completed_at"] != nil)
			require.Equal(t, "S 1", got["subject"])
			require.Contains(t, got, "line_6")
		}
	}
	check(func(string) string { return notifytest.Created }, false, false)
	b.server.Advance(2 * time.Second)
	check(func(string) string { return notifytest.Sending }, true, false)
	b.server.Advance(time.Minute)
	check(func(address string) string { return want[address] }, true, true)
	_, got := b.get(notifytest.ReadPath + "?status=failed&status=sending")
	require.Len(t, got["notifications"], 3)
	b.server.Advance(7 * 24 * time.Hour)
	status, got := b.get(notifytest.ReadPath + "/" + b.server.Messages()[0].ID)
	require.Equal(t, 404, status)
	require.Equal(t, "NoResultFound: No result found", firstError(got))
	_, got = b.get(notifytest.ReadPath)
	require.Empty(t, got["notifications"])
	require.NotContains(t, got["links"], "next")
	require.Len(t, b.server.Messages(), 4, "the ledger forgets nothing")
}

func TestSmokeTestAddress(t *testing.T) {
	t.Parallel()
	b := start(t, notifytest.Options{})
	status, _ := b.send("simulate-delivered@notifications.service.gov.uk", map[string]any{"reference": "r"})
	require.Equal(t, 201, status)
	require.Empty(t, b.server.Messages())
	require.Equal(t, 1, b.server.Summary().Outcomes[notifytest.Simulated])
}

func TestListOfMany(t *testing.T) {
	t.Parallel()
	b := start(t, notifytest.Options{})
	for i := range 260 {
		status, _ := b.send("a@nhs.example", map[string]any{"reference": fmt.Sprintf("r/%d", i/2)})
		require.Equal(t, 201, status)
	}
	_, got := b.get(notifytest.ReadPath + "?template_type=email")
	page := got["notifications"].([]any)
	require.Len(t, page, 250)
	require.Equal(t, "r/129", page[0].(map[string]any)["reference"])
	last := page[249].(map[string]any)["id"].(string)
	require.Contains(t, got["links"].(map[string]any)["next"], "older_than="+last)
	_, got = b.get(notifytest.ReadPath + "?older_than=" + last)
	require.Len(t, got["notifications"], 10)
	_, got = b.get(notifytest.ReadPath + "?reference=r/7")
	require.Len(t, got["notifications"], 2)
	_, got = b.get(notifytest.ReadPath + "?template_type=sms")
	require.Empty(t, got["notifications"])
	for _, query := range []string{"?status=elephant", "?template_type=Apple", "?older_than=x", "/x"} {
		status, got := b.get(notifytest.ReadPath + query)
		require.Equal(t, 400, status)
		require.Contains(t, firstError(got), "ValidationError", query)
	}
	sum := b.server.Summary()
	require.Equal(t, 260, sum.Accepted)
	require.Equal(t, 130, sum.Twice)
	require.Equal(t, 1, sum.Addresses)
}

// TestLimits: a burst of 1,000, then 50 a second; and a number for each UTC day.
func TestLimits(t *testing.T) {
	t.Parallel()
	b := start(t, notifytest.Options{Scale: 0.01, Daily: 20}) // 10, 0.5 a second
	burst := func() (n int, why string) {
		for {
			status, got := b.send("a@nhs.example", nil)
			if status == 429 {
				return n, firstError(got)
			}
			require.Equal(t, 201, status)
			n++
		}
	}
	n, why := burst()
	require.Equal(t, 10, n)
	require.Equal(t, "RateLimitError: Exceeded rate limit for key type LIVE of 3000 requests per 60 seconds", why)
	b.server.Advance(8 * time.Second)
	n, _ = burst()
	require.Equal(t, 4, n)
	b.server.Advance(time.Minute)
	n, why = burst()
	require.Equal(t, 6, n)
	require.Equal(t, "TooManyRequestsError: Exceeded send limits (email: 20) for today", why)
	b.server.Advance(2 * time.Hour)
	n, _ = burst()
	require.Equal(t, 10, n)
	status, _ := b.get(notifytest.ReadPath)
	require.Equal(t, 200, status, "reading is not limited")
}

func TestFaultsBySeed(t *testing.T) {
	t.Parallel()
	accepted := func(seed uint64) (shape string) {
		b := start(t, notifytest.Options{})
		b.server.Fault(simulate.Fault{
			Kinds: []simulate.Kind{http.MethodPost}, Share: 0.5, Seed: seed, Times: -1,
			Names: []simulate.Name{simulate.Error(500), simulate.ErrorAfter(504)},
		})
		for i := range 40 {
			reference := fmt.Sprintf("r/%d", i)
			status, _ := b.send("a@nhs.example", map[string]any{"reference": reference})
			shape += fmt.Sprintf("%d:%d ", status, len(b.server.ByReference(reference)))
		}
		return shape
	}
	first := accepted(1)
	require.Equal(t, first, accepted(1))
	require.NotEqual(t, first, accepted(2))
	for _, way := range []string{"201:1", "500:0", "504:1"} {
		require.Contains(t, first, way)
	}
	require.NotContains(t, first, "500:1")
}

func TestReceiptsThatAreLost(t *testing.T) {
	t.Parallel()
	b := start(t, notifytest.Options{})
	for range 3 {
		_, _ = b.send("a@nhs.example", nil)
	}
	answers := []int{500, 404, 200}
	var bodies [][]byte
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, body)
		if r.Header.Get("Authorization") != "Bearer t" {
			t.Error("another token")
		}
		status := http.StatusInternalServerError
		if len(answers) > 0 {
			status, answers = answers[0], answers[1:]
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(web.Close)
	round := func() notifytest.Posted {
		sum, err := b.server.PostReceipts(t.Context(), web.URL, "t")
		require.NoError(t, err)
		return sum
	}
	require.Zero(t, round())
	b.server.Advance(time.Minute)
	require.Equal(t, notifytest.Posted{Taken: 1, Lost: 1, Again: 1}, round())
	for range 4 {
		b.server.Advance(5 * time.Minute)
		require.Equal(t, notifytest.Posted{Again: 1}, round())
	}
	b.server.Advance(5 * time.Minute)
	require.Equal(t, notifytest.Posted{Lost: 1}, round())
	b.server.Advance(5 * time.Minute)
	require.Zero(t, round())
	require.Len(t, bodies, 8)
	require.True(t, bytes.Contains(bodies[0], []byte(`"notification_type":"email"`)))
	status, err := b.server.Post(t.Context(), web.URL, "t", b.server.Messages()[0].ID)
	require.NoError(t, err, "a late receipt comes once more")
	require.Equal(t, 500, status)
}

func TestControl(t *testing.T) {
	t.Parallel()
	b := start(t, notifytest.Options{})
	status, _ := b.ask(http.MethodPut, "/control/faults", "", `{"share":1,"names":["error-503"]}`)
	require.Equal(t, 204, status)
	_, got := b.ask(http.MethodGet, "/control/faults", "", "")
	require.Equal(t, []any{"error-503"}, got["names"])
	for path, body := range map[string]string{"/control/faults": `{"share":2}`, "/control/advance": `{"hours":2}`, "/control/receipts": `{`} {
		method := http.MethodPost
		if path == "/control/faults" {
			method = http.MethodPut
		}
		status, _ = b.ask(method, path, "", body)
		require.Equal(t, 400, status, path)
	}
	status, _ = b.ask(http.MethodDelete, "/control/faults", "", "")
	require.Equal(t, 204, status)
	status, _ = b.send("a@nhs.example", map[string]any{"reference": "r"})
	require.Equal(t, 201, status)
	before := b.server.Now()
	status, _ = b.ask(http.MethodPost, "/control/advance", "", `{"seconds":90}`)
	require.Equal(t, 204, status)
	require.Equal(t, 90*time.Second, b.server.Now().Sub(before))
	for _, path := range []string{"/ledger", "/ledger/messages?reference=r", "/ledger/messages?address=A@nhs.example", "/ledger/messages"} {
		_, got = b.ask(http.MethodGet, path, "", "")
		require.Equal(t, "r", got["reference"], path)
	}
	_, got = b.ask(http.MethodGet, "/ledger/messages?reference=other", "", "")
	require.Empty(t, got)
	_, got = b.ask(http.MethodGet, "/ledger/summary", "", "")
	require.EqualValues(t, 1, got["accepted"])
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	_, got = b.ask(http.MethodPost, "/control/receipts", "", `{"url":"`+web.URL+`","token":"t"}`)
	require.EqualValues(t, 1, got["lost"])
	status, _ = b.ask(http.MethodPost, "/control/reset", "", "")
	require.Equal(t, 204, status)
	require.Empty(t, b.server.Messages())
	require.Empty(t, b.server.Ledger())
}

func TestVersionsOfTemplates(t *testing.T) {
	t.Parallel()
	b := start(t, notifytest.Options{})
	_, _ = b.send("a@nhs.example", nil)
	b.server.SetTemplate(notifytest.Template{ID: templateID, Subject: "new", Body: "B"})
	_, _ = b.send("b@nhs.example", nil)
	for address, want := range map[string]string{"a@nhs.example": "S 1 v1", "b@nhs.example": "new v2"} {
		m := b.server.ByAddress(address)[0]
		subject, _ := b.server.Text(m)
		require.Equal(t, want, fmt.Sprintf("%s v%d", subject, m.Version))
	}
}
