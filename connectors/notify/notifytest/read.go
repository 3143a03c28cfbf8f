package notifytest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// pageSize is the most messages on one page of the list (CONTRACT.md "Looking up").
const pageSize = 250

// status answers for one message.
func (s *Server) status(r *http.Request, e *Entry) simulate.Answer {
	id := strings.ToLower(r.PathValue("id"))
	if !uuidShape.MatchString(id) {
		return invalid("id is not a valid UUID")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.taken.byID[id]
	if m == nil || !s.isRetained(m) {
		return refused(http.StatusNotFound, "NoResultFound", "No result found")
	}
	e.ID, e.Reference, e.Outcome = m.ID, m.Reference, Read
	return simulate.JSON(http.StatusOK, s.notification(m))
}

// isRetained reports whether a message is still retained.
func (s *Server) isRetained(m *Message) bool { return s.Now().Sub(m.At) <= s.options.Retention }

// notification returns a message as Notify shows it (CONTRACT.md "States").
func (s *Server) notification(m *Message) map[string]any {
	now := s.Now()
	sent, completed := s.times(m, now)
	subject, body := s.rendered(m)
	n := map[string]any{
		"id": m.ID, "reference": orNull(m.Reference), "email_address": m.Address, "type": "email",
		"status": s.statusAt(m, now), "subject": subject, "body": body, "created_at": m.At.Format(timeShape),
		"sent_at": sent, "completed_at": completed, "is_cost_data_ready": true, "cost_in_pounds": 0.0, "cost_details": map[string]any{},
		"template": map[string]any{
			"id": m.TemplateID, "version": m.Version, "uri": uri("/v2/template", m.TemplateID),
		},
	}
	for _, unused := range []string{
		"phone_number", "line_1", "line_2", "line_3", "line_4", "line_5", "line_6", "postcode", "created_by_name",
		"scheduled_for", "postage", "one_click_unsubscribe_url",
	} {
		n[unused] = nil
	}
	return n
}

// emailStatuses and otherStatuses can be asked for; "failed" stands for all
// failures.
var (
	emailStatuses = []string{Created, Sending, Delivered, Permanent, Temporary, Technical, "failed"}
	otherStatuses = []string{
		"cancelled", "sent", "pending", "pending-virus-check", "validation-failed", "virus-scan-failed", "returned-letter",
		"accepted", "received",
	}
)

// list answers with a page, the newest first.
func (s *Server) list(r *http.Request, e *Entry) simulate.Answer {
	query := r.URL.Query()
	var wrong []string
	for _, status := range query["status"] {
		if !slices.Contains(emailStatuses, status) && !slices.Contains(otherStatuses, status) {
			wrong = append(wrong, "status '"+status+"' is not one of ["+strings.Join(append(emailStatuses, otherStatuses...), ", ")+"]")
		}
	}
	for _, kind := range query["template_type"] {
		if !slices.Contains([]string{"sms", "email", "letter"}, kind) {
			wrong = append(wrong, "'"+kind+"' is not one of [sms, email, letter]")
		}
	}
	if older := query.Get("older_than"); older != "" && !uuidShape.MatchString(older) {
		wrong = append(wrong, "older_than is not a valid UUID")
	}
	if len(wrong) > 0 {
		return invalid(wrong...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.page(query)
	notifications := make([]map[string]any, len(found))
	for i, m := range found {
		notifications[i] = s.notification(m)
	}
	e.Outcome, e.Records = Listed, len(found)
	return simulate.JSON(http.StatusOK, map[string]any{"notifications": notifications, "links": links(query, found)})
}

func (s *Server) page(query url.Values) (found []*Message) {
	if kinds := query["template_type"]; len(kinds) > 0 && !slices.Contains(kinds, "email") {
		return nil
	}
	all := s.taken.all
	if reference := query.Get("reference"); reference != "" {
		all = s.taken.byReference[reference]
	}
	before := len(s.taken.all) + 1
	if older := strings.ToLower(query.Get("older_than")); older != "" {
		m := s.taken.byID[older]
		if m == nil || !s.isRetained(m) {
			return nil
		}
		before = m.N
	}
	now := s.Now()
	for _, m := range slices.Backward(all) {
		if !s.isRetained(m) || len(found) == pageSize {
			break
		}
		if m.N < before && s.hasStatus(m, query["status"], now) {
			found = append(found, m)
		}
	}
	return found
}

func (s *Server) hasStatus(m *Message, statuses []string, now time.Time) bool {
	status := s.statusAt(m, now)
	return len(statuses) == 0 || slices.Contains(statuses, status) ||
		slices.Contains(statuses, "failed") && strings.HasSuffix(status, "-failure")
}

func links(query url.Values, found []*Message) map[string]string {
	current := url.URL{Scheme: "https", Host: "api.notifications.service.gov.uk", Path: ReadPath, RawQuery: query.Encode()}
	links := map[string]string{"current": current.String()}
	if len(found) > 0 {
		query.Set("older_than", found[len(found)-1].ID)
		current.RawQuery = query.Encode()
		links["next"] = current.String()
	}
	return links
}
