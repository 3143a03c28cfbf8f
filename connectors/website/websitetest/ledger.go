package websitetest

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// Outcome is the outcome of a request.
type Outcome = simulate.Outcome

// The outcomes. Stored is the only effect.
const (
	None     Outcome = ""         // lost before it was processed, or answered by a fault
	Stored   Outcome = "stored"   // a PUT that changed what is shown
	Replayed Outcome = "replayed" // a PUT that was stored before: it got the first answer again
	Stale    Outcome = "stale"    // a PUT with a sequence number that is not greater
	Refused  Outcome = "refused"  // any other PUT that was not stored
	Read     Outcome = "read"     // a profile was returned
	Searched Outcome = "searched" // a page of a search was returned
)

// Entry is one request to either service with its outcome, numbered in the order of
// the answers.
type Entry struct {
	simulate.Entry

	Sequence    int64  `json:"sequence,omitempty"` // sent, or of the profile that was read
	Key         string `json:"key,omitempty"`      // Idempotency-Key
	IfMatch     string `json:"if_match,omitempty"`
	IfNoneMatch string `json:"if_none_match,omitempty"`
	Correlation string `json:"correlation,omitempty"`
	ETag        string `json:"etag,omitempty"`    // stored, replayed or read
	Body        string `json:"body,omitempty"`    // stored: first 16 hexadecimal digits of the body's SHA-256
	Records     int    `json:"records,omitempty"` // of a page of a search
}

// Summary counts all requests since the start, including those that the ledger
// forgot.
type Summary struct {
	Requests map[string]int  `json:"requests"` // by status; "0" for broken connections
	Effects  map[Outcome]int `json:"effects"`  // PUTs by outcome
	// Twice is how often the same key or sequence number of an organisation was stored
	// again, and Backwards how often a lower number was stored after a higher one. Both
	// are counted independently of the rules that should prevent them.
	Twice     int `json:"twice"`
	Backwards int `json:"backwards"`
	Codes     int `json:"codes"` // profiles stored now
}

func entryOf(r *http.Request) *Entry {
	// An unreadable number is refused later, like a missing one.
	sequence, _ := strconv.ParseInt(r.Header.Get("Sequence-Number"), 10, 64)
	e := &Entry{
		Entry: simulate.EntryOf("", r), Sequence: sequence, Key: r.Header.Get("Idempotency-Key"),
		IfMatch: r.Header.Get("If-Match"), IfNoneMatch: r.Header.Get("If-None-Match"),
		Correlation: r.Header.Get("X-Correlation-ID"),
	}
	if rest, found := strings.CutPrefix(r.URL.Path, ProfilesPath); found {
		e.Code, _, _ = strings.Cut(rest, "/")
	}
	return e
}

// Effects returns the last PUTs that were stored, oldest first, of the given
// organisations or of all.
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
	sum := Summary{
		Requests: s.Book.Statuses(), Effects: s.Book.Outcomes(), Twice: s.order.Twice(), Backwards: s.order.Backwards(),
	}
	delete(sum.Effects, Read)
	delete(sum.Effects, Searched)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.stored {
		if !p.removed {
			sum.Codes++
		}
	}
	return sum
}
