package calendartest

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/profilesync/profilesync/reconcile"
)

// Path is where the list is served.
const Path = "/bank-holidays.json"

// Options set up a server. The zero value serves last year, this one and two to
// come.
type Options struct {
	// Now is the clock that moves the window of years and dates the ledger; nil:
	// time.Now.
	Now func() time.Time
	// Back is how many past years the list holds, below 0 none; 0: one.
	Back int
	// Ahead is how many years to come it holds, below 0 none; 0: two.
	Ahead int
	// KeptEntries is how many of the last requests the ledger remembers; 0: 10,000.
	KeptEntries int
}

// Entry is one request for the list.
type Entry struct {
	At          time.Time `json:"at"`
	IfNoneMatch string    `json:"if_none_match,omitempty"`
	Status      int       `json:"status"` // answered; 0: the connection was broken
	ETag        string    `json:"etag,omitempty"`
	Fault       string    `json:"fault,omitempty"` // the way it was treated badly
}

// Server is the simulator. It may be used by many goroutines.
type Server struct {
	options Options
	mux     *http.ServeMux

	mu       sync.Mutex
	gone     map[reconcile.Date]bool
	extra    []reconcile.Holiday
	faults   []*Fault
	standing *Fault // set over HTTP
	ledger   []Entry
}

// New makes a server.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Back, o.Ahead = years(o.Back, 1), years(o.Ahead, 2)
	if o.KeptEntries == 0 {
		o.KeptEntries = 10_000
	}
	s := &Server{options: o, mux: http.NewServeMux(), gone: make(map[reconcile.Date]bool)}
	s.mux.HandleFunc("GET "+Path, s.serve)
	s.control()
	return s
}

func years(n, fallback int) int {
	if n == 0 {
		return fallback
	}
	return max(n, 0)
}

// Handler returns what to serve. Faults that break a connection panic with
// http.ErrAbortHandler, as net/http wants it.
func (s *Server) Handler() http.Handler { return s.mux }

// Vanish takes a day out of the list, as if it had never been announced.
func (s *Server) Vanish(d reconcile.Date) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone[d] = true
}

// Appear adds a day to the list, as a proclamation does.
func (s *Server) Appear(h reconcile.Holiday) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.gone, h.Date)
	s.extra = append(s.extra, h)
}

// Restore takes back what Vanish and Appear did.
func (s *Server) Restore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.gone)
	s.extra = nil
}

// Ledger returns the last requests, oldest first.
func (s *Server) Ledger() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Entry(nil), s.ledger...)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	hit := s.meet()
	body := s.list()
	etag := tagOf(body)
	e := Entry{IfNoneMatch: r.Header.Get("If-None-Match"), ETag: etag, Fault: string(hit.way)}
	a := hit.spoil(answer{status: http.StatusOK, kind: "application/json; charset=utf-8", etag: etag, body: body})
	if hit.way == "" && e.IfNoneMatch == etag {
		a.status, a.body = http.StatusNotModified, nil
	}
	e.Status = a.status
	s.record(e) // before anything is sent: who has an answer finds its entry
	a.send(w)
}

// record adds an entry; it forgets the older half of all when there are too
// many.
func (s *Server) record(e Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.At = s.options.Now()
	if len(s.ledger) >= s.options.KeptEntries {
		s.ledger = append([]Entry(nil), s.ledger[(len(s.ledger)+1)/2:]...)
	}
	s.ledger = append(s.ledger, e)
}

// answer is held in memory until it is known how to spoil it.
type answer struct {
	status int // 0 breaks the connection
	kind   string
	etag   string
	body   []byte
	short  int // bytes that are announced and never come
}

func (a answer) send(w http.ResponseWriter) {
	if a.status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", a.kind)
	if a.etag != "" {
		w.Header().Set("ETag", a.etag)
	}
	if a.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)+a.short))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that left is none of our business
	if a.short > 0 {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}
