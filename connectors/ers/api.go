package ers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
)

// URL is the production address of the API (CONTRACT.md "Environments").
const URL = "https://api.service.nhs.uk/referrals/FHIR"

// Credential is one registered application of ours: one organisation's view of
// e-RS (CONTRACT.md "Applications").
type Credential struct {
	Name   string // our name for it in limits, logs and Found.SeenBy; unique
	Tokens Tokens // nil: no authentication, as in the sandbox
}

// defaultLimits keep the platform's standard (CONTRACT.md "Limits").
var defaultLimits = httpx.Limits{PerSecond: 10, Attempts: 4, Backoff: time.Second, Trip: 8, Cooldown: 30 * time.Second}

// Call is one request with its answer, for logs and metrics: to investigate one,
// e-RS asks for both ids.
type Call struct {
	Credential    string
	Endpoint      string // A033, A035, A037 or A004
	Status        int    // 0: no answer
	CorrelationID string // ours
	RequestID     string // e-RS's; empty if it gave none
	Elapsed       time.Duration
}

// Options configure the API.
type Options struct {
	URL         string       // base address up to and including /referrals/FHIR; /FHIR for the local sandbox
	Credentials []Credential // at least one; used in this order
	// Turn waits for the credential's turn under a rate limit that the caller shares
	// with other processes. It is called before every request, including retries.
	// Nil: a limit within this API alone.
	Turn func(ctx context.Context, credential string) error
	// Answered is called after every request, unless it is nil.
	Answered func(ctx context.Context, call Call)
	// Limits apply to each credential; default 10 requests a second if Turn is nil,
	// and 1 s before the second attempt.
	Limits    httpx.Limits
	Transport http.RoundTripper // instead of the network, for tests
	Now       func() time.Time  // for Call.Elapsed and Retry-After; default time.Now
}

// API is a client of the e-Referral Service. It may be used concurrently.
type API struct {
	base        *url.URL
	credentials []Credential
	turn        func(ctx context.Context, credential string) error
	answered    func(ctx context.Context, call Call)
	limits      httpx.Limits
	now         func() time.Time
	client      *httpx.Client // sends each request once
	breaker     *gobreaker.CircuitBreaker[*httpx.Answer]
}

// New checks the options; it sends nothing.
func New(o Options) (*API, error) {
	base, err := parseBase(o.URL)
	if err != nil {
		return nil, fmt.Errorf("address of the e-RS API: %w", err)
	}
	if err := checkCredentials(o.Credentials); err != nil {
		return nil, fmt.Errorf("credentials of the e-RS API: %w", err)
	}
	limits := o.Limits.Or(defaultLimits)
	a := &API{
		base: base, credentials: o.Credentials, turn: o.Turn, answered: o.Answered, limits: limits, now: o.Now,
		client: httpx.New(options(o, limits)),
		breaker: gobreaker.NewCircuitBreaker[*httpx.Answer](gobreaker.Settings{
			Name:         "e-RS",
			Timeout:      limits.Cooldown,
			ReadyToTrip:  func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= limits.Trip },
			IsSuccessful: func(err error) bool { return !isServerFault(err) },

			OnStateChange: limits.StateChanged,
		}),
	}
	if a.turn == nil {
		a.turn = paces(o.Credentials, limits.PerSecond)
	}
	if a.answered == nil {
		a.answered = func(context.Context, Call) {}
	}
	if a.now == nil {
		a.now = time.Now
	}
	return a, nil
}

// options turns off pace, retries and the breaker of httpx, which this package does
// itself: a shared limit has to see every attempt, and httpx counts an error whose
// body is read as a success.
func options(o Options, limits httpx.Limits) httpx.Options {
	limits.PerSecond, limits.Attempts, limits.Trip = float64(rate.Inf), 1, math.MaxInt
	return httpx.Options{
		Name: "e-RS", Limits: limits, Headers: limits.Timeout,
		CorrelationHeader: correlationHeader, Pass: isBodyRead, Transport: o.Transport, Now: o.Now,
	}
}

func parseBase(address string) (*url.URL, error) {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errors.New("want http(s)://host/path")
	}
	if base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("want no user, query or fragment")
	}
	return base, nil
}

func checkCredentials(credentials []Credential) error {
	if len(credentials) == 0 {
		return errors.New("want at least one")
	}
	names := make(map[string]bool)
	for _, c := range credentials {
		if c.Name == "" || names[c.Name] {
			return fmt.Errorf("name %q: want one for each, and each once", c.Name)
		}
		names[c.Name] = true
	}
	return nil
}
