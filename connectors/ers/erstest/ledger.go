package erstest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Entry is one request, and what came of it.
type Entry struct {
	N           int64     `json:"n"`                // from 1, in the order the requests came
	At          time.Time `json:"at"`               // when it came, before any latency
	Client      string    `json:"client,omitempty"` // whose token it had; of a token request, who signed it
	Kind        Kind      `json:"kind"`
	Method      string    `json:"method"`
	Path        string    `json:"path"`
	Query       string    `json:"query,omitempty"` // as sent
	IDs         []string  `json:"ids,omitempty"`   // asked for, in the order sent
	Records     int       `json:"records,omitempty"`
	Correlation string    `json:"correlation,omitempty"`
	RequestID   string    `json:"request_id,omitempty"`  // answered
	NotAllowed  []string  `json:"not_allowed,omitempty"` // headers that an unattended client must not send
	Status      int       `json:"status"`                // answered; 0: the connection was broken
	Fault       string    `json:"fault,omitempty"`       // the way it was treated badly
}

// Pace is how fast requests of the API came; tokens are counted apart. A client
// that spaces its requests well can still be seen with one more in a second
// than it sent: networks bunch.
type Pace struct {
	Requests      int       `json:"requests"`
	Limited       int       `json:"limited"`         // answered 429
	PeakPerSecond int       `json:"peak_per_second"` // most in any one second, wherever it begins
	PerSecond     float64   `json:"per_second"`      // on average, from the first to the last
	ShortestGapMS float64   `json:"shortest_gap_ms"` // between two requests; 0 with fewer than two
	First         time.Time `json:"first"`
	Last          time.Time `json:"last"`
}

// Summary counts all requests since the start, also those the ledger forgot.
type Summary struct {
	Requests   map[Kind]map[string]int `json:"requests"`    // by status; "0" for broken connections
	Clients    map[string]Pace         `json:"clients"`     // by client id, "" for those without a token
	All        Pace                    `json:"all"`         // of all clients together
	MostIDs    int                     `json:"most_ids"`    // of one request
	NotAllowed int                     `json:"not_allowed"` // requests with a header that is not allowed
}

// ledger is the memory of what happened. The server's lock guards it.
type ledger struct {
	entries  []Entry
	keep     int
	total    int64
	statuses map[Kind]map[int]int
	clients  map[string]*pacer
	all      pacer
	mostIDs  int
	refused  int
}

// pacer measures as requests come.
type pacer struct {
	recent   []time.Time // of the last second
	requests int
	limited  int
	peak     int
	gap      time.Duration
	first    time.Time
	last     time.Time
}

func (p *pacer) came(at time.Time, window time.Duration) {
	if p.requests == 0 {
		p.first = at
	} else if gap := at.Sub(p.last); p.requests == 1 || gap < p.gap {
		p.gap = gap
	}
	p.last = at
	p.requests++
	keep := 0
	for keep < len(p.recent) && at.Sub(p.recent[keep]) >= window {
		keep++
	}
	p.recent = append(p.recent[keep:], at)
	p.peak = max(p.peak, len(p.recent))
}

func (p *pacer) pace() Pace {
	pace := Pace{
		Requests: p.requests, Limited: p.limited, PeakPerSecond: p.peak, First: p.first, Last: p.last,
		ShortestGapMS: float64(p.gap) / float64(time.Millisecond),
	}
	if span := p.last.Sub(p.first); span > 0 {
		pace.PerSecond = float64(p.requests-1) / span.Seconds()
	}
	return pace
}

// Peak returns how many of these requests, oldest first, came within any span
// of that length: the half-open one, so that 100 ms apart are ten a second.
func Peak(entries []Entry, span time.Duration) int {
	var p pacer
	for _, e := range entries {
		p.came(e.At, span)
	}
	return p.peak
}

func (l *ledger) reset(keep int) {
	*l = ledger{keep: keep, statuses: make(map[Kind]map[int]int), clients: make(map[string]*pacer)}
}

func (l *ledger) pacer(client string) *pacer {
	p := l.clients[client]
	if p == nil {
		p = &pacer{}
		l.clients[client] = p
	}
	return p
}

func entryOf(kind Kind, r *http.Request) *Entry {
	return &Entry{
		Kind: kind, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery,
		Correlation: r.Header.Get("X-Correlation-Id"), NotAllowed: notAllowed(r.Header),
	}
}

// arrive notes the time of a request.
func (s *Server) arrive(e *Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.ledger
	l.total++
	e.N, e.At = l.total, s.options.Now()
	if e.Kind != Token {
		l.pacer(e.Client).came(e.At, time.Second)
		l.all.came(e.At, time.Second)
	}
}

// record adds an entry; it forgets the older half of all when there are too many.
func (s *Server) record(e *Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.ledger
	if l.statuses[e.Kind] == nil {
		l.statuses[e.Kind] = make(map[int]int)
	}
	l.statuses[e.Kind][e.Status]++
	if e.Status == http.StatusTooManyRequests && e.Kind != Token {
		l.pacer(e.Client).limited++
		l.all.limited++
	}
	l.mostIDs = max(l.mostIDs, len(e.IDs))
	if len(e.NotAllowed) > 0 {
		l.refused++
	}
	if len(l.entries) >= l.keep {
		l.entries = slices.Clone(l.entries[(len(l.entries)+1)/2:])
	}
	l.entries = append(l.entries, *e)
}

// Ledger returns the last requests that were answered, in the order they came;
// of these kinds, or all.
func (s *Server) Ledger(kinds ...Kind) []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var some []Entry
	for _, e := range s.ledger.entries {
		if len(kinds) == 0 || slices.Contains(kinds, e.Kind) {
			some = append(some, e)
		}
	}
	slices.SortFunc(some, func(a, b Entry) int { return cmp.Compare(a.N, b.N) })
	return some
}

// Summary counts what happened so far.
func (s *Server) Summary() Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.ledger
	sum := Summary{
		Requests: make(map[Kind]map[string]int), Clients: make(map[string]Pace), All: l.all.pace(),
		MostIDs: l.mostIDs, NotAllowed: l.refused,
	}
	for kind, statuses := range l.statuses {
		sum.Requests[kind] = make(map[string]int, len(statuses))
		for status, n := range statuses {
			sum.Requests[kind][strconv.Itoa(status)] = n
		}
	}
	for client, p := range l.clients {
		sum.Clients[client] = p.pace()
	}
	return sum
}

// Forget empties the ledger and its counts, to measure from here.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.reset(s.options.KeptEntries)
}
