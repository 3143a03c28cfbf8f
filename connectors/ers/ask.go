package ers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/sethvargo/go-retry"
	"github.com/sony/gobreaker/v2"

	"github.com/profilesync/profilesync/connectors/internal/apim"
	"github.com/profilesync/profilesync/connectors/internal/httpx"
)

const (
	fhirType          = "application/fhir+json"
	correlationHeader = "X-Correlation-ID"
	requestHeader     = "X-Request-ID"

	// longestWait is the longest Retry-After that is waited for here; the caller
	// handles longer ones.
	longestWait = 30 * time.Second
)

// question is one request for e-RS.
type question struct {
	endpoint string // A033, ...
	method   string
	path     []string // below the base address
	query    string
	doing    string // in errors: "asking e-RS for service 11002"
}

// ask sends the question with one credential, and retries while that may help, after
// 1, 2 and 4 seconds (CONTRACT.md "Limits"). Errors are *Error, or those of Turn and
// the context.
func (a *API) ask(ctx context.Context, by Credential, q question) (*httpx.Answer, error) {
	correlation := uuid.NewString() // all attempts share it
	var wait time.Duration
	var last error
	answer, err := retry.DoValue(ctx, a.backoff(&wait), func(ctx context.Context) (*httpx.Answer, error) {
		answer, err := a.signed(ctx, by, q, correlation)
		last = err
		failure, ok := errors.AsType[*Error](err)
		if !ok || !failure.again || failure.wait > longestWait {
			return answer, err
		}
		wait = failure.wait
		return answer, retry.RetryableError(err)
	})
	// When the context ends, go-retry drops the last error.
	if err != nil && last != nil && !errors.Is(err, last) {
		return nil, fmt.Errorf("%w (last answer: %w)", err, last)
	}
	if err != nil {
		return nil, err
	}
	answer.Header.Set(correlationHeader, correlation) // whether e-RS echoed it or not
	return answer, nil
}

// backoff returns a stateful backoff, for one question. A wait that e-RS asked for
// replaces a shorter one of ours.
func (a *API) backoff(wait *time.Duration) retry.Backoff {
	steps := retry.NewExponential(a.limits.Backoff)
	asked := retry.BackoffFunc(func() (time.Duration, bool) {
		next, stop := steps.Next()
		return max(next, *wait), stop
	})
	return retry.WithMaxRetries(uint64(max(a.limits.Attempts-1, 0)), asked)
}

// signed makes one attempt with a token, or two if the first token is refused.
func (a *API) signed(ctx context.Context, by Credential, q question, correlation string) (*httpx.Answer, error) {
	var answer *httpx.Answer
	err := apim.Authorized(ctx, by.Tokens, func(token string) (err error) {
		answer, err = a.attempt(ctx, by, q, correlation, token)
		return err
	})
	if token, ok := errors.AsType[*apim.Error](err); ok {
		return nil, noToken(by, q, correlation, token)
	}
	return answer, err
}

func (a *API) attempt(ctx context.Context, by Credential, q question, correlation, token string) (*httpx.Answer, error) {
	req, err := a.request(ctx, q, correlation, token)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q.doing, err)
	}
	if err := a.turn(ctx, by.Name); err != nil {
		return nil, fmt.Errorf("%s: waiting for a turn: %w", q.doing, err)
	}
	answer, err := a.breaker.Execute(func() (*httpx.Answer, error) { return a.send(by, q, correlation, req) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return nil, &Error{
			Doing: q.doing, Credential: by.Name, Reason: "not asked: too many requests in a row failed, so we pause",
			retryable: true, wait: a.limits.Cooldown, cause: err,
		}
	}
	return answer, err
}

// request sets these headers and no others: headers that name an organisation, a
// role or a user are not allowed here (CONTRACT.md "Headers").
func (a *API) request(ctx context.Context, q question, correlation, token string) (*http.Request, error) {
	address := a.base.JoinPath(q.path...)
	address.RawQuery = q.query
	req, err := http.NewRequestWithContext(ctx, q.method, address.String(), http.NoBody)
	if err != nil {
		return nil, errors.New("the address of the e-RS API cannot be used")
	}
	req.Header.Set("Accept", fhirType)
	req.Header.Set(correlationHeader, correlation)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}

// send makes one exchange.
func (a *API) send(by Credential, q question, correlation string, req *http.Request) (*httpx.Answer, error) {
	start := a.now()
	answer, err := a.client.Fetch(req)
	call := Call{Credential: by.Name, Endpoint: q.endpoint, CorrelationID: correlation}
	var failure *Error
	switch status, ok := errors.AsType[*httpx.StatusError](err); {
	case ok:
		call.Status, call.RequestID = status.Status, status.RequestID
		failure = refused(by, q, status.Status, nil)
		failure.wait, failure.cause = status.RetryAfter, status
	case err != nil:
		failure = unreadableAnswer(by, q, err)
	default:
		call.Status, call.RequestID = answer.Status, answer.Header.Get(requestHeader)
		if answer.Status != http.StatusOK {
			failure = refused(by, q, answer.Status, answer.Body)
		}
	}
	if call.RequestID == correlation { // httpx fills in ours if there is none
		call.RequestID = ""
	}
	call.Elapsed = a.now().Sub(start)
	a.answered(req.Context(), call)
	if failure != nil {
		failure.CorrelationID, failure.RequestID = correlation, call.RequestID
		return nil, failure
	}
	return answer, nil
}

// isBodyRead reports whether the body of an answer may say why it failed.
func isBodyRead(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusInternalServerError:
		return true
	}
	return false
}

// isServerFault reports whether an error is a fault of e-RS, not of our request.
func isServerFault(err error) bool {
	failure, ok := errors.AsType[*Error](err)
	return ok && !errors.Is(err, context.Canceled) && (failure.Status == 0 || failure.Status >= http.StatusInternalServerError)
}
