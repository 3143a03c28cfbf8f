package dostest

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Kind is what was asked for.
type Kind string

// The kinds of requests.
const (
	KindEvent  Kind = "change-event"        // POST of a change event
	KindRead   Kind = "byodscode"           // read of DoS services
	KindSearch Kind = "organization-search" // FHIR search by ODS code
	KindUpdate Kind = "organization-update" // FHIR PUT
	KindStatus Kind = "status"              // FHIR health
	KindOther  Kind = "other"               // anything that is not served
)

// Outcome is what became of a change event after its 200, or of a FHIR update.
type Outcome string

// The outcomes.
const (
	Applied   Outcome = "applied"           // written; Detail names what was left out of an event, or what an update changed
	Unchanged Outcome = "unchanged"         // a FHIR update that differed in nothing
	Duplicate Outcome = "duplicate-dropped" // same body for the same code within five minutes
	Stale     Outcome = "stale-dropped"     // lower sequence number than the latest of the code
	Rejected  Outcome = "rejected"          // the ingest's validation
	Crashed   Outcome = "crashed"           // a null that the real code trips over: dead-lettered or lost
	Unmatched Outcome = "unmatched"         // no active service with this code
	Hidden    Outcome = "hidden"            // status Hidden or Closed: nothing is written
)

// Entry is one request, or one effect where it has an Outcome.
type Entry struct {
	At       time.Time `json:"at"` // arrival of a request, by Options.Now
	Kind     Kind      `json:"kind"`
	Code     string    `json:"code,omitempty"` // ODS code
	Sequence int64     `json:"sequence,omitempty"`
	Key      string    `json:"key,omitempty"`     // correlation id
	Status   int       `json:"status,omitempty"`  // of the answer; 0 for an effect, and where none was sent
	Fault    string    `json:"fault,omitempty"`   // switch that the request met, as Faults spells it
	Outcome  Outcome   `json:"outcome,omitempty"` // of an effect
	Body     string    `json:"body,omitempty"`    // of an effect: first 16 hexadecimal digits of the body's SHA-256
	Detail   string    `json:"detail,omitempty"`  // of an effect
}

// Summary counts what happened.
type Summary struct {
	Requests map[string]int  `json:"requests"` // by status; "0" got no answer
	Kinds    map[Kind]int    `json:"kinds"`    // requests
	Faults   map[string]int  `json:"faults"`   // requests, by the switch they met
	Effects  map[Outcome]int `json:"effects"`
	Codes    int             `json:"codes"`   // with at least one applied effect
	Doubled  int             `json:"doubled"` // codes with two applied effects of one sequence number, 0 (none sent) aside
	Lower    int             `json:"lower"`   // effects that came to be worked off after one with a higher number, duplicates aside
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

// ledger only grows; entries never change once they are in.
type ledger struct {
	mu      sync.Mutex
	entries []Entry
	sum     Summary
	codes   map[string]*account
}

type account struct {
	effects []int // places in the entries
	numbers map[int64]int
	highest int64
	worked  bool
	doubled bool
	state   State
}

func newLedger() *ledger {
	return &ledger{
		codes: make(map[string]*account),
		sum: Summary{
			Requests: make(map[string]int), Kinds: make(map[Kind]int), Faults: make(map[string]int), Effects: make(map[Outcome]int),
		},
	}
}

// Ledger returns all requests and effects in the order they were noted.
func (s *Server) Ledger() []Entry { return slices.Clone(s.ledger.view()) }

// Effects returns the effects of an ODS code, oldest first.
func (s *Server) Effects(code string) []Entry { return s.ledger.effects(code) }

// Summary returns the counts so far.
func (s *Server) Summary() Summary { return s.ledger.summary() }

// States returns the newest applied effect of each code, sorted by code.
func (s *Server) States() []State { return s.ledger.states() }

func (l *ledger) request(c call, status int, met string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, Entry{
		At: c.at, Kind: c.kind, Code: c.code, Sequence: c.sequence, Key: c.key, Status: status, Fault: met,
	})
	l.sum.Requests[strconv.Itoa(status)]++
	l.sum.Kinds[c.kind]++
	if met != "" {
		l.sum.Faults[met]++
	}
}

func (l *ledger) effect(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.codes[e.Code]
	if a == nil {
		a = &account{numbers: make(map[int64]int, 1)}
		l.codes[e.Code] = a
	}
	a.effects = append(a.effects, len(l.entries))
	l.entries = append(l.entries, e)
	l.sum.Effects[e.Outcome]++
	if e.Outcome != Duplicate && e.Sequence != 0 {
		l.order(a, e.Sequence)
	}
	if e.Outcome == Applied {
		l.apply(a, e)
	}
}

func (l *ledger) order(a *account, sequence int64) {
	if a.worked && sequence < a.highest {
		l.sum.Lower++
		return
	}
	a.worked, a.highest = true, sequence
}

func (l *ledger) apply(a *account, e Entry) {
	if a.state.Applied == 0 {
		l.sum.Codes++
	}
	a.state = State{Code: e.Code, At: e.At, Sequence: e.Sequence, Key: e.Key, Body: e.Body, Applied: a.state.Applied + 1}
	if e.Sequence == 0 {
		return
	}
	a.numbers[e.Sequence]++
	if a.numbers[e.Sequence] > 1 && !a.doubled {
		a.doubled = true
		l.sum.Doubled++
	}
}

// view is the ledger as it stands, shared and not to be written.
func (l *ledger) view() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.entries)
}

// about is the requests and effects of a code.
func (l *ledger) about(code string) []Entry {
	var found []Entry
	for _, e := range l.view() {
		if e.Code == code {
			found = append(found, e)
		}
	}
	return found
}

func (l *ledger) effects(code string) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.codes[code]
	if a == nil {
		return nil
	}
	found := make([]Entry, len(a.effects))
	for i, place := range a.effects {
		found[i] = l.entries[place]
	}
	return found
}

func (l *ledger) summary() Summary {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := l.sum
	sum.Requests, sum.Kinds = maps.Clone(sum.Requests), maps.Clone(sum.Kinds)
	sum.Faults, sum.Effects = maps.Clone(sum.Faults), maps.Clone(sum.Effects)
	return sum
}

func (l *ledger) states() []State {
	l.mu.Lock()
	defer l.mu.Unlock()
	states := make([]State, 0, len(l.codes))
	for _, a := range l.codes {
		if a.state.Applied > 0 {
			states = append(states, a.state)
		}
	}
	slices.SortFunc(states, func(a, b State) int { return cmp.Compare(a.Code, b.Code) })
	return states
}
