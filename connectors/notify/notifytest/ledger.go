package notifytest

import (
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// Outcome is the outcome of a request.
type Outcome = simulate.Outcome

// The outcomes. Accepted is the only effect.
const (
	None      Outcome = ""          // lost before it was processed, refused, or answered by a fault
	Accepted  Outcome = "accepted"  // an e-mail that is sent
	Simulated Outcome = "simulated" // an e-mail to a smoke-test address: valid, but not stored
	Read      Outcome = "read"      // the status of a message
	Listed    Outcome = "listed"    // a page of the list
)

// Entry is one request with its outcome, numbered in the order of the answers.
type Entry struct {
	simulate.Entry

	Reference string `json:"reference,omitempty"` // sent, looked up, or of the message that was read
	ID        string `json:"id,omitempty"`        // of the message
	Records   int    `json:"records,omitempty"`   // of a page
}

// Summary counts all requests since the start or Reset, including those that the
// ledger forgot.
type Summary struct {
	Requests map[string]int  `json:"requests"` // by status; "0" for broken connections
	Outcomes map[Outcome]int `json:"outcomes"`
	Accepted int             `json:"accepted"` // e-mails
	// Twice is the number of e-mails that were accepted with the reference of an
	// earlier one.
	Twice     int `json:"twice"`
	Addresses int `json:"addresses"` // that were sent something
}

// acceptedMessages holds the e-mails that were accepted. The server's lock guards it.
type acceptedMessages struct {
	all         []*Message // in the order of acceptance
	byID        map[string]*Message
	byReference map[string][]*Message
	byAddress   map[string][]*Message // by lower-case address
	twice       int
}

func newTaken() acceptedMessages {
	return acceptedMessages{
		byID: make(map[string]*Message), byReference: make(map[string][]*Message), byAddress: make(map[string][]*Message),
	}
}

func (t *acceptedMessages) accept(m *Message) {
	t.all = append(t.all, m)
	m.N = len(t.all)
	t.byID[m.ID] = m
	if m.Reference != "" {
		if len(t.byReference[m.Reference]) > 0 {
			t.twice++
		}
		t.byReference[m.Reference] = append(t.byReference[m.Reference], m)
	}
	address := strings.ToLower(m.Address)
	t.byAddress[address] = append(t.byAddress[address], m)
}

// Messages returns every accepted e-mail, oldest first, including those that can no
// longer be read.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copies(s.taken.all)
}

// ByReference returns the e-mails that were accepted with a reference.
func (s *Server) ByReference(reference string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copies(s.taken.byReference[reference])
}

// ByAddress returns the e-mails that were accepted to an address, ignoring case.
func (s *Server) ByAddress(address string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copies(s.taken.byAddress[strings.ToLower(address)])
}

func copies(messages []*Message) []Message {
	values := make([]Message, len(messages))
	for i, m := range messages {
		values[i] = *m
	}
	return values
}

// Text returns the subject and the body of an e-mail as its recipient gets them.
func (s *Server) Text(m Message) (subject, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rendered(&m)
}

// Summary counts what happened so far.
func (s *Server) Summary() Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Summary{
		Requests: s.Book.Statuses(), Outcomes: s.Book.Outcomes(), Accepted: len(s.taken.all),
		Twice: s.taken.twice, Addresses: len(s.taken.byAddress),
	}
}
