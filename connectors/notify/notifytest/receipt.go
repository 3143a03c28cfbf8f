package notifytest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Rules of delivery receipts (CONTRACT.md "Receipts").
const (
	postingWait  = 5 * time.Minute // by the server's clock, between two attempts
	postingTries = 6               // the first and five repeats
)

// posting is the state of a message's receipt.
type posting struct {
	tries int
	next  time.Time
	over  bool // accepted, lost, or tried often enough
}

// Posted counts the outcomes of the receipts of one round.
type Posted struct {
	Taken int `json:"taken"` // answered with 2xx
	Lost  int `json:"lost"`  // given up: another 4xx, or tried six times
	Again int `json:"again"` // tried again in five minutes
}

// PostReceipts posts the receipts that are due by the clock, the oldest first, each
// with the bearer token: those of messages that reached their last status, and
// repeats after 429, 5xx and silence.
func (s *Server) PostReceipts(ctx context.Context, url, token string) (Posted, error) {
	var sum Posted
	for _, m := range s.due() {
		status, err := s.Post(ctx, url, token, m.ID)
		if ctx.Err() != nil {
			return sum, fmt.Errorf("posting receipts: %w", ctx.Err())
		}
		s.recordPosting(m, status, err, &sum)
	}
	return sum, nil
}

func (s *Server) due() (due []*Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	for _, m := range s.taken.all {
		if !m.receipt.over && now.Sub(m.At) >= s.options.Done && !now.Before(m.receipt.next) {
			due = append(due, m)
		}
	}
	return due
}

func (s *Server) recordPosting(m *Message, status int, err error, sum *Posted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &m.receipt
	p.tries++
	p.next = s.Now().Add(postingWait)
	again := err != nil || status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
	switch {
	case again && p.tries < postingTries:
		sum.Again++
	case again || status >= http.StatusMultipleChoices:
		p.over = true
		sum.Lost++
	default:
		p.over = true
		sum.Taken++
	}
}

// Post posts the receipt of a message once, whatever happened before, and returns
// the status of the answer. It waits at most 5 seconds.
func (s *Server) Post(ctx context.Context, url, token, id string) (status int, err error) {
	body, err := s.receipt(id)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("posting a receipt: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.post.Do(req)
	if err != nil {
		return 0, fmt.Errorf("posting a receipt: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, nil
}

// receipt returns the body of a delivery receipt.
func (s *Server) receipt(id string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.taken.byID[id]
	if m == nil {
		return nil, fmt.Errorf("there is no message %q", id)
	}
	now := s.Now()
	sent, completed := s.times(m, now)
	return json.Marshal(map[string]any{
		"id": m.ID, "reference": orNull(m.Reference), "to": m.Address, "status": s.statusAt(m, now),
		"created_at": m.At.Format(timeShape), "completed_at": completed, "sent_at": sent, "notification_type": "email",
		"template_id": m.TemplateID, "template_version": m.Version,
	})
}
