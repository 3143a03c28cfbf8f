package website

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/push"
)

// requestName names a request in errors, without its query: a search's is long.
func requestName(req *http.Request) string {
	address := *req.URL
	address.RawQuery = ""
	return req.Method + " " + httpx.SafeURL(&address)
}

// failure is what it means that there is no answer, or one without a body that
// we read.
func failure(doing string, err error) error {
	e := &push.SinkError{Sink: push.SinkWebsite, Answer: push.AnswerUnclear, Reason: doing + ": " + err.Error()}
	if errors.Is(err, httpx.ErrOpen) {
		e.Answer = push.AnswerDown
	}
	status, ok := errors.AsType[*httpx.StatusError](err)
	if !ok {
		return e
	}
	e.Answer, e.Status, e.Wait = push.AnswerTo(status.Status), status.Status, status.RetryAfter
	e.Reason = doing + ": " + strings.ToLower(http.StatusText(status.Status))
	if status.Unauthorized() {
		e.Reason += "; check the API key of the website"
	}
	if status.RequestID != "" {
		e.Reason += ", request " + status.RequestID
	}
	return e
}

// problem is application/problem+json, as far as CONTRACT.md "Answers" goes.
type problem struct {
	CurrentSequenceNumber int64 `json:"currentSequenceNumber"`
	Errors                []struct {
		Pointer string `json:"pointer"`
		Code    string `json:"code"`
	} `json:"errors"`
}

// refusal is what an answer other than success means. Bodies that cannot be
// parsed say nothing more than the status (CONTRACT.md "Service Search").
func refusal(req *http.Request, d push.Delivery, a *httpx.Answer) error {
	var said problem
	if json.Unmarshal(a.Body, &said) != nil {
		said = problem{}
	}
	e := &push.SinkError{
		Sink: push.SinkWebsite, Answer: push.AnswerTo(a.Status), Status: a.Status, Reason: requestName(req) + ": ",
	}
	switch a.Status {
	case http.StatusConflict:
		e.Sequence = said.CurrentSequenceNumber
		e.Reason += fmt.Sprintf("sequence number %d is stale, the website has %d", d.Sequence, e.Sequence)
	case http.StatusPreconditionFailed:
		e.Reason += "the website shows another version than we think: read it, plan again"
	case http.StatusPreconditionRequired:
		e.Reason += "it wants If-Match or If-None-Match, and did not get it: look for a proxy that drops headers"
	case http.StatusNotFound:
		e.Reason += "the website knows no such organisation: ask its service desk to add it"
	case http.StatusGone:
		e.Reason += "the website removed the organisation: ask its service desk"
	case http.StatusNotModified:
		e.Answer = push.AnswerUnclear
		e.Reason += "not an answer of this API"
	default:
		e.Reason += "our document is refused" + said.faults()
	}
	return e
}

// Pointers and codes are shown only as what they should be: a message, or a
// pointer with a value in it, could hold somebody's data.
var (
	pointerShape = regexp.MustCompile(`^(/[A-Za-z0-9@._-]{1,40}){1,6}$`)
	codeShape    = regexp.MustCompile(`^[A-Z0-9_-]{1,60}$`)
)

// faults lists where the document is wrong, and the code of how.
func (p problem) faults() string {
	const most = 10
	shown := make([]string, 0, most)
	for _, fault := range p.Errors[:min(len(p.Errors), most)] {
		if !pointerShape.MatchString(fault.Pointer) {
			fault.Pointer = "(unreadable pointer)"
		}
		if codeShape.MatchString(fault.Code) {
			fault.Pointer += " " + fault.Code
		}
		shown = append(shown, fault.Pointer)
	}
	if len(shown) == 0 {
		return ""
	}
	if more := len(p.Errors) - len(shown); more > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", more))
	}
	return ": " + strings.Join(shown, ", ")
}
