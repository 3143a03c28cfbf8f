package websitetest

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Outcome is what came of a request.
type Outcome string

// The outcomes. Stored is the only effect.
const (
	None     Outcome = ""         // lost before it was looked at, or an answer made by a fault
	Stored   Outcome = "stored"   // a PUT that changed what is shown
	Replayed Outcome = "replayed" // a PUT that was stored before: the first answer again
	Stale    Outcome = "stale"    // a PUT with a sequence number that is not greater
	Refused  Outcome = "refused"  // any other PUT that was not stored
	Read     Outcome = "read"     // a profile that was given
	Searched Outcome = "searched" // a page of a search that was given
)

// Entry is one request of the two services, and what came of it.
type Entry struct {
	N           int64     `json:"n"`  // from 1, in the order of the answers
	At          time.Time `json:"at"` // when it was dealt with, after any latency
	Method      string    `json:"method"`
	Path        string    `json:"path"`
	Code        string    `json:"code,omitempty"`
	Sequence    int64     `json:"sequence,omitempty"` // sent, or of the profile that was read
	Key         string    `json:"key,omitempty"`      // Idempotency-Key
	IfMatch     string    `json:"if_match,omitempty"`
	IfNoneMatch string    `json:"if_none_match,omitempty"`
	Correlation string    `json:"correlation,omitempty"`
	Status      int       `json:"status"` // answered; 0: the connection was broken
	Outcome     Outcome   `json:"outcome,omitempty"`
	ETag        string    `json:"etag,omitempty"`    // stored, replayed or read
	Body        string    `json:"body,omitempty"`    // stored: first 16 hexadecimal digits of the body's SHA-256
	Records     int       `json:"records,omitempty"` // of a page of a search
	Fault       string    `json:"fault,omitempty"`   // the way it was treated badly
}

// Summary counts all requests since the start, also those the ledger forgot.
type Summary struct {
	Requests map[string]int  `json:"requests"` // by status; "0" for broken connections
	Effects  map[Outcome]int `json:"effects"`  // PUTs by outcome
	// Twice is how often the same key or sequence number of an organisation was
	// stored again, and Backwards how often a lower number was stored after a
	// higher one. Both are counted apart from the rules that should prevent them.
	Twice     int `json:"twice"`
	Backwards int `json:"backwards"`
	Codes     int `json:"codes"` // profiles stored now
}

// ledger is the memory of what happened. The server's lock guards it.
type ledger struct {
	entries  []Entry
	keep     int
	total    int64
	statuses map[int]int
	outcomes map[Outcome]int
	last     map[string]mark // by code
	twice    int
	backward int
}

type mark struct {
	sequence int64
	key      string
}

func (l *ledger) reset(keep int) {
	*l = ledger{keep: keep, statuses: make(map[int]int), outcomes: make(map[Outcome]int), last: make(map[string]mark)}
}

// effect marks a PUT as stored, and holds it against the one before.
func (l *ledger) effect(e *Entry) {
	before, known := l.last[e.Code]
	switch {
	case known && (e.Sequence == before.sequence || e.Key == before.key):
		l.twice++
	case known && e.Sequence < before.sequence:
		l.backward++
	}
	l.last[e.Code] = mark{e.Sequence, e.Key}
}

func entryOf(r *http.Request) *Entry {
	// A number that cannot be read is refused later as one that is missing.
	sequence, _ := strconv.ParseInt(r.Header.Get("Sequence-Number"), 10, 64)
	code, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, ProfilesPath), "/")
	if !strings.HasPrefix(r.URL.Path, ProfilesPath) {
		code = ""
	}
	return &Entry{
		Method: r.Method, Path: r.URL.Path, Code: code, Sequence: sequence, Key: r.Header.Get("Idempotency-Key"),
		IfMatch: r.Header.Get("If-Match"), IfNoneMatch: r.Header.Get("If-None-Match"),
		Correlation: r.Header.Get("X-Correlation-Id"),
	}
}

// record adds an entry; it forgets the older half of all when there are too many.
func (s *Server) record(e *Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.ledger
	l.total++
	e.N, e.At = l.total, s.options.Now()
	l.statuses[e.Status]++
	if e.Method == http.MethodPut {
		l.outcomes[e.Outcome]++
	}
	if len(l.entries) >= l.keep {
		l.entries = append([]Entry(nil), l.entries[len(l.entries)/2:]...)
	}
	l.entries = append(l.entries, *e)
}

// Ledger returns the last requests, oldest first; of the organisations named,
// or of all.
func (s *Server) Ledger(codes ...string) []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(codes) == 0 {
		return append([]Entry(nil), s.ledger.entries...)
	}
	wanted := make(map[string]bool, len(codes))
	for _, code := range codes {
		wanted[code] = true
	}
	var some []Entry
	for _, e := range s.ledger.entries {
		if wanted[e.Code] {
			some = append(some, e)
		}
	}
	return some
}

// Effects returns the last PUTs that were stored, oldest first; of the
// organisations named, or of all.
func (s *Server) Effects(codes ...string) (effects []Entry) {
	for _, e := range s.Ledger(codes...) {
		if e.Outcome == Stored {
			effects = append(effects, e)
		}
	}
	return effects
}

// Summary counts what happened so far.
func (s *Server) Summary() Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := Summary{
		Requests: make(map[string]int), Effects: make(map[Outcome]int),
		Twice: s.ledger.twice, Backwards: s.ledger.backward,
	}
	for status, n := range s.ledger.statuses {
		sum.Requests[strconv.Itoa(status)] = n
	}
	for outcome, n := range s.ledger.outcomes {
		if outcome != None {
			sum.Effects[outcome] = n
		}
	}
	for _, p := range s.stored {
		if !p.removed {
			sum.Codes++
		}
	}
	return sum
}
