package apim

import (
	"fmt"
	"strings"
	"time"
)

// Class says what a caller should do about an error.
type Class string

// The classes of errors (CONTRACT.md "Errors").
const (
	Permanent    Class = "permanent"    // our request is wrong: a person has to look into it
	Retryable    Class = "retryable"    // wait, then ask again
	Unauthorised Class = "unauthorised" // our registration, key or address is refused: pause, alert, drop nothing
)

// Error says why there is no token, or why the API refused one. It puts the
// platform's answer in our own words.
type Error struct {
	Class  Class
	Status int           // of the answer; 0 if there was none
	Reason string        // for people, and what to do about it
	Ref    string        // the platform's message_id, to quote to its service desk; may be empty
	Wait   time.Duration // that the platform asked for; 0 if it did not
	cause  error
	resign bool // an immediate retry with a new assertion may succeed
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "signing in (%s", e.Class)
	if e.Status != 0 {
		fmt.Fprintf(&b, ", status %d", e.Status)
	}
	fmt.Fprintf(&b, "): %s", e.Reason)
	if e.Ref != "" {
		fmt.Fprintf(&b, ", message %s", e.Ref)
	}
	return b.String()
}

// Unwrap returns the lost connection or refused request behind the error.
func (e *Error) Unwrap() error { return e.cause }

// refusal is the platform's JSON error.
type refusal struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	MessageID   string `json:"message_id"`
}

// reasons turn the platform's text into our own words. Its text is never repeated,
// since nobody guarantees what it contains. The first fragment found decides.
var reasons = []struct {
	fragment string // of error_description, lower case
	reason   string
	class    Class // empty: by status
	resign   bool
}{
	{fragment: "non-unique 'jti'", reason: "the assertion's jti was used before", resign: true},
	{fragment: "jwt has expired", reason: "the assertion had expired on arrival: check this machine's clock", resign: true},
	{fragment: "more than 5 minutes", reason: "the assertion ends too far ahead: check this machine's clock"},
	{fragment: "no matching public key", reason: "the key id is not among the registered keys: " +
		"check it; a key that was just added is known after an hour"},
	{fragment: "signature verification", reason: "the private key does not belong to the registered public key of this key id"},
	{fragment: "can't be reached", reason: "the platform cannot reach the registered keys (JWKS)", class: Retryable},
	{fragment: "register a public key", reason: "no public key is registered for this application"},
	{fragment: "not configured to use this authorization", reason: "the application is not subscribed to an application-restricted API"},
	{fragment: "'aud'", reason: "the token address is not the one of this environment: check that it is exact, with https://"},
	{fragment: "invalid 'iss'/'sub'", reason: "this environment does not know the client id"},
	{fragment: "'alg'", reason: "the assertion's alg is refused"},
	{fragment: "'typ'", reason: "the assertion's typ is refused"},
	{fragment: "'kid'", reason: "the assertion's kid is refused"},
	{fragment: "'iss'/'sub'", reason: "the assertion's iss and sub are refused"},
	{fragment: "'jti'", reason: "the assertion's jti is refused"},
	{fragment: "'exp'", reason: "the assertion's exp is refused"},
	{fragment: "grant_type", reason: "the grant type is refused"},
	{fragment: "client_assertion", reason: "the form of the assertion is refused"},
	{fragment: "content-type", reason: "the content type is refused"},
}

// refused classifies an answer other than 2xx.
func refused(status int, body refusal, wait time.Duration) *Error {
	e := &Error{Class: classOf(status), Status: status, Wait: wait, Ref: reference(body.MessageID)}
	e.Reason = defaultReason(e.Class)
	text := strings.ToLower(body.Description)
	for _, row := range reasons {
		if !strings.Contains(text, row.fragment) {
			continue
		}
		e.Reason, e.resign = row.reason, row.resign
		if row.class != "" {
			e.Class = row.class
		}
		break
	}
	return e
}

func classOf(status int) Class {
	switch {
	case status == 401 || status == 403:
		return Unauthorised
	case status == 408 || status == 425 || status == 429 || status >= 500:
		return Retryable
	}
	return Permanent
}

func defaultReason(c Class) string {
	switch c {
	case Unauthorised:
		return "the platform refuses this application: check client id, key id, key and address"
	case Retryable:
		return "the platform asks us to come back later"
	default:
		return "the platform refuses the request for a token"
	}
}

// reference returns the id if it is short and plain, else nothing.
func reference(id string) string {
	if len(id) > 64 || strings.IndexFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-'
	}) >= 0 {
		return ""
	}
	return id
}
