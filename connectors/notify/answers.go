package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/people"
)

// The error codes that matter to us (CONTRACT.md "Errors").
const (
	validationError     = "ValidationError"
	noResultFound       = "NoResultFound"
	rateLimitError      = "RateLimitError"
	tooManyRequestError = "TooManyRequestsError"
)

// codes are all error codes; no others are shown.
var codes = []string{
	validationError, "BadRequestError", "AuthError", noResultFound, rateLimitError, tooManyRequestError, "Exception", "EventletTimeout",
}

// fields are what a ValidationError can name.
var fields = []string{
	"email_address", "template_id", "personalisation", "reference", "email_reply_to_id", "sanitise_content_for",
	"status", "older_than", "id",
}

// refusal is the body of every error of Notify. Its messages are never shown:
// they quote what was sent.
type refusal struct {
	Errors []fault `json:"errors"`
}

type fault struct {
	Error   string `json:"error"`
	Message string `json:"message"`
}

// decodeRefusal reads an error; it returns an empty one if the body cannot be read.
func decodeRefusal(body []byte) refusal {
	var details refusal
	if json.Unmarshal(body, &details) != nil {
		return refusal{}
	}
	return details
}

// hasOnly reports whether the answer has errors and all have this code.
func (r refusal) hasOnly(code string) bool {
	return len(r.Errors) > 0 && !slices.ContainsFunc(r.Errors, func(f fault) bool { return f.Error != code })
}

// isOnlyAbout reports whether all errors are about this field. This is the only decision
// that depends on a message, against the official advice: the code ValidationError
// says that a property broke the schema, and only the first word of the message,
// written by the validator, names the property. If that word ever changes, the
// result is an alert, which is safe: no address is marked dead by mistake.
func (r refusal) isOnlyAbout(field string) bool {
	return r.hasOnly(validationError) && !slices.ContainsFunc(r.Errors, func(f fault) bool { return f.field() != field })
}

func (f fault) field() string {
	if word, _, _ := strings.Cut(f.Message, " "); slices.Contains(fields, word) {
		return word
	}
	return ""
}

// refused says what an answer other than a success means (CONTRACT.md "Errors").
//
// Of the 400s, only those about email_address or reference concern the letter
// alone: the next one may be accepted. All others (template, reply-to,
// personalisation, trial mode) concern settings that every letter of its kind
// shares.
func (c *Client) refused(a *httpx.Answer, what string) *people.MailError {
	details := decodeRefusal(a.Body)
	e := &people.MailError{Answer: people.MailAlert, Status: a.Status, Reason: what + details.text()}
	switch {
	case a.Status < http.StatusMultipleChoices: // a success that is not ours, say of a redirect that turned into a GET
		e.Answer = people.MailUnclear
	case a.Status == http.StatusBadRequest && details.isOnlyAbout("email_address"):
		e.Answer = people.MailNoSuchAddress
	case a.Status == http.StatusRequestEntityTooLarge || a.Status == http.StatusBadRequest && details.isOnlyAbout("reference"):
		e.Answer = people.MailRefused
	case a.Status == http.StatusBadRequest && len(details.Errors) == 0:
		e.Answer = people.MailUnclear
	case a.Status == http.StatusTooManyRequests:
		e.Answer, e.Wait = c.limited(a, details)
	case a.Status == http.StatusForbidden:
		e.Reason += c.clockHint(a.Header)
	}
	return e
}

// limited tells the two limits apart. Notify sends no Retry-After, but a proxy in
// front of it may.
func (c *Client) limited(a *httpx.Answer, details refusal) (people.MailAnswer, time.Duration) {
	if details.hasOnly(tooManyRequestError) {
		return people.MailPause, untilTomorrow(c.options.Now())
	}
	wait := time.Minute
	if seconds, err := strconv.Atoi(a.Header.Get("Retry-After")); err == nil {
		wait = max(wait, time.Duration(min(seconds, 3600))*time.Second)
	}
	return people.MailRetry, wait + rand.N(15*time.Second) //nolint:gosec // it only keeps processes from coming back together
}

// untilTomorrow returns the time until a minute after the next midnight UTC, when a
// new daily limit starts. The minute is for clocks that differ: a letter sent before
// midnight by Notify's clock would cost us another day.
func untilTomorrow(now time.Time) time.Duration {
	day := 24 * time.Hour
	return now.UTC().Truncate(day).Add(day + time.Minute).Sub(now)
}

// clockHint says how far our clock is from Notify's, by the Date of the answer, if that
// may be why a token was refused.
func (c *Client) clockHint(header http.Header) string {
	const allowed = 25 * time.Second // of 30; a Date has no fractions, and took its time to come
	theirs, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return ""
	}
	switch ahead := c.options.Now().Sub(theirs).Round(time.Second); {
	case ahead > allowed:
		return fmt.Sprintf("; check the machine's clock: it is %s ahead of GOV.UK Notify's", ahead)
	case ahead < -allowed:
		return fmt.Sprintf("; check the machine's clock: it is %s behind GOV.UK Notify's", -ahead)
	}
	return ""
}

// hints put messages in our own words, for people. No decision depends on them.
var hints = []struct{ message, words string }{
	{"Template not found", "Notify has no such template"},
	{"Template has been deleted", "the template was deleted in Notify"},
	{"Missing personalisation", "the template has a placeholder that we do not fill"},
	{"email_reply_to_id", "Notify has no such reply-to address"},
	{"Additional properties", "our request has a property that Notify does not know"},
	{"Can’t send to this recipient using a team-only", "the key is for the team only: a live key is needed"},
	{"Can’t send to this recipient when service is in trial", "the service is in trial mode: ask Notify to make it live"},
	{"Error: Your system clock", "check the machine's clock"},
	{"Invalid token: API key revoked", "the key was revoked: check the API key"},
	{"Invalid token", "check the API key"},
	{"Unauthorized", "the token did not arrive: look for a proxy that drops headers"},
}

// text returns what may be shown of an error.
func (r refusal) text() string {
	const most = 5
	if len(r.Errors) == 0 {
		return ": not an answer of GOV.UK Notify: check the address of its API, and any proxy in between"
	}
	shown := make([]string, 0, most)
	for _, f := range r.Errors[:min(len(r.Errors), most)] {
		shown = append(shown, f.text())
	}
	return ": " + strings.Join(shown, ", ")
}

// placeholderShape matches the placeholders in our texts: anything else after a
// message could be a value.
var placeholderShape = regexp.MustCompile(`^[a-z][a-z_]{0,30}$`)

func (f fault) text() string {
	words := []string{"unknown error"}
	if slices.Contains(codes, f.Error) {
		words[0] = f.Error
	}
	if field := f.field(); field != "" {
		words = append(words, field)
	}
	for _, hint := range hints {
		if strings.HasPrefix(f.Message, hint.message) {
			words = append(words, "("+hint.words+")")
			break
		}
	}
	if names, missing := strings.CutPrefix(f.Message, "Missing personalisation: "); missing {
		for name := range strings.SplitSeq(names, ", ") {
			if placeholderShape.MatchString(name) {
				words = append(words, name)
			}
		}
	}
	return strings.Join(words, " ")
}

// failure says what it means that there is no answer, or one whose body we do not
// read. Its cause holds no text of the other side.
func failure(ctx context.Context, err error) *people.MailError {
	if errors.Is(err, httpx.ErrOpen) {
		return &people.MailError{
			Answer: people.MailRetry, Reason: "too many requests failed in a row; nothing was sent", Err: httpx.ErrOpen,
		}
	}
	e := unclear(0, whyNoAnswer(err))
	if status, ok := errors.AsType[*httpx.StatusError](err); ok {
		e.Status, e.Reason = status.Status, "GOV.UK Notify is in trouble"
		if status.Status < http.StatusInternalServerError && status.Status != http.StatusRequestTimeout {
			e.Answer, e.Reason = people.MailAlert, "not an answer of GOV.UK Notify: check the address of its API"
		}
	}
	e.Err = ctx.Err()
	return e
}

// asReadError turns the failure of a request that only reads into an unclear one: we
// know no more than before.
func asReadError(e *people.MailError) *people.MailError {
	if e.Answer == people.MailRetry {
		e.Answer = people.MailUnclear
	}
	return e
}

// whyNoAnswer says why there is no answer. Network errors may quote what came back, so
// we put them in our own words.
func whyNoAnswer(err error) string {
	timeout, isNet := errors.AsType[net.Error](err)
	_, isName := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return "the request was given up"
	case isNet && timeout.Timeout():
		return "no answer in time"
	case isName:
		return "the name of the service is not known here"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection broke off"
	case errors.Is(err, httpx.ErrTooLarge):
		return "the answer is too large"
	}
	return "no answer that can be read"
}

func unclear(status int, why string) *people.MailError {
	return &people.MailError{Answer: people.MailUnclear, Status: status, Reason: why}
}

func alert(why string) *people.MailError {
	return &people.MailError{Answer: people.MailAlert, Reason: why}
}

func refusedByUs(why string) *people.MailError {
	return &people.MailError{Answer: people.MailRefused, Reason: why + "; nothing was sent"}
}

func unsent(ctx context.Context, why string) *people.MailError {
	return &people.MailError{Answer: people.MailRetry, Reason: why + "; nothing was sent", Err: ctx.Err()}
}
