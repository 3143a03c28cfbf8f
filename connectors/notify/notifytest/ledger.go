package notifytest

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Outcome is what came of a request.
type Outcome string

// The outcomes. Accepted is the only effect.
const (
	None      Outcome = ""          // lost before it was looked at, refused, or an answer made by a fault
	Accepted  Outcome = "accepted"  // an e-mail that is sent
	Simulated Outcome = "simulated" // an e-mail to a smoke-test address: good, and not stored
	Read      Outcome = "read"      // the status of a message
	Listed    Outcome = "listed"    // a page of the list
)

// Entry is one request, and what came of it.
type Entry struct {
	N         int64     `json:"n"` // from 1, in the order of the answers
	At        time.Time `json:"at"`
	Method    string    `json:"method"`
	Path      string    `json:"path"`
	Reference string    `json:"reference,omitempty"` // sent, looked up, or of the message that was read
	ID        string    `json:"id,omitempty"`        // of the message
	Status    int       `json:"status"`              // answered; 0: the connection was broken
	Outcome   Outcome   `json:"outcome,omitempty"`
	Records   int       `json:"records,omitempty"` // of a page
	Fault     string    `json:"fault,omitempty"`   // the way it was treated badly
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

// ledger is the memory of what happened. The server's lock guards it.
type ledger struct {
	entries  []Entry
	keep     int
	total    int64
	statuses map[int]int
	outcomes map[Outcome]int

	messages    []*Message // in the order of acceptance
	byID        map[string]*Message
	byReference map[string][]*Message
	byAddress   map[string][]*Message // by lower-case address
	twice       int
}

func (l *ledger) reset(keep int) {
	*l = ledger{
		keep: keep, statuses: make(map[int]int), outcomes: make(map[Outcome]int), byID: make(map[string]*Message),
		byReference: make(map[string][]*Message), byAddress: make(map[string][]*Message),
	}
}

func (l *ledger) accept(m *Message) {
	l.messages = append(l.messages, m)
	m.N = len(l.messages)
	l.byID[m.ID] = m
	if m.Reference != "" {
		if len(l.byReference[m.Reference]) > 0 {
			l.twice++
		}
		l.byReference[m.Reference] = append(l.byReference[m.Reference], m)
	}
	address := strings.ToLower(m.Address)
	l.byAddress[address] = append(l.byAddress[address], m)
}

// record adds an entry; it forgets the older half of all when there are too many.
func (s *Server) record(e *Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.ledger
	l.total++
	e.N, e.At = l.total, s.now()
	l.statuses[e.Status]++
	l.outcomes[e.Outcome]++
	if len(l.entries) >= l.keep {
		l.entries = slices.Clone(l.entries[len(l.entries)/2:])
	}
	l.entries = append(l.entries, *e)
}

// Ledger returns the last requests, oldest first.
func (s *Server) Ledger() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ledger.entries)
}

// Messages returns every accepted e-mail, oldest first, also those that cannot
// be read any more.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copies(s.ledger.messages)
}

// ByReference returns the e-mails that were accepted with a reference.
func (s *Server) ByReference(reference string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copies(s.ledger.byReference[reference])
}

// ByAddress returns the e-mails that were accepted to an address, in any case of
// its letters.
func (s *Server) ByAddress(address string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copies(s.ledger.byAddress[strings.ToLower(address)])
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
	sum := Summary{
		Requests: make(map[string]int), Outcomes: make(map[Outcome]int), Accepted: len(s.ledger.messages),
		Twice: s.ledger.twice, Addresses: len(s.ledger.byAddress),
	}
	for status, n := range s.ledger.statuses {
		sum.Requests[strconv.Itoa(status)] = n
	}
	for outcome, n := range s.ledger.outcomes {
		if outcome != None {
			sum.Outcomes[outcome] = n
		}
	}
	return sum
}
