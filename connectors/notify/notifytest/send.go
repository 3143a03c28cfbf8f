package notifytest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// The addresses with a fixed last status (CONTRACT.md "Keys and test addresses").
const (
	TempFail = "temp-fail@simulator.notify"
	PermFail = "perm-fail@simulator.notify"
)

// smokeTestAddresses are the addresses for smoke tests in production: nothing is stored for them.
var smokeTestAddresses = []string{
	"simulate-delivered@notifications.service.gov.uk", "simulate-delivered-2@notifications.service.gov.uk",
	"simulate-delivered-3@notifications.service.gov.uk",
}

// Limits on what can be sent (CONTRACT.md "Sending").
const (
	maxReference = 1000
	maxRendered  = 2_000_000
)

// request is the body of a request to send.
type request struct {
	EmailAddress       string         `json:"email_address"`
	TemplateID         string         `json:"template_id"`
	Personalisation    map[string]any `json:"personalisation"`
	Reference          string         `json:"reference"`
	ReplyTo            string         `json:"email_reply_to_id"`
	Unsubscribe        string         `json:"one_click_unsubscribe_url"`
	SanitiseContentFor []string       `json:"sanitise_content_for"`
	ScheduledFor       string         `json:"scheduled_for"`
}

// send accepts an e-mail, or says what is wrong with it.
func (s *Server) send(r *http.Request, e *Entry) simulate.Answer {
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	if err != nil {
		return bad("Invalid JSON supplied in POST data")
	}
	req, a, ok := parse(body, s.Now())
	if !ok {
		return a
	}
	e.Reference = req.Reference
	if a, over := s.limited(); over {
		return a
	}
	t, a, ok := s.templateFor(req)
	if !ok {
		return a
	}
	return s.accept(req, t, e)
}

// templateFor finds the template of a request, and makes the checks that need the
// server's data.
func (s *Server) templateFor(req request) (Template, simulate.Answer, bool) {
	t, found := s.template(req.TemplateID)
	switch missing := t.missing(req.Personalisation); {
	case !found:
		return t, bad("Template not found"), false
	case t.Deleted:
		return t, bad("Template has been deleted"), false
	case len(missing) > 0:
		return t, bad("Missing personalisation: " + strings.Join(missing, ", ")), false
	case len(render(t.Body, req.Personalisation)) > maxRendered:
		return t, bad("Your message is too long"), false
	case req.ReplyTo != "" && !slices.Contains(s.options.ReplyTo, req.ReplyTo):
		return t, bad("email_reply_to_id " + req.ReplyTo + " does not exist in database for service id " + s.key.service), false
	}
	a, ok := s.reachable(req.EmailAddress)
	return t, a, ok
}

// reachable reports whether this key may send to an address.
func (s *Server) reachable(address string) (simulate.Answer, bool) {
	switch member := slices.Contains(s.options.Members, address) || slices.Contains(smokeTestAddresses, address); {
	case s.options.Kind == Team && !member:
		return bad("Can’t send to this recipient using a team-only API key"), false
	case s.options.Trial && s.options.Kind == Live && !member:
		return bad("Can’t send to this recipient when service is in trial mode – " +
			"see https://www.notifications.service.gov.uk/trial-mode"), false
	}
	return simulate.Answer{}, true
}

// parse checks a body against the schema, and reports every error.
func parse(body []byte, now time.Time) (req request, a simulate.Answer, ok bool) {
	var properties map[string]any
	if json.Unmarshal(body, &properties) != nil || properties == nil {
		return req, bad("Invalid JSON supplied in POST data"), false
	}
	var wrong []string
	for _, p := range schema {
		value, there := properties[p.name]
		switch {
		case !there && p.required:
			wrong = append(wrong, p.name+" is a required property")
		case there:
			if why := p.check(value, now); why != "" {
				wrong = append(wrong, p.name+" "+why)
			}
		}
		delete(properties, p.name)
	}
	for name := range properties {
		wrong = append(wrong, "Additional properties are not allowed ("+name+" was unexpected)")
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return req, invalid(wrong...), false
	}
	if json.Unmarshal(body, &req) != nil {
		return req, bad("Invalid JSON supplied in POST data"), false
	}
	return req, simulate.Answer{}, true
}

// property is a property of a request to send (CONTRACT.md "Sending").
type property struct {
	name     string
	required bool
	check    func(value any, now time.Time) string // returns what is wrong, or nothing
}

var schema = []property{
	{"email_address", true, text(func(s string) string {
		address, err := mail.ParseAddress(s)
		_, domain, _ := strings.Cut(s, "@")
		if err != nil || address.Address != s || !strings.Contains(strings.Trim(domain, "."), ".") {
			return "Not a valid email address"
		}
		return ""
	})},
	{"template_id", true, text(uuid)},
	{"personalisation", false, func(value any, _ time.Time) string {
		if _, ok := value.(map[string]any); !ok {
			return "is not of type object"
		}
		return ""
	}},
	{"reference", false, text(func(s string) string {
		if utf8.RuneCountInString(s) > maxReference {
			return s + " is too long" // as the service says it, value and all
		}
		return ""
	})},
	{"email_reply_to_id", false, text(uuid)},
	{"one_click_unsubscribe_url", false, text(func(s string) string {
		if !strings.HasPrefix(s, "https://") {
			return "is not a valid https url"
		}
		return ""
	})},
	{"sanitise_content_for", false, func(value any, _ time.Time) string {
		list, ok := value.([]any)
		if !ok || slices.ContainsFunc(list, func(v any) bool { _, isText := v.(string); return !isText }) {
			return "is not of type array of strings"
		}
		return ""
	}},
	{"scheduled_for", false, func(value any, now time.Time) string {
		s, _ := value.(string)
		at, err := time.Parse(time.RFC3339, s)
		if err != nil || at.Before(now) || at.Sub(now) > 24*time.Hour {
			return "datetime must be within the next 24 hours"
		}
		return ""
	}},
}

func text(check func(string) string) func(any, time.Time) string {
	return func(value any, _ time.Time) string {
		s, ok := value.(string)
		if !ok {
			return "is not of type string"
		}
		return check(s)
	}
}

func uuid(s string) string {
	if !uuidShape.MatchString(s) {
		return "is not a valid UUID"
	}
	return ""
}
