package guard

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Result is what became of a request.
type Result string

// The results.
const (
	Served          Result = "served"
	Unauthenticated Result = "unauthenticated"
	Forbidden       Result = "forbidden"
	Limited         Result = "limited"
	TooLarge        Result = "too-large"
	CrossOrigin     Result = "cross-origin"
	Failed          Result = "failed"
)

// Results are all results.
func Results() []Result {
	return []Result{Served, Unauthenticated, Forbidden, Limited, TooLarge, CrossOrigin, Failed}
}

// resultOf is what became of the request, by the status of its answer where nothing else
// is known.
func (c *call) resultOf(status int) Result {
	switch {
	case c.result != "":
		return c.result
	case status == http.StatusUnauthorized:
		return Unauthenticated
	case status == http.StatusForbidden:
		return Forbidden
	case status == http.StatusTooManyRequests:
		return Limited
	case status == http.StatusRequestEntityTooLarge:
		return TooLarge
	case status >= http.StatusInternalServerError:
		return Failed
	default:
		return Served
	}
}

// Problem answers with a problem (RFC 9457), or browsers with a page: its detail is for people, and never repeats
// what the caller sent.
func Problem(w http.ResponseWriter, r *http.Request, status int, detail string) {
	if c, ok := r.Context().Value(callKey{}).(*call); ok && c.guard.Page != nil && strings.Contains(r.Header.Get("Accept"), "text/html") {
		c.guard.Page(w, r, status, detail)
		return
	}
	problem(w, RequestID(r.Context()), status, detail)
}

func problem(w http.ResponseWriter, id string, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct { //nolint:errchkjson // texts and a number; an error means that the caller is gone
		Type    string `json:"type"`
		Title   string `json:"title"`
		Status  int    `json:"status"`
		Detail  string `json:"detail"`
		Request string `json:"request,omitempty"`
	}{"about:blank", http.StatusText(status), status, detail, id})
}

// counted remembers the status of the answer.
type counted struct {
	http.ResponseWriter

	call   *call
	status int // 0 until there is one
}

// WriteHeader answers 413 whatever the handler made of a body that was too large.
func (w *counted) WriteHeader(status int) {
	if w.call.body.exceeded && status >= http.StatusBadRequest {
		status = http.StatusRequestEntityTooLarge
	}
	if w.status == 0 && status >= http.StatusOK { // 1xx are no answers
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write answers 200 if there was no status.
func (w *counted) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Flush sends what was written so far.
func (w *counted) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap is for http.ResponseController.
func (w *counted) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// originOf returns scheme and host of an address, and whether it is reached by TLS.
func originOf(address string) (origin string, secure bool, err error) {
	if address == "" {
		return "", false, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", false, fmt.Errorf("%q is no address", address)
	}
	return u.Scheme + "://" + u.Host, u.Scheme == "https", nil
}
