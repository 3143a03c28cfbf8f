package smtptest

import (
	"bytes"
	"net/mail"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// Message is a message that was accepted.
type Message struct {
	simulate.Entry // only number, time and the fault of its dot are set

	HELO     string
	TLS      bool
	User     string // who signed in; empty: nobody
	From, To string // of the envelope
	Params   string // what followed MAIL FROM, "BODY=8BITMIME"
	ID       string // Message-ID
	Raw      []byte // lines ending in CRLF
	Answered bool   // whether the client was told that it was accepted
}

// Ledger returns every message accepted so far.
func (s *Server) Ledger() []Message { return s.book.Entries() }

// Twice returns the Message-IDs that were accepted more than once, each once.
func (s *Server) Twice() (ids []string) {
	seen := make(map[string]int)
	for _, m := range s.Ledger() {
		if seen[m.ID]++; seen[m.ID] == 2 {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// Conversations returns the number of connections so far.
func (s *Server) Conversations() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conversations
}

func (s *Server) take(m Message) {
	if parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw)); err == nil {
		m.ID = parsed.Header.Get("Message-Id")
	}
	s.book.Stamp(&m.Entry, s.options.Now)
	s.book.Effect(m)
}
