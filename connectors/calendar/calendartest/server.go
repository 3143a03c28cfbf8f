package calendartest

import (
	"cmp"
	"net/http"
	"sync"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Path is where the list is served.
const Path = "/bank-holidays.json"

// Options configure a server. The zero value serves last year, this one and the
// next two.
type Options struct {
	// Now is the clock that moves the window of years and dates the ledger; nil:
	// time.Now.
	Now func() time.Time
	// Back is how many past years the list holds, below 0 none; 0: one.
	Back int
	// Ahead is how many future years the list holds, below 0 none; 0: two.
	Ahead int
	// KeptEntries is how many of the last requests the ledger remembers; 0: 10,000.
	KeptEntries int
}

// Entry is one request for the list.
type Entry struct {
	simulate.Entry

	IfNoneMatch string `json:"if_none_match,omitempty"`
	ETag        string `json:"etag,omitempty"`
}

// Server is the simulator. It may be used by many goroutines.
type Server struct {
	*simulate.Kit[Entry]

	options Options

	mu    sync.Mutex
	gone  map[profile.Date]bool
	extra []people.Holiday
}

// New makes a server.
func New(o Options) *Server {
	o.Back, o.Ahead = countOr(o.Back, 1), countOr(o.Ahead, 2)
	s := &Server{
		Kit:     simulate.New[Entry](simulate.Options{Now: o.Now, Kept: cmp.Or(o.KeptEntries, 10_000)}),
		options: o, gone: make(map[profile.Date]bool),
	}
	s.control()
	return s
}

func countOr(n, fallback int) int {
	if n == 0 {
		return fallback
	}
	return max(n, 0)
}

// Handler returns what to serve. Faults that break a connection panic with
// http.ErrAbortHandler, as net/http requires.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, s.serve)
	return s.Kit.Handler(mux)
}

// Vanish removes a day from the list, as if it had never been announced.
func (s *Server) Vanish(d profile.Date) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone[d] = true
}

// Appear adds a day to the list, as a proclamation does.
func (s *Server) Appear(h people.Holiday) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.gone, h.Date)
	s.extra = append(s.extra, h)
}

// Restore undoes Vanish and Appear.
func (s *Server) Restore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.gone)
	s.extra = nil
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	e := Entry{Entry: simulate.EntryOf("", r), IfNoneMatch: r.Header.Get("If-None-Match")}
	met := s.Meet(simulate.Request{HTTP: r, Kind: simulate.Kind(r.Method)})
	simulate.Exchange{
		Met: met, Entry: &e.Entry,
		Serve: func() simulate.Answer {
			body := s.list()
			e.ETag = tagOf(body)
			a := simulate.Answer{Status: http.StatusOK, Type: "application/json; charset=utf-8", Body: body}.With("ETag", e.ETag)
			if met.Name == "" && e.IfNoneMatch == e.ETag {
				a.Status, a.Body = http.StatusNotModified, nil
			}
			return a
		},
		Refuse: func(name simulate.Name) simulate.Answer {
			status := name.Status()
			return simulate.Answer{Status: status, Type: "text/plain", Body: []byte(http.StatusText(status))}
		},
		Spoil: func(a simulate.Answer) simulate.Answer {
			if met.Name == simulate.Garbled || met.Name == simulate.HTML {
				a = a.With("ETag", "")
			}
			return a
		},
		Note: func(a simulate.Answer) simulate.Answer {
			s.Stamp(&e.Entry)
			s.Book.Request(e)
			return a
		},
	}.Play(w, r)
}
