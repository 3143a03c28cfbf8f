package httpx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/sethvargo/go-retry"
	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"
)

// Client sends requests to one outside system. It may be used concurrently.
type Client struct {
	options Options
	http    *http.Client
	limiter *rate.Limiter
	breaker *gobreaker.CircuitBreaker[*http.Response]
	failing *failing
}

// New returns a client with its own connections, rate limit and breaker.
func New(options Options) *Client {
	o, failing := options.withDefaults(), &failing{}
	return &Client{
		failing: failing,
		options: o,
		http:    &http.Client{Transport: withSpans(o.Transport), CheckRedirect: sameHost},
		limiter: o.limiter(),
		breaker: gobreaker.NewCircuitBreaker[*http.Response](gobreaker.Settings{ //nolint:bodyclose // a type, not a response
			Name:         o.Name,
			Timeout:      o.Cooldown,
			ReadyToTrip:  func(gobreaker.Counts) bool { return failing.isTripped() },
			IsSuccessful: func(err error) bool { return !isServerFault(err) },

			OnStateChange: o.StateChanged,
		}),
	}
}

// Do sends the request and returns its response when the status is 2xx, 304 or
// one of Options.Pass; the caller closes the body. Every other status is a
// *StatusError.
//
// Timeouts, lost connections, 408, 425, 429 and 5xx are retried, but only if a
// repeat cannot take effect twice: GET, HEAD, OPTIONS, PUT, DELETE, and other
// methods with an Idempotency-Key header. A request with a body needs GetBody,
// which http.NewRequest sets for the usual readers.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	return attemptResult(c, req, c.attempt)
}

// Answer is a response whose body has been read.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Fetch is Do with the body read. A body that breaks off is retried like any lost
// connection; ErrTooLarge is not.
func (c *Client) Fetch(req *http.Request) (*Answer, error) {
	return attemptResult(c, req, func(req *http.Request) (*Answer, error) {
		resp, err := c.attempt(req) //nolint:bodyclose // drain closes it
		if err != nil {
			return nil, err
		}
		defer drain(resp.Body)
		content, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, c.failure(req, err)
		}
		return &Answer{Status: resp.StatusCode, Header: resp.Header, Body: content}, nil
	})
}

func attemptResult[T any](c *Client, req *http.Request, attempt func(*http.Request) (T, error)) (T, error) {
	req = c.prepare(req)
	var last error
	var wait time.Duration
	result, err := retry.DoValue(req.Context(), c.backoff(&wait), func(context.Context) (T, error) {
		result, err := attempt(req)
		if err == nil {
			return result, nil
		}
		last = err
		var again bool
		if again, wait = c.mayRetry(req, err); again {
			return result, retry.RetryableError(err)
		}
		return result, err
	})
	// When the context ends, go-retry drops the last error.
	if err != nil && last != nil && !errors.Is(err, last) {
		return result, fmt.Errorf("%w (last answer: %w)", err, last)
	}
	return result, err
}

// prepare copies the request with the headers that all its attempts share.
func (c *Client) prepare(req *http.Request) *http.Request {
	req = req.Clone(req.Context())
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", c.options.UserAgent)
	}
	header := c.options.CorrelationHeader
	if header != "" && req.Header.Get(header) == "" {
		req.Header.Set(header, correlationID(req.Context())) //nolint:contextcheck // the same request
	}
	return req
}

// attempt sends the request once. The timeout runs until the body is closed.
func (c *Client) attempt(req *http.Request) (*http.Response, error) {
	if err := c.limiter.Wait(req.Context()); err != nil {
		return nil, c.failure(req, fmt.Errorf("%w: %w", errNoTurn, err))
	}
	resp, err := c.breaker.Execute(func() (*http.Response, error) { //nolint:contextcheck // the request carries its context
		ctx, cancel := context.WithTimeout(req.Context(), c.options.Timeout)
		resp, err := c.send(ctx, req)
		c.failing.note(req, err)
		if err != nil {
			cancel()
			c.judge(req.Context())
			return nil, err
		}
		resp.Body = &body{ReadCloser: resp.Body, left: c.options.MaxBytes, cancel: cancel}
		return resp, nil
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return nil, fmt.Errorf("%s: %w", c.options.Name, ErrOpen)
	}
	return resp, err
}

func (c *Client) send(ctx context.Context, req *http.Request) (*http.Response, error) {
	once := req.Clone(ctx)
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, c.failure(req, err)
		}
		once.Body = body
	}
	resp, err := c.http.Do(once) //nolint:gosec // addresses come from the configuration; redirects stay on their host
	if err != nil {
		return nil, c.failure(req, err)
	}
	if c.accepted(resp.StatusCode) {
		return resp, nil
	}
	defer drain(resp.Body)
	return nil, c.statusError(once, resp)
}

func (c *Client) accepted(status int) bool {
	return status >= 200 && status < 300 || status == http.StatusNotModified || c.options.Pass(status)
}

// failure names the request without its secrets: a *url.Error holds the whole
// address.
func (c *Client) failure(req *http.Request, err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	return fmt.Errorf("%s %s: %w", req.Method, SafeURL(req.URL), err)
}

func (c *Client) statusError(req *http.Request, resp *http.Response) error {
	id := resp.Header.Get("X-Request-ID")
	if header := c.options.CorrelationHeader; id == "" && header != "" {
		id = req.Header.Get(header)
	}
	return &StatusError{
		Status:     resp.StatusCode,
		Method:     req.Method,
		URL:        SafeURL(req.URL),
		RequestID:  id,
		RetryAfter: retryAfter(resp.Header.Get("Retry-After"), c.options.Now()),
	}
}
