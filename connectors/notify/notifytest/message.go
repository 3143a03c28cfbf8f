package notifytest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// The statuses that an e-mail can have here.
const (
	Created   = "created"
	Sending   = "sending"
	Delivered = "delivered"
	Permanent = "permanent-failure"
	Temporary = "temporary-failure"
	Technical = "technical-failure"
)

// Message is an e-mail that was accepted.
type Message struct {
	N               int            `json:"n"` // from 1, in the order of acceptance
	ID              string         `json:"id"`
	Reference       string         `json:"reference"`
	Address         string         `json:"address"`
	TemplateID      string         `json:"template_id"`
	Version         int            `json:"version"` // of the template
	Personalisation map[string]any `json:"personalisation"`
	Sanitised       []string       `json:"sanitised,omitempty"` // sanitise_content_for
	ReplyTo         string         `json:"reply_to,omitempty"`
	At              time.Time      `json:"at"` // of acceptance, by the server's clock

	fate    string
	receipt posting
}

const timeShape = "2006-01-02T15:04:05.000000Z"

// accept stores an e-mail and answers 201. The limits count it.
func (s *Server) accept(req request, t Template, e *Entry) simulate.Answer {
	fate := s.fate(req.EmailAddress)
	s.mu.Lock()
	defer s.mu.Unlock()
	m := &Message{
		ID: s.newID(), Reference: req.Reference, Address: req.EmailAddress, TemplateID: t.ID, Version: t.Version,
		Personalisation: req.Personalisation, Sanitised: req.SanitiseContentFor, ReplyTo: req.ReplyTo,
		At: s.Now().Truncate(time.Microsecond), fate: fate,
	}
	e.ID, e.Outcome = m.ID, Simulated
	if !slices.Contains(smokeTestAddresses, req.EmailAddress) {
		s.sum++
		e.Outcome = Accepted
		s.taken.accept(m)
	}
	clean, sanitised := m.clean()
	content := map[string]any{
		"subject": render(t.Subject, clean), "body": render(t.Body, clean), "from_email": "simulated@notifications.service.gov.uk",
	}
	if req.Unsubscribe != "" {
		content["one_click_unsubscribe_url"] = req.Unsubscribe
	}
	return simulate.JSON(http.StatusCreated, map[string]any{
		"id": m.ID, "reference": orNull(m.Reference), "content": content, "uri": uri(ReadPath, m.ID), "scheduled_for": nil,
		"template":          map[string]any{"id": t.ID, "version": t.Version, "uri": uri("/v2/template", t.ID)},
		"sanitised_content": sanitised,
	})
}

// clean returns the personalisation, sanitised as requested, and what that changed.
func (m *Message) clean() (clean, changed map[string]any) {
	clean, changed = maps.Clone(m.Personalisation), map[string]any{}
	for _, name := range m.Sanitised {
		before, ok := clean[name].(string)
		if after := sanitise(before); ok && after != before {
			clean[name] = after
			changed[name] = map[string]string{"unsanitised": before, "sanitised": after}
		}
	}
	return clean, changed
}

// rendered returns the text as it was sent.
func (s *Server) rendered(m *Message) (subject, body string) {
	t := s.templates[m.TemplateID][m.Version-1]
	clean, _ := m.clean()
	return render(t.Subject, clean), render(t.Body, clean)
}

func (s *Server) fate(address string) string {
	if s.options.LastStatus != nil {
		if status := s.options.LastStatus(address); status != "" {
			return status
		}
	}
	switch address {
	case TempFail:
		return Temporary
	case PermFail:
		return Permanent
	}
	return Delivered
}

// newID returns a random (version 4) UUID.
func (s *Server) newID() string {
	a, b := s.ids.Uint64(), s.ids.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}

// statusAt returns the status of a message at a time.
func (s *Server) statusAt(m *Message, now time.Time) string {
	switch age := now.Sub(m.At); {
	case age < s.options.Sending:
		return Created
	case age < s.options.Done:
		return Sending
	}
	return m.fate
}

// times returns sent_at and completed_at, nil if that has not happened yet.
func (s *Server) times(m *Message, now time.Time) (sent, completed any) {
	switch s.statusAt(m, now) {
	case Created:
		return nil, nil
	case Sending:
		return m.At.Add(s.options.Sending).Format(timeShape), nil
	}
	return m.At.Add(s.options.Sending).Format(timeShape), m.At.Add(s.options.Done).Format(timeShape)
}

func uri(path, id string) string { return "https://api.notifications.service.gov.uk" + path + "/" + id }

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
