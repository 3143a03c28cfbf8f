package odstest

import (
	"net/http"
	"sync"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/register"
	"github.com/profilesync/profilesync/reconcile"
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

// Server is a simulator of both services. It may be used by many goroutines.
type Server struct {
	options Options
	reg     *register.Register
	mux     *http.ServeMux

	mu      sync.Mutex
	layout  register.Layout
	faults  []*Fault
	shift   int // rows by which a reload moved every result
	log     []Request
	total   int
	window  []time.Time // of the requests of the last second
	peak    int
	index   *index
	ordinal int // of bundle ids
}

// Request is one request that arrived, and how it was answered.
type Request struct {
	At          time.Time
	Method      string
	Path        string
	Query       string // raw
	Key         bool   // whether it carried an apikey header
	Accept      string
	IfNoneMatch string
	Status      int // 0 while it is being answered
}

// keptRequests is how many of the last requests are remembered, so that a
// demonstration can run for days.
const keptRequests = 10_000

// New makes a server that answers from the register, as it stands at each
// request.
func New(reg *register.Register, o Options) *Server {
	if o.MaxBytes == 0 {
		o.MaxBytes = 10 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{options: o, reg: reg, layout: o.Layout, mux: http.NewServeMux()}
	s.mux.HandleFunc(DSEPath, s.getReport)
	s.mux.HandleFunc(FHIRPath+"/_ping", func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, jsonType, map[string]string{"version": "simulated"})
	})
	s.mux.HandleFunc(FHIRPath+"/", s.fhir)
	return s
}

// Handler returns what to serve. Faults that cut a body abort the connection by
// panicking with http.ErrAbortHandler, as net/http wants it.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// Register returns the register the server answers from.
func (s *Server) Register() *register.Register { return s.reg }

// SetLayout changes the layout of the download while running.
func (s *Server) SetLayout(layout register.Layout) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.layout = layout
}

// Requests returns the last requests, oldest first, at most 10,000.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.log...)
}

// Count returns how many requests ever arrived.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// Peak returns the most requests that arrived within any one second.
func (s *Server) Peak() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peak
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	out := &answer{ResponseWriter: w}
	nth, crowded := s.arrived(r)
	defer func() { s.answered(nth, out.status) }()
	f := s.nextFault(r)
	if !f.begin(s, r) {
		return // the client left first
	}
	switch {
	case f.Status != 0:
		s.refuse(out, r, f)
	case crowded:
		s.refuse(out, r, Fault{Status: http.StatusTooManyRequests, RetryAfter: time.Second})
	case f.spoils():
		f.spoil(out, r, s.mux)
	default:
		s.mux.ServeHTTP(out, r)
	}
}

// arrived records a request; it returns its number and whether it is one too many.
func (s *Server) arrived(r *http.Request) (nth int, crowded bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	s.total++
	if len(s.log) == keptRequests {
		s.log = append(s.log[:0:0], s.log[keptRequests/2:]...)
	}
	s.log = append(s.log, Request{
		At: now, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Key: r.Header.Get("Apikey") != "",
		Accept: r.Header.Get("Accept"), IfNoneMatch: r.Header.Get("If-None-Match"),
	})
	for len(s.window) > 0 && now.Sub(s.window[0]) >= time.Second {
		s.window = s.window[1:]
	}
	s.window = append(s.window, now)
	s.peak = max(s.peak, len(s.window))
	return s.total, s.options.PerSecond > 0 && len(s.window) > s.options.PerSecond
}

// answered notes the status of the nth request, where it is still remembered.
func (s *Server) answered(nth, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := len(s.log) - 1 - (s.total - nth); i >= 0 {
		s.log[i].Status = status
	}
}

// answer remembers the status it passed on.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// loaded is when the register's day was loaded into the services: 02:00.
func loaded(day reconcile.Date) time.Time { return day.Time().Add(2 * time.Hour) }
