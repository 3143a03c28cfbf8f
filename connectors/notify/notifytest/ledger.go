package notifytest

import (
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// Outcome is what came of a request.
type Outcome = simulate.Outcome

// The outcomes. Accepted is the only effect.
const (
	None      Outcome = ""          // lost before it was looked at, refused, or an answer made by a fault
	Accepted  Outcome = "accepted"  // an e-mail that is sent
	Simulated Outcome = "simulated" // an e-mail to a smoke-test address: good, and not stored
	Read      Outcome = "read"      // the status of a message
	Listed    Outcome = "listed"    // a page of the list
)

// Entry is one request, numbered in the order of the answers, and what came of
// it.
type Entry struct {
	simulate.Entry

	Reference string `json:"reference,omitempty"` // sent, looked up, or of the message that was read
	ID        string `json:"id,omitempty"`        // of the message
	Records   int    `json:"records,omitempty"`   // of a page
}

// Summary counts all requests since the start or Reset, also those the ledger
// forgot.
type Summary struct {
	Requests map[string]int  `json:"requests"` // by status; "0" for broken connections
	Outcomes map[Outcome]int `json:"outcomes"`
	Accepted int             `json:"accepted"` // e-mails
	// Twice is how many e-mails were accepted with a reference that another one
	// had before.
	Twice     int `json:"twice"`
	Addresses int `json:"addresses"` // that were sent something
}

// taken are the e-mails that were accepted. The server's lock guards it.
type taken struct {
	all         []*Message // in the order of acceptance
	byID        map[string]*Message
	byReference map[string][]*Message
	byAddress   map[string][]*Message // by lower-case address
	twice       int
}

func newTaken() taken {
	return taken{
		byID: make(map[string]*Message), byReference: make(map[string][]*Message), byAddress: make(map[string][]*Message),
	}
}

func (t *taken) accept(m *Message) {
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

// Messages returns every accepted e-mail, oldest first, also those that cannot
// be read any more.
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

// ByAddress returns the e-mails that were accepted to an address, in any case of
// its letters.
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

// Text is the subject and the body of an e-mail as its recipient has them.
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
