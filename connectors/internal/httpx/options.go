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
	Name       string // of the outside system, for the breaker's errors
	UserAgent  string
	Attempts   int           // of one request, the first included; default 4
	Timeout    time.Duration // of one attempt, reading its body included; default 30 s
	Connect    time.Duration // default 5 s; also that of the TLS handshake
	Headers    time.Duration // from the request sent to its first answer; default 20 s
	Backoff    time.Duration // before the first retry, doubled each time, with full jitter; default 500 ms
	BackoffCap time.Duration // default 30 s

	// MaxRetryAfter is the longest Retry-After that is waited for here; a
	// longer one is for the caller to snooze. Default 30 s.
	MaxRetryAfter time.Duration

	MaxBody int64   // bytes of one response, decompressed; default 16 MiB
	Rate    float64 // requests a second, retries included; default 5
	Burst   int     // default 1

	// Trip is how many failures in a row open the breaker; default 8.
	Trip int
	// Cooldown is how long it then stays open; default 30 s.
	Cooldown time.Duration

	// Pass names statuses that are returned as a response, not as an error and
	// without a retry, for callers that have to read their bodies.
	Pass func(status int) bool

	// CorrelationHeader is sent with the id of WithCorrelationID, else with a
	// random UUID that the retries of one request share. Empty: not sent.
	CorrelationHeader string

	TLS       *tls.Config       // client certificates and roots; its floor is raised to TLS 1.2
	Transport http.RoundTripper // instead of the network, for tests
	Now       func() time.Time  // for Retry-After dates; default time.Now
}

func (o Options) withDefaults() Options {
	setDefault(&o.Name, "outside system")
	setDefault(&o.UserAgent, "profilesync")
	setDefault(&o.Attempts, 4)
	setDefault(&o.Timeout, 30*time.Second)
	setDefault(&o.Connect, 5*time.Second)
	setDefault(&o.Headers, 20*time.Second)
	setDefault(&o.Backoff, 500*time.Millisecond)
	setDefault(&o.BackoffCap, 30*time.Second)
	setDefault(&o.MaxRetryAfter, 30*time.Second)
	setDefault(&o.MaxBody, 16<<20)
	setDefault(&o.Rate, 5)
	setDefault(&o.Burst, 1)
	setDefault(&o.Trip, 8)
	setDefault(&o.Cooldown, 30*time.Second)
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
	return rate.NewLimiter(rate.Limit(o.Rate), o.Burst)
}
