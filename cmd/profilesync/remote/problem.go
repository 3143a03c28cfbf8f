package remote

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/settings"
)

// mostProblem bounds a problem, in bytes.
const mostProblem = 1 << 20

// refusalBody is what a refusal says (RFC 9457).
type refusalBody struct {
	Detail string `json:"detail"`
	Errors []struct {
		Message  string `json:"message"`
		Location string `json:"location"`
	} `json:"errors"`
}

// kinds are what statuses mean.
var kinds = map[int]actions.Kind{
	http.StatusUnprocessableEntity: actions.Invalid, http.StatusRequestEntityTooLarge: actions.Invalid,
	http.StatusNotFound: actions.Missing, http.StatusConflict: actions.Conflict,
	http.StatusForbidden: actions.Forbidden, http.StatusNotImplemented: actions.Unset,
}

// pendingError means that the first request with a key has no answer yet.
type pendingError struct{ detail string }

func (e pendingError) Error() string { return e.detail }

// mayAskAgain reports whether a request that was answered so may be sent again, and how
// long to wait before that.
func mayAskAgain(answer *http.Response) (again bool, after time.Duration) {
	text := answer.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		after = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		after = time.Until(at)
	}
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true, after
	case http.StatusConflict: // the first request with the same key is not answered yet
		return text != "", after
	}
	return false, 0
}

// ofProxy reports whether a proxy answered because it got no answer of the daemon, which
// may have done what was asked for.
func ofProxy(answer *http.Response) bool {
	return answer.StatusCode == http.StatusBadGateway || answer.StatusCode == http.StatusGatewayTimeout
}

// refused is the error that an answer says, of the kind and with the text that an action
// would have given here.
func refused(answer *http.Response) error {
	p := bodyOf(answer)
	if answer.StatusCode == http.StatusUnauthorized {
		return settings.Error{Err: settings.Wrong("SERVER_TOKEN", " (or _FILE): %s", p.Detail)}
	}
	if again, _ := mayAskAgain(answer); again && answer.StatusCode == http.StatusConflict {
		return pendingError{p.Detail}
	}
	kind, known := kinds[answer.StatusCode]
	if !known {
		return errors.New(p.Detail)
	}
	return p.refusal(kind)
}

func bodyOf(answer *http.Response) (p refusalBody) {
	text, err := io.ReadAll(io.LimitReader(answer.Body, mostProblem))
	if err == nil && answer.Header.Get("Content-Type") == "application/problem+json" {
		err = json.Unmarshal(text, &p)
	}
	if err != nil || p.Detail == "" {
		p.Detail = "the daemon answered " + answer.Status
	}
	return p
}

// refusal names the inputs that are wrong as flags.
func (p refusalBody) refusal(kind actions.Kind) *actions.Error {
	refusal := &actions.Error{Kind: kind, Text: p.Detail}
	switch {
	case len(p.Errors) == 0:
	case len(p.Errors) == 1 && strings.HasPrefix(p.Detail, p.Errors[0].Location):
		refusal.Field = flagOf(p.Errors[0].Location)
		refusal.Text = strings.TrimPrefix(p.Detail, p.Errors[0].Location)
	default:
		for _, e := range p.Errors {
			refusal.Text += fmt.Sprintf("; %s: %s", cmp.Or(flagOf(e.Location), "it"), e.Message)
		}
	}
	return refusal
}

// flagOf is the flag of an input, without hyphens before it.
func flagOf(location string) string {
	name := location[strings.LastIndex(location, ".")+1:]
	return strings.ReplaceAll(name, "_", "-")
}
