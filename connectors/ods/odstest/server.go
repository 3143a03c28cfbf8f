package odstest

import (
	"cmp"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/register"
	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// The paths the two services are mounted on.
const (
	DSEPath  = "/api/getReport"
	FHIRPath = "/organisation-data-terminology-api/fhir"
)

// Options set up a server; the zero value serves today's layout without a key.
type Options struct {
	// APIKey is what the FHIR API wants in the apikey header; empty: nothing, as
	// in the sandbox. The download never wants one.
	APIKey string
	// Layout is that of the download; the old one of the zip files is no longer
	// to be had from the real one.
	Layout register.Layout
	// BaseURL begins the links in answers, as "https://host:port"; empty: the
	// host the request named.
	BaseURL string
	// MaxBytes is the size above which the FHIR API answers 422; 0: 10 MB.
	MaxBytes int
	// PerSecond is how many requests a second are answered before 429; 0: any.
	PerSecond int
	// Now is the clock of rates and recorded requests; nil: time.Now.
	Now func() time.Time
}

type (
	// Fault is the kit's.
	Fault = simulate.Fault
	// FaultName is one of the kit's, NextElsewhere among them.
	FaultName = simulate.Name
)

// Path matches requests whose path contains the text.
func Path(text string) func(*http.Request) bool {
	return func(r *http.Request) bool { return strings.Contains(r.URL.Path, text) }
}

// Server is a simulator of both services. It may be used by many goroutines.
type Server struct {
	*simulate.Kit[Entry]

	options Options
	reg     *register.Register
	mux     *http.ServeMux

	mu      sync.Mutex
	layout  register.Layout
	shift   int // rows by which a reload moved every result
	pace    simulate.Pacer
	index   *index
	ordinal int // of bundle ids
}

// Entry is one request, numbered as it arrived, and how it was answered.
type Entry struct {
	simulate.Entry

	Query       string `json:"query,omitempty"` // raw
	Key         bool   `json:"key,omitempty"`   // whether it carried an apikey header
	Accept      string `json:"accept,omitempty"`
	IfNoneMatch string `json:"if_none_match,omitempty"`
}

// keptRequests is how many of the last requests are remembered, so that a
// demonstration can run for days.
const keptRequests = 10_000

// New makes a server that answers from the register, as it stands at each
// request.
func New(reg *register.Register, o Options) *Server {
	o.MaxBytes = cmp.Or(o.MaxBytes, 10<<20)
	s := &Server{options: o, reg: reg, layout: o.Layout, mux: http.NewServeMux()}
	s.Kit = simulate.New[Entry](simulate.Options{
		Now: o.Now, Kept: keptRequests, Own: map[FaultName]simulate.Own{simulate.NextElsewhere: {}},
		Heal: s.unshift, Forget: s.forget,
	})
	s.mux.HandleFunc(DSEPath, s.getReport)
	s.mux.HandleFunc(FHIRPath+"/_ping", func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, simulate.JSONType, map[string]string{"version": "simulated"})
	})
	s.mux.HandleFunc(FHIRPath+"/", s.fhir)
	return s
}

// Handler returns what to serve. Faults that cut a body abort the connection by
// panicking with http.ErrAbortHandler, as net/http wants it.
func (s *Server) Handler() http.Handler { return s.Kit.Handler(http.HandlerFunc(s.serve)) }

// Register returns the register the server answers from.
func (s *Server) Register() *register.Register { return s.reg }

// SetLayout changes the layout of the download while running.
func (s *Server) SetLayout(layout register.Layout) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.layout = layout
}

// Shift plays a reload in the middle of paging: from now on every search result
// is moved by some rows, so that a client that goes on misses as many and
// meets others twice, while the count stays. Heal takes it back.
func (s *Server) Shift(rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shift += rows
}

func (s *Server) unshift() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shift = 0
}

// Count returns how many requests ever arrived.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pace.Requests()
}

// Peak returns the most requests that arrived within any one second.
func (s *Server) Peak() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pace.Peak()
}

// forget is what goes with the ledger.
func (s *Server) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pace = simulate.Pacer{}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	e := Entry{
		Entry: simulate.EntryOf("", r), Query: r.URL.RawQuery, Key: r.Header.Get("Apikey") != "",
		Accept: r.Header.Get("Accept"), IfNoneMatch: r.Header.Get("If-None-Match"),
	}
	crowded := s.arrive(&e)
	met := s.Meet(simulate.Request{HTTP: r, Kind: simulate.Kind(r.Method)})
	simulate.Exchange{
		Met: met, Entry: &e.Entry,
		Serve: func() simulate.Answer {
			if crowded {
				return refusal(http.StatusTooManyRequests, r).With("Retry-After", "1")
			}
			return simulate.Held(s.mux, r)
		},
		Refuse: func(name FaultName) simulate.Answer { return refusal(name.Status(), r) },
		Spoil: func(a simulate.Answer) simulate.Answer {
			if met.Name != simulate.NextElsewhere {
				return a
			}
			return a.Misdirect(`"relation":"next","url":"`, FHIRPath, met.NextHost)
		},
		Note: func(a simulate.Answer) simulate.Answer {
			s.Book.Request(e)
			return a
		},
	}.Play(w, r)
}

// arrive counts a request; true: it is one too many.
func (s *Server) arrive(e *Entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Stamp(&e.Entry)
	within := s.pace.Came(e.At, time.Second)
	return s.options.PerSecond > 0 && within > s.options.PerSecond
}

// loaded is when the register's day was loaded into the services: 02:00.
func loaded(day profile.Date) time.Time { return day.Time().Add(2 * time.Hour) }
