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

// requestName names a request in errors, without its query, which is long for a search.
func requestName(req *http.Request) string {
	address := *req.URL
	address.RawQuery = ""
	return req.Method + " " + httpx.SafeURL(&address)
}

// failure says what it means that there is no answer, or one whose body we do not
// read.
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

// problem is application/problem+json, with the fields of CONTRACT.md "Answers".
type problem struct {
	CurrentSequenceNumber int64 `json:"currentSequenceNumber"`
	Errors                []struct {
		Pointer string `json:"pointer"`
		Code    string `json:"code"`
	} `json:"errors"`
}

// refusal says what an answer other than success to a document means. If the body cannot be
// parsed, only the status counts (CONTRACT.md "Service Search").
func refusal(req *http.Request, d push.Delivery, body []byte, a *httpx.Answer) error {
	var details problem
	if json.Unmarshal(a.Body, &details) != nil {
		details = problem{}
	}
	e := &push.SinkError{
		Sink: push.SinkWebsite, Answer: push.AnswerTo(a.Status), Status: a.Status, Reason: requestName(req) + ": ",
	}
	switch a.Status {
	case http.StatusConflict:
		e.Sequence = details.CurrentSequenceNumber
		e.Reason += fmt.Sprintf("sequence number %d is stale, the website has %d", d.Sequence, e.Sequence)
	case http.StatusPreconditionFailed:
		e.Reason += "the website shows another version than we expected: read it, plan again"
	case http.StatusPreconditionRequired:
		e.Reason += "the website did not get If-Match or If-None-Match: look for a proxy that drops headers"
	case http.StatusNotFound:
		e.Reason += "the website knows no such organisation: ask its service desk to add it"
	case http.StatusGone:
		e.Reason += "the website removed the organisation: ask its service desk"
	case http.StatusNotModified:
		e.Answer = push.AnswerUnclear
		e.Reason += "not an answer of this API"
	case http.StatusRequestEntityTooLarge:
		e.Reason += fmt.Sprintf("our document is refused: its %d bytes are too many", len(body))
		e.Fields = longestList(d, body)
	default:
		e.Reason += "our document is refused" + details.faults()
		e.Fields = details.fields(body)
	}
	return e
}

// Pointers and codes are shown only in the expected form: a message, or a pointer
// that contains a value, could hold somebody's data.
var (
	pointerShape = regexp.MustCompile(`^(/[A-Za-z0-9@._-]{1,40}){1,6}$`)
	codeShape    = regexp.MustCompile(`^[A-Z0-9_-]{1,60}$`)
)

// faults lists where the document is wrong, with the code of each error.
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
