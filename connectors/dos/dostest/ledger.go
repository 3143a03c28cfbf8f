package dostest

import (
	"maps"
	"slices"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// Kind is the kind of a request.
type Kind = simulate.Kind

// The kinds of requests.
const (
	KindEvent  Kind = "change-event"        // POST of a change event
	KindRead   Kind = "byodscode"           // read of DoS services
	KindSearch Kind = "organization-search" // FHIR search by ODS code
	KindUpdate Kind = "organization-update" // FHIR PUT
	KindStatus Kind = "status"              // FHIR health
	KindOther  Kind = "other"               // anything else
)

// Outcome is the outcome of a change event after its 200, or of a FHIR update.
type Outcome = simulate.Outcome

// The outcomes.
const (
	Applied   Outcome = "applied"           // written; Detail names the parts of an event that were not, or what an update changed
	Unchanged Outcome = "unchanged"         // a FHIR update without differences
	Duplicate Outcome = "duplicate-dropped" // same body for the same code within five minutes
	Stale     Outcome = "stale-dropped"     // lower sequence number than the latest of the code
	Rejected  Outcome = "rejected"          // the ingest's validation refused it
	Crashed   Outcome = "crashed"           // a null on which the real code fails: dead-lettered or lost
	Unmatched Outcome = "unmatched"         // no active service with this code
	Hidden    Outcome = "hidden"            // status Hidden or Closed: nothing is written
)

// Entry is one request, or one effect if it has an Outcome.
type Entry struct {
	simulate.Entry

	Sequence int64  `json:"sequence,omitempty"`
	Key      string `json:"key,omitempty"`    // correlation id
	Body     string `json:"body,omitempty"`   // of an effect: first 16 hexadecimal digits of the body's SHA-256
	Detail   string `json:"detail,omitempty"` // of an effect
}

// Summary counts what happened.
type Summary struct {
	Requests map[string]int        `json:"requests"` // by status; those under "0" got no answer
	Kinds    map[Kind]int          `json:"kinds"`    // requests
	Faults   map[simulate.Name]int `json:"faults"`   // requests, by the fault they met
	Effects  map[Outcome]int       `json:"effects"`
	Codes    int                   `json:"codes"` // with at least one applied effect
	// Twice is how many effects of a code were applied under a number that was applied
	// before, and Backwards how many were processed after one with a higher number,
	// not counting duplicates. The number 0 (none was sent) does not count.
	Twice     int `json:"twice"`
	Backwards int `json:"backwards"`
}

// State is the newest applied effect of a code.
type State struct {
	Code     string    `json:"code"`
	At       time.Time `json:"at"`
	Sequence int64     `json:"sequence,omitempty"`
	Key      string    `json:"key,omitempty"`
	Body     string    `json:"body"`
	Applied  int       `json:"applied"` // effects, of any sequence number
}

// Effects returns the effects of an ODS code, oldest first.
func (s *Server) Effects(code string) []Entry {
	return slices.DeleteFunc(s.Ledger(code), func(e Entry) bool { return e.Outcome == "" })
}

// Summary returns the counts so far.
func (s *Server) Summary() Summary {
	sum := Summary{
		Requests: s.Book.Statuses(), Kinds: make(map[Kind]int), Faults: s.Book.Faults(), Effects: s.Book.Outcomes(),
		Twice: s.order.Twice(), Backwards: s.order.Backwards(),
	}
	for kind, statuses := range s.Book.Answers() {
		for _, n := range statuses {
			sum.Kinds[kind] += n
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sum.Codes = len(s.states)
	return sum
}

// States returns the newest applied effect of each code, sorted by code.
func (s *Server) States() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := make([]State, 0, len(s.states))
	for _, code := range slices.Sorted(maps.Keys(s.states)) {
		states = append(states, s.states[code])
	}
	return states
}

// effect records the outcome of a request.
func (s *Server) effect(c call, outcome Outcome, detail string) {
	e := Entry{
		Entry:    simulate.Entry{Kind: c.Kind, Code: c.Code, Outcome: outcome},
		Sequence: c.Sequence, Key: c.Key, Body: digest(c.body), Detail: detail,
	}
	s.Stamp(&e.Entry)
	s.Book.Effect(e)
	if outcome != Duplicate && e.Sequence != 0 {
		s.order.Came(e.Code, e.Sequence)
	}
	if outcome == Applied {
		s.apply(e)
	}
}

func (s *Server) apply(e Entry) {
	if e.Sequence != 0 {
		s.order.Took(e.Code, e.Sequence, "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	applied := s.states[e.Code].Applied + 1
	s.states[e.Code] = State{Code: e.Code, At: e.At, Sequence: e.Sequence, Key: e.Key, Body: e.Body, Applied: applied}
}

// forget forgets all that Reset forgets besides the ledger.
func (s *Server) forget() {
	s.order.Forget()
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.states)
}
