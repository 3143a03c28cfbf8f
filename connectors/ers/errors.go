package ers

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/apim"
	"github.com/profilesync/profilesync/connectors/internal/httpx"
)

// The codes of refusals that matter to us (CONTRACT.md "Errors").
const (
	codeNoRelationship = "NO_RELATIONSHIP"
	codeAccessDenied   = "ACCESS_DENIED"
	codeMissingHeader  = "MISSING_HEADER"
	codeNotFound       = "REC_NOT_FOUND"
)

// Error says why e-RS gave no usable answer. It may be logged and stored: it never
// holds a token, and nothing that e-RS wrote except a code.
type Error struct {
	Doing         string // "asking e-RS for service 11002"
	Credential    string
	Status        int    // of the answer; 0 if there was none
	Code          string // e-RS's own code, such as NO_RELATIONSHIP; empty if the body has none
	Reason        string // for people, and what to do about it
	CorrelationID string // ours
	RequestID     string // e-RS's, to quote to it; may be empty

	retryable    bool
	unauthorized bool
	again        bool // retry soon, within the same call
	head         bool // the answer cannot have a body
	wait         time.Duration
	cause        error
	raw          []byte // of a success that cannot be read
}

// Error names the request, the answer, and the ids to quote.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (credential %s): ", e.Doing, e.Credential)
	if e.Status != 0 {
		fmt.Fprintf(&b, "status %d", e.Status)
		if e.Code != "" {
			b.WriteString(" " + e.Code)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Reason)
	if e.wait > 0 {
		fmt.Fprintf(&b, ", retry after %s", e.wait)
	}
	if e.CorrelationID != "" {
		b.WriteString(", correlation " + e.CorrelationID)
	}
	if e.RequestID != "" {
		b.WriteString(", request " + e.RequestID)
	}
	return b.String()
}

// Unwrap returns the lost connection or refused token behind the error.
func (e *Error) Unwrap() error { return e.cause }

// Retryable reports whether the same request may succeed later.
func (e *Error) Retryable() bool { return e.retryable }

// Unauthorized reports whether e-RS or the platform refuses our application: pause and
// alert, drop nothing.
func (e *Error) Unauthorized() bool { return e.unauthorized }

// Wait is how long we were asked to wait; 0 if we were not.
func (e *Error) Wait() time.Duration { return e.wait }

// NotVisible reports whether the credential's organisation may not see the service.
// For A037, whose refusals have no body, the application itself may be refused.
func (e *Error) NotVisible() bool {
	return e.Status == http.StatusForbidden && (e.Code == codeNoRelationship || e.head)
}

// NotFound reports whether e-RS says that it does not know the service. A 404 that
// does not say so may be a wrong address and does not count, except for A037, which
// cannot say more.
func (e *Error) NotFound() bool {
	return e.Status == http.StatusNotFound && (e.Code == codeNotFound || e.head)
}

// refused classifies an answer by its status; the body, which may be anything, only
// adds details (CONTRACT.md "Errors").
func refused(by Credential, q question, status int, body []byte) *Error {
	told := explain(body)
	e := &Error{Doing: q.doing, Credential: by.Name, Status: status, Code: told.code, head: q.method == http.MethodHead}
	switch {
	case status == http.StatusUnauthorized:
		// This applies only if there was no token at all: otherwise Authorized replaces it.
		e.unauthorized, e.Reason = true, "e-RS requires a token, and this credential has none: configure its application"
	case status == http.StatusForbidden:
		e.unauthorized, e.Reason = !e.NotVisible(), forbidden(told)
	case status == http.StatusNotFound:
		e.Reason = "a 404 that e-RS itself may not have sent: check the address of the API"
		if e.NotFound() {
			e.Reason = "e-RS does not know it"
		}
	case status == http.StatusTooManyRequests:
		e.retryable, e.again, e.Reason = true, true, "too many requests with this credential: does another system use it?"
	case status == http.StatusRequestTimeout || status == http.StatusTooEarly || status >= http.StatusInternalServerError:
		e.retryable, e.again, e.Reason = true, true, told.faultReason()
	case status < http.StatusBadRequest:
		e.retryable, e.Reason = true, "a success without the content that it should have"
	default:
		e.Reason = "e-RS refuses the request"
	}
	return e
}

func forbidden(s errorBody) string {
	switch {
	case s.code == codeNoRelationship:
		return "this organisation may not see the service"
	case s.mentions("asid"):
		return "the application has no ASID: ask NHS England to set it"
	default:
		return "e-RS refuses this application: check that it is registered as REFERRER_AUTHORISED_APPLICATION " +
			"(it is PROVIDER if nothing is set) and approved for e-RS"
	}
}

// errorBody is what the body of an error says.
type errorBody struct {
	code string
	text string // lower case; never repeated, since nobody guarantees what it contains
}

func (s errorBody) mentions(word string) bool { return strings.Contains(s.text, word) }

func (s errorBody) faultReason() string {
	if s.mentions("app-restricted-ods-code") {
		return "the application has no organisation: ask NHS England to set its ODS code"
	}
	return "e-RS or the platform has a fault"
}

// explain reads an OperationOutcome or a fault of the gateway, and ignores anything
// else.
func explain(body []byte) errorBody {
	var outcome struct {
		Issue many[struct {
			Details struct {
				Coding many[struct {
					Code string `json:"code"`
				}] `json:"coding"`
			} `json:"details"`
			Diagnostics string `json:"diagnostics"`
		}] `json:"issue"`
		Fault struct {
			Text string `json:"faultstring"`
		} `json:"fault"`
	}
	if err := json.Unmarshal(body, &outcome); err != nil {
		return errorBody{}
	}
	s := errorBody{text: strings.ToLower(outcome.Fault.Text)}
	for _, issue := range outcome.Issue {
		s.text += strings.ToLower(issue.Diagnostics) + "\n"
		for _, coding := range issue.Details.Coding {
			if s.code == "" && plainCode(coding.Code) {
				s.code = coding.Code
			}
		}
	}
	return s
}

// plainCode reports whether a code is short and plain.
func plainCode(code string) bool {
	return code != "" && len(code) <= 40 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == ""
}

// unreadableAnswer returns the error of an exchange without a readable answer.
func unreadableAnswer(by Credential, q question, err error) *Error {
	e := &Error{Doing: q.doing, Credential: by.Name, cause: err, retryable: true, again: true, Reason: "no answer: " + err.Error()}
	if errors.Is(err, httpx.ErrTooLarge) {
		e.retryable, e.again, e.Reason = false, false, "the answer is larger than the limit"
	}
	return e
}

// noToken returns the error if there is no token, or the API refused it twice. Tokens
// does its own retries.
func noToken(by Credential, q question, correlation string, token *apim.Error) *Error {
	e := &Error{
		Doing: q.doing, Credential: by.Name, Status: token.Status, CorrelationID: correlation, cause: token,
		Reason: token.Error(), wait: token.Wait,
		retryable: token.Class == apim.Retryable, unauthorized: token.Class != apim.Retryable,
	}
	if refused, ok := errors.AsType[*Error](token.Unwrap()); ok {
		e.RequestID = refused.RequestID
	}
	return e
}

// unreadable returns the error of a success with wrong content. It is retryable, since
// a later answer may be right.
func unreadable(by Credential, q question, answer *httpx.Answer, why string) *Error {
	return &Error{
		Doing: q.doing, Credential: by.Name, Status: answer.Status, Reason: "the answer cannot be read: " + why, retryable: true,
		CorrelationID: answer.Header.Get(correlationHeader), RequestID: answer.Header.Get(requestHeader), raw: answer.Body,
	}
}
