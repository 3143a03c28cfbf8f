package httpx

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ErrOpen is returned without sending a request: too many failed in a row, and
// the breaker is open until its cool-down has passed.
var ErrOpen = errors.New("breaker open after repeated failures")

// ErrTooLarge is returned when reading a response beyond Limits.MaxBytes.
var ErrTooLarge = errors.New("response larger than the limit")

// StatusError is an answer that is neither 2xx nor 304 and was not passed
// through. It never holds the body.
type StatusError struct {
	Status     int
	Method     string
	URL        string        // user information and secrets of the query removed
	RequestID  string        // the server's id of the request, else our correlation id; may be empty
	RetryAfter time.Duration // zero if the server named no wait
}

// Error names the request, the status and the ids to quote to the other side.
func (e *StatusError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: status %d %s", e.Method, e.URL, e.Status, http.StatusText(e.Status))
	if e.RequestID != "" {
		fmt.Fprintf(&b, ", request %s", e.RequestID)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, ", retry after %s", e.RetryAfter)
	}
	return b.String()
}

// Unauthorized reports whether our credentials were refused: the connector pauses,
// and nothing is dropped (reconcile/RULES.md "Answers").
func (e *StatusError) Unauthorized() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

// Retryable reports whether the same request may succeed later
// (reconcile/RULES.md "Answers").
func (e *StatusError) Retryable() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return e.Status >= http.StatusInternalServerError
}

// Wait is how long the server asked us to wait; zero if it named no time.
func (e *StatusError) Wait() time.Duration { return e.RetryAfter }

// Permanent reports whether the same request will always be refused, and not
// because of our credentials.
func (e *StatusError) Permanent() bool { return !e.Retryable() && !e.Unauthorized() }

// SafeURL returns the address without user information, fragment, and the values
// of query parameters whose name suggests a secret.
func SafeURL(address *url.URL) string {
	safe := *address
	safe.User, safe.Fragment, safe.RawFragment = nil, "", ""
	query := safe.Query()
	for name := range query {
		if mayHoldSecret(name) {
			query.Set(name, "hidden")
		}
	}
	safe.RawQuery = query.Encode()
	return safe.String()
}

func mayHoldSecret(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"key", "token", "secret", "pass", "sig", "auth", "credential", "assertion"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// retryAfter reads seconds or an HTTP date; it returns zero if there is neither.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(strings.TrimSpace(header)); err == nil {
		return time.Duration(min(max(seconds, 0), 24*3600)) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
