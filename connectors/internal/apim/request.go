package apim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/sethvargo/go-retry"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
)

const (
	// assertionLife leaves a minute for clocks that differ: the platform accepts
	// five (CONTRACT.md "Assertion").
	assertionLife = 4 * time.Minute
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	longestLife   = 24 * time.Hour   // a longer expires_in is taken for an error
	longestWait   = 30 * time.Second // the longest Retry-After that we wait for here
)

// request gets a new token, and retries while that may help.
func (t *Tokens) request(ctx context.Context) (token, error) {
	var wait time.Duration
	resigned := false
	issued, err := retry.DoValue(ctx, t.backoff(&wait), func(ctx context.Context) (token, error) {
		issued, err := t.attempt(ctx)
		var refusal *Error
		if !errors.As(err, &refusal) {
			return issued, err
		}
		if refusal.resign && !resigned { // at once, and once only (CONTRACT.md "Errors")
			resigned = true
			if issued, err = t.attempt(ctx); err == nil || !errors.As(err, &refusal) {
				return issued, err
			}
		}
		if wait = refusal.Wait; refusal.Class == Retryable && wait <= longestWait && !errors.Is(err, httpx.ErrOpen) {
			return issued, retry.RetryableError(err)
		}
		return issued, err
	})
	return issued, typed(err)
}

// typed makes every error an *Error: waiting for the next attempt ends with the
// bare error of the context.
func typed(err error) error {
	var refusal *Error
	if err == nil || errors.As(err, &refusal) {
		return err
	}
	return &Error{Class: Retryable, Reason: "no token in time", cause: err}
}

func (t *Tokens) backoff(wait *time.Duration) retry.Backoff {
	steps := retry.WithJitterPercent(20, retry.NewExponential(t.options.Backoff))
	asked := retry.BackoffFunc(func() (time.Duration, bool) {
		next, stop := steps.Next()
		return max(next, *wait), stop
	})
	return retry.WithMaxRetries(uint64(max(t.options.Attempts-1, 0)), asked)
}

// attempt signs a new assertion and sends it once.
func (t *Tokens) attempt(ctx context.Context) (token, error) {
	asked := t.options.Now()
	req, err := t.form(ctx, asked)
	if err != nil {
		return token{}, err
	}
	answer, err := t.client.Fetch(req)
	if err != nil {
		return token{}, noAnswer(err)
	}
	if answer.Status < 200 || answer.Status >= 300 {
		var body refusal
		if err := json.Unmarshal(answer.Body, &body); err != nil {
			body = refusal{} // decided by the status
		}
		return token{}, refused(answer.Status, body, 0)
	}
	return issued(answer, asked)
}

func (t *Tokens) form(ctx context.Context, now time.Time) (*http.Request, error) {
	assertion, err := t.assertion(now)
	if err != nil {
		return nil, err
	}
	form := url.Values{
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {assertionType},
		"client_assertion":      {assertion},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.options.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, &Error{Class: Permanent, Reason: "the token address cannot be used"}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded") // exactly: a charset risks 415 (CONTRACT.md "Tokens")
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// assertion signs who we are, for this platform, one use and four minutes
// (CONTRACT.md "Assertion").
func (t *Tokens) assertion(now time.Time) (string, error) {
	assertion := jwt.NewWithClaims(jwt.SigningMethodRS512, jwt.MapClaims{
		"iss": t.options.ClientID,
		"sub": t.options.ClientID,
		"aud": t.options.TokenURL,
		"jti": uuid.NewString(),
		"exp": now.Add(assertionLife).Unix(),
	})
	assertion.Header["kid"] = t.options.KeyID
	signed, err := assertion.SignedString(t.options.Key)
	if err != nil {
		return "", &Error{Class: Permanent, Reason: "the private key does not sign"}
	}
	return signed, nil
}

// noAnswer classifies an exchange without a readable answer.
func noAnswer(err error) *Error {
	if status, ok := errors.AsType[*httpx.StatusError](err); ok {
		e := refused(status.Status, refusal{}, status.Wait())
		e.cause = err
		return e
	}
	return &Error{Class: Retryable, Reason: "no answer from the token endpoint: " + err.Error(), cause: err}
}

// issued reads a successful answer. If it cannot be read, that is a fault of the
// platform, which may be over soon.
func issued(answer *httpx.Answer, asked time.Time) (token, error) {
	var body struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   life   `json:"expires_in"`
	}
	if err := json.Unmarshal(answer.Body, &body); err != nil || !bearer(body.AccessToken) || body.ExpiresIn <= 0 {
		return token{}, &Error{Class: Retryable, Status: answer.Status, Reason: "the token endpoint's answer holds no usable token"}
	}
	span := time.Duration(body.ExpiresIn)
	return token{
		value: body.AccessToken,
		renew: asked.Add(time.Duration(float64(span) * renewShare)),
		end:   asked.Add(span),
	}, nil
}

// bearer reports whether a token can be sent in a header.
func bearer(value string) bool {
	return value != "" && strings.IndexFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// life is expires_in in seconds, which the platform writes as a string and others
// write as a number (CONTRACT.md "Tokens").
type life time.Duration

func (l *life) UnmarshalJSON(text []byte) error {
	seconds, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	if err != nil {
		return errors.New("expires_in: want seconds")
	}
	if *l = life(longestLife); seconds < int64(longestLife/time.Second) {
		*l = life(time.Duration(seconds) * time.Second)
	}
	return nil
}
