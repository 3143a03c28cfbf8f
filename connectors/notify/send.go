package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/people"
)

const (
	sendPath     = "/v2/notifications/email"
	maxReference = 1000 // characters (CONTRACT.md "Sending")
)

// Send sends a letter in one request. Its errors are *people.MailError; unless the
// answer is people.MailUnclear, Notify did not accept the letter.
//
// After an unclear answer Notify may still be processing the request: look the
// letter up after Limits.Timeout, not at once.
func (c *Client) Send(ctx context.Context, l people.Letter) (people.Acceptance, error) {
	body, err := c.body(l)
	if err != nil {
		return people.Acceptance{}, err
	}
	if err := c.options.Turn(ctx); err != nil {
		return people.Acceptance{}, unsent(ctx, "its turn did not come")
	}
	req, err := c.request(ctx, http.MethodPost, sendPath, nil, bytes.NewReader(body))
	if err != nil {
		return people.Acceptance{}, err
	}
	// A body that can be read only once keeps net/http from repeating the request
	// automatically after a broken connection or a redirect.
	req.GetBody = nil
	req.Header.Set("Content-Type", "application/json")
	answer, err := c.send.Fetch(req)
	if err != nil {
		return people.Acceptance{}, failure(ctx, err)
	}
	if answer.Status != http.StatusCreated {
		return people.Acceptance{}, c.refused(answer, "template "+string(l.Kind))
	}
	return accepted(answer, l)
}

// accepted reads a success. If it is not reliable, the letter has to be looked up.
func accepted(a *httpx.Answer, l people.Letter) (people.Acceptance, error) {
	got, err := decodeSent(a.Body)
	if err == nil && got.Reference != l.Reference {
		err = errOtherReference
	}
	if err != nil {
		return people.Acceptance{}, unclear(a.Status, err.Error())
	}
	return got.Acceptance, nil
}

// message is the body of a request that sends (CONTRACT.md "Sending"); Notify
// refuses every other property.
type message struct {
	EmailAddress       string         `json:"email_address"`
	TemplateID         string         `json:"template_id"`
	Personalisation    map[string]any `json:"personalisation"`
	Reference          string         `json:"reference"`
	EmailReplyToID     string         `json:"email_reply_to_id,omitempty"`
	SanitiseContentFor []string       `json:"sanitise_content_for,omitempty"`
}

// body encodes a letter. It is the only place that reveals personal data.
func (c *Client) body(l people.Letter) ([]byte, error) {
	template := c.options.Templates[l.Kind]
	switch {
	case template == "":
		return nil, refusedByUs("there is no template for its kind")
	case l.Reference == "" || utf8.RuneCountInString(l.Reference) > maxReference:
		return nil, refusedByUs(fmt.Sprintf("its reference has not 1 to %d characters", maxReference))
	case l.To == people.EmailAddress{}:
		return nil, &people.MailError{Answer: people.MailNoSuchAddress, Reason: "there is no address; nothing was sent"}
	}
	filled, err := personalisation(l)
	if err != nil {
		return nil, err
	}
	m := message{
		EmailAddress: l.To.Reveal(), TemplateID: template, Personalisation: filled,
		Reference: l.Reference, EmailReplyToID: c.options.ReplyTo,
	}
	for _, typed := range []string{"name", "person"} { // by users, who must not add links and headings
		if _, there := filled[typed]; there {
			m.SanitiseContentFor = append(m.SanitiseContentFor, typed)
		}
	}
	text, err := json.Marshal(m)
	if err != nil { // never: there are only texts
		return nil, refusedByUs("it cannot be encoded")
	}
	return text, nil
}

// personalisation fills the placeholders. A list without lines is sent as one:
// null would count as missing.
func personalisation(l people.Letter) (map[string]any, error) {
	filled := map[string]any{"name": l.Name.Reveal()}
	add := func(placeholder string, value any) error {
		if _, there := filled[placeholder]; there {
			return refusedByUs(fmt.Sprintf("the placeholder %q is filled twice", placeholder))
		}
		filled[placeholder] = value
		return nil
	}
	for placeholder, text := range l.Facts.Words {
		if err := add(placeholder, text); err != nil {
			return nil, err
		}
	}
	for placeholder, lines := range l.Facts.Lists {
		if err := add(placeholder, append([]string{}, lines...)); err != nil {
			return nil, err
		}
	}
	return filled, nil
}
