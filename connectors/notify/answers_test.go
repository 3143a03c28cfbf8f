package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/people"
)

func at(now time.Time) *Client {
	return &Client{options: Options{Now: func() time.Time { return now }}}
}

func says(code, message string) string {
	return fmt.Sprintf(`{"errors":[{"error":%q,"message":%q}]}`, code, message)
}

// TestAnswers is the table of CONTRACT.md "Errors".
func TestAnswers(t *testing.T) {
	t.Parallel()
	const canary = "canary.person@nhs.example"
	c := at(time.Date(2026, 6, 30, 22, 0, 0, 0, time.UTC))
	for name, row := range map[string]struct {
		status int
		body   string
		want   people.MailAnswer
		reason string
	}{
		"address": {
			400, says("ValidationError", "email_address Not a valid email address"),
			people.MailNoSuchAddress, "email_address",
		},
		"long address": {400, says("ValidationError", "email_address "+canary+" is too long"), people.MailNoSuchAddress, "email_address"},
		"template id":  {400, says("ValidationError", "template_id is not a valid UUID"), people.MailAlert, "template_id"},
		"personalisation": {
			400, says("ValidationError", "personalisation "+canary+" is not of type object"),
			people.MailAlert, "personalisation",
		},
		"our own property": {
			400, says("ValidationError", "Additional properties are not allowed ("+canary+")"),
			people.MailAlert, "property",
		},
		"reference":       {400, says("ValidationError", "reference "+canary+" is too long"), people.MailRefused, "reference"},
		"unknown wording": {400, says("ValidationError", canary+" is not an address"), people.MailAlert, "ValidationError"},
		"two faults": {
			400, `{"errors":[{"error":"ValidationError","message":"email_address Not a valid email address"},
			{"error":"ValidationError","message":"template_id is not a valid UUID"}]}`,
			people.MailAlert, "email_address, ValidationError template_id",
		},
		"template gone": {400, says("BadRequestError", "Template not found"), people.MailAlert, "no such template"},
		"missing": {
			400, says("BadRequestError", "Missing personalisation: deadline, "+canary+", sign_in"),
			people.MailAlert, "fill) deadline sign_in",
		},
		"address by another code": {400, says("BadRequestError", "email_address Not a valid"), people.MailAlert, "BadRequestError"},
		"reply-to": {
			400, says("BadRequestError", "email_reply_to_id "+canary+" does not exist"),
			people.MailAlert, "reply-to",
		},
		"team key": {
			400, says("BadRequestError", "Can’t send to this recipient using a team-only API key"),
			people.MailAlert, "live key",
		},
		"trial": {
			400, says("BadRequestError", "Can’t send to this recipient when service is in trial mode – see"),
			people.MailAlert, "trial",
		},
		"no JSON": {400, "<html>" + canary, people.MailUnclear, "not an answer of GOV.UK Notify"},
		"no token": {
			401, says("AuthError", "Unauthorized: authentication token must be provided"),
			people.MailAlert, "proxy",
		},
		"clock": {
			403, says("AuthError", "Error: Your system clock must be accurate to within 30 seconds"),
			people.MailAlert, "check the machine's clock",
		},
		"key":           {403, says("AuthError", "Invalid token: API key not found"), people.MailAlert, "check the API key"},
		"firewall":      {403, "<html>" + canary, people.MailAlert, "proxy in between"},
		"wrong address": {404, "", people.MailAlert, "check the address"},
		"too large":     {413, "", people.MailRefused, ""},
		"rate": {
			429, says("RateLimitError", "Exceeded rate limit for key type LIVE"),
			people.MailRetry, "RateLimitError",
		},
		"proxy's rate": {429, "slow down " + canary, people.MailRetry, ""},
		"day": {
			429, says("TooManyRequestsError", "Exceeded send limits (email: 250000) for today"),
			people.MailPause, "TooManyRequestsError",
		},
		"a page": {200, "<html>" + canary, people.MailUnclear, "not an answer"},
	} {
		e := c.refused(&httpx.Answer{Status: row.status, Body: []byte(row.body), Header: http.Header{}}, "template check-opening")
		require.Equal(t, row.want, e.Answer, name)
		require.Equal(t, row.status, e.Status, name)
		require.Contains(t, e.Error(), row.reason, name)
		require.Contains(t, e.Error(), "template check-opening", name)
		require.NotContains(t, e.Error(), canary, name)
		require.Equal(t, row.status == 429, e.Wait > 0, name)
	}
}

// TestSampleErrors: every error in the samples is classified.
func TestSampleErrors(t *testing.T) {
	t.Parallel()
	var bodies map[string]json.RawMessage
	sample(t, "sample-errors.json", &bodies)
	want := map[string]people.MailAnswer{
		"400-validation": people.MailNoSuchAddress, "429-rate": people.MailRetry, "429-daily": people.MailPause,
	}
	require.Len(t, bodies, 12)
	for name, body := range bodies {
		var example struct {
			Status int `json:"status_code"`
		}
		require.NoError(t, json.Unmarshal(body, &example))
		for _, f := range decodeRefusal(body).Errors {
			require.Contains(t, codes, f.Error, name)
		}
		answer := people.MailAlert
		if known, ok := want[name]; ok {
			answer = known
		}
		if example.Status < 500 { // bodies of those above are not read
			require.Equal(t, answer, at(time.Unix(0, 0)).refused(&httpx.Answer{Status: example.Status, Body: body}, "x").Answer, name)
		}
	}
}

func TestWaits(t *testing.T) {
	t.Parallel()
	midsummer := time.FixedZone("BST", 3600)
	for now, want := range map[time.Time]time.Duration{
		time.Date(2026, 6, 30, 22, 59, 0, 0, time.UTC):   time.Hour + 2*time.Minute,
		time.Date(2026, 7, 1, 0, 30, 0, 0, midsummer):    31 * time.Minute, // still the 30th there
		time.Date(2026, 7, 1, 1, 0, 0, 0, midsummer):     24*time.Hour + time.Minute,
		time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC): 61 * time.Second,
	} {
		answer, wait := at(now).limited(&httpx.Answer{}, decodeRefusal([]byte(says(tooManyRequestError, ""))))
		require.Equal(t, people.MailPause, answer)
		require.Equal(t, want, wait, now)
	}
	for header, least := range map[string]time.Duration{"": time.Minute, "5": time.Minute, "120": 2 * time.Minute, "999999": time.Hour} {
		answer, wait := at(time.Unix(0, 0)).limited(&httpx.Answer{Header: http.Header{"Retry-After": {header}}}, refusal{})
		require.Equal(t, people.MailRetry, answer)
		require.GreaterOrEqual(t, wait, least)
		require.Less(t, wait, least+15*time.Second)
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 30, 22, 0, 0, 0, time.UTC)
	for theirs, want := range map[time.Time]string{
		now.Add(-45 * time.Second): "45s ahead", now.Add(2 * time.Hour): "2h0m0s behind", now: "",
	} {
		got := at(now).clockHint(http.Header{"Date": {theirs.Format(http.TimeFormat)}})
		require.Contains(t, got, want)
		require.Equal(t, want == "", got == "")
	}
	require.Empty(t, at(now).clockHint(http.Header{}))
}

func TestSilenceQuotesNothing(t *testing.T) {
	t.Parallel()
	e := failure(t.Context(), errors.New(`malformed HTTP response "canary.person@nhs.example"`))
	require.Equal(t, people.MailUnclear, e.Answer)
	require.NotContains(t, e.Error()+strings.ToLower(e.Reason), "canary")
	require.NoError(t, e.Err)
}
