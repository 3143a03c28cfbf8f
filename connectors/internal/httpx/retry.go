package httpx

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/sethvargo/go-retry"
)

// errNoTurn marks a request that the rate limit would delay beyond the end of its
// context.
var errNoTurn = errors.New("waiting for the rate limit")

// backoff returns a stateful backoff, for one call of Do. A wait that the server
// asked for replaces a shorter one of ours.
func (c *Client) backoff(wait *time.Duration) retry.Backoff {
	steps := retry.NewExponential(c.options.Backoff)
	steps = retry.WithCappedDuration(c.options.BackoffCap, steps)
	steps = retry.WithFullJitter(steps)
	asked := retry.BackoffFunc(func() (time.Duration, bool) {
		next, stop := steps.Next()
		return max(next, *wait), stop
	})
	return retry.WithMaxRetries(uint64(max(c.options.Attempts-1, 0)), asked)
}

// mayRetry says whether another attempt makes sense, and the wait that the server
// asked for.
func (c *Client) mayRetry(req *http.Request, err error) (bool, time.Duration) {
	if !repeatable(req) || req.Context().Err() != nil || errors.Is(err, ErrOpen) || errors.Is(err, errNoTurn) {
		return false, 0
	}
	if status, ok := errors.AsType[*StatusError](err); ok {
		return status.Retryable() && status.RetryAfter <= c.options.MaxRetryAfter, status.RetryAfter
	}
	return !errors.Is(err, errRedirect) && !errors.Is(err, ErrTooLarge), 0
}

// repeatable reports whether sending the request twice has no more effect than
// once.
func repeatable(req *http.Request) bool {
	if req.Body != nil && req.Body != http.NoBody && req.GetBody == nil {
		return false
	}
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	}
	return req.Header.Get("Idempotency-Key") != ""
}

// isServerFault reports whether the error is a fault of the server. Errors that our request
// or its caller caused do not open the breaker.
func isServerFault(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, errRedirect) {
		return false
	}
	if status, ok := errors.AsType[*StatusError](err); ok {
		return status.Status >= http.StatusInternalServerError || status.Status == http.StatusRequestTimeout
	}
	return true
}
