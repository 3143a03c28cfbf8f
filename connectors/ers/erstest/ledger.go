package erstest

import (
	"net/http"
	"slices"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// Entry is one request with its outcome, numbered and timed on arrival, before any
// latency.
type Entry struct {
	simulate.Entry

	Client      string   `json:"client,omitempty"` // the client whose token it had; for a token request, the client that signed it
	Query       string   `json:"query,omitempty"`  // as sent
	IDs         []string `json:"ids,omitempty"`    // requested, in the order sent
	Records     int      `json:"records,omitempty"`
	Correlation string   `json:"correlation,omitempty"`
	RequestID   string   `json:"request_id,omitempty"`  // in the answer
	NotAllowed  []string `json:"not_allowed,omitempty"` // headers that an unattended client must not send
}

// Pace says how fast API requests arrived; token requests are counted separately.
type Pace = simulate.Pace

// Summary counts all requests since the start, including those that the ledger
// forgot.
type Summary struct {
	Requests   map[Kind]map[string]int `json:"requests"`    // by status; "0" for broken connections
	Clients    map[string]Pace         `json:"clients"`     // by client id, "" for those without a token
	All        Pace                    `json:"all"`         // of all clients together
	MostIDs    int                     `json:"most_ids"`    // in one request
	NotAllowed int                     `json:"not_allowed"` // requests with a header that is not allowed
}

// Peak returns the most of these requests, oldest first, within any span of that
// length. The span is half-open, so that requests 100 ms apart are ten a second.
func Peak(entries []Entry, span time.Duration) int {
	var p simulate.Pacer
	for _, e := range entries {
		p.Came(e.At, span)
	}
	return p.Peak()
}

// paces holds the figures that the ledger does not count. The server's lock guards it.
type paces struct {
	clients map[string]*simulate.Pacer
	all     simulate.Pacer
	mostIDs int
	refused int
}

func (p *paces) of(client string) *simulate.Pacer {
	if p.clients[client] == nil {
		p.clients[client] = &simulate.Pacer{}
	}
	return p.clients[client]
}

func entryOf(kind Kind, r *http.Request) *Entry {
	return &Entry{
		Entry: simulate.EntryOf(kind, r), Query: r.URL.RawQuery,
		Correlation: r.Header.Get("X-Correlation-ID"), NotAllowed: notAllowed(r.Header),
	}
}

// arrive notes the time of a request.
func (s *Server) arrive(e *Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Stamp(&e.Entry)
	if e.Kind != Token {
		s.paces.of(e.Client).Came(e.At, time.Second)
		s.paces.all.Came(e.At, time.Second)
	}
}

// record adds an entry.
func (s *Server) record(e *Entry) {
	s.Book.Request(*e)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Status == http.StatusTooManyRequests && e.Kind != Token {
		s.paces.of(e.Client).Limited++
		s.paces.all.Limited++
	}
	s.paces.mostIDs = max(s.paces.mostIDs, len(e.IDs))
	if len(e.NotAllowed) > 0 {
		s.paces.refused++
	}
}

// Ledger returns the last requests that were answered, in the order of arrival, of
// these kinds or all.
func (s *Server) Ledger(kinds ...Kind) []Entry {
	return slices.DeleteFunc(s.Book.Entries(), func(e Entry) bool {
		return len(kinds) > 0 && !slices.Contains(kinds, e.Kind)
	})
}

// Summary counts what happened so far.
func (s *Server) Summary() Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := Summary{
		Requests: s.Book.Answers(), Clients: make(map[string]Pace), All: s.paces.all.Pace(),
		MostIDs: s.paces.mostIDs, NotAllowed: s.paces.refused,
	}
	for client, p := range s.paces.clients {
		sum.Clients[client] = p.Pace()
	}
	return sum
}

// forget forgets all that Reset forgets besides the ledger.
func (s *Server) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paces = paces{clients: make(map[string]*simulate.Pacer)}
}
