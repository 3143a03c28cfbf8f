package httpx

import (
	"crypto/tls"
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

// Options configure a Client. The zero value is usable: every zero field means
// its default.
type Options struct {
	Limits

	Name       string // of the outside system, for the breaker's errors
	UserAgent  string
	Connect    time.Duration // default 5 s; also that of the TLS handshake
	Headers    time.Duration // from sending the request to the response headers; default 20 s
	BackoffCap time.Duration // default 30 s

	// MaxRetryAfter is the longest Retry-After that the client waits for; for a
	// longer one the caller snoozes. Default 30 s.
	MaxRetryAfter time.Duration

	Burst int // requests at once, within the limit a second; default 1

	// Pass lists statuses that are returned as a response, without an error or a
	// retry, for callers that have to read their bodies.
	Pass func(status int) bool

	// CorrelationHeader is sent with the id of WithCorrelationID, else with a random
	// UUID that the retries of one request share. If empty, it is not sent.
	CorrelationHeader string

	TLS       *tls.Config       // client certificates and roots; its minimum is raised to TLS 1.2
	Transport http.RoundTripper // instead of the network, for tests
	Now       func() time.Time  // for Retry-After dates; default time.Now
}

func (o Options) withDefaults() Options {
	o.Limits = o.Or(defaultLimits)
	setDefault(&o.Name, "outside system")
	setDefault(&o.UserAgent, "profilesync")
	setDefault(&o.Connect, 5*time.Second)
	setDefault(&o.Headers, 20*time.Second)
	setDefault(&o.BackoffCap, 30*time.Second)
	setDefault(&o.MaxRetryAfter, 30*time.Second)
	setDefault(&o.Burst, 1)
	if o.Pass == nil {
		o.Pass = func(int) bool { return false }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Transport == nil {
		o.Transport = o.network()
	}
	return o
}

func setDefault[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

func (o Options) limiter() *rate.Limiter {
	return rate.NewLimiter(rate.Limit(o.PerSecond), o.Burst)
}
