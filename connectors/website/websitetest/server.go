package websitetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// The paths of the two services.
const (
	ProfilesPath = "/organisation-profiles/"
	SearchPath   = "/service-search-api/"
)

// Options set up a server; the zero value wants no key and creates profiles.
type Options struct {
	// APIKey is what both services want in the apikey header; empty: nothing. A
	// request without it or with another one gets 401.
	APIKey string
	// ReadKey may read and search; a PUT with it gets 403. Empty: there is none.
	ReadKey string
	// NoCreate answers 404 to the PUT of an organisation that is not stored.
	NoCreate bool
	// MaxBody is the size in bytes above which a PUT gets 413; 0: 256 KiB.
	MaxBody int64
	// PageSize is the most records of one page of a search; 0: 1,000.
	PageSize int
	// KeptEntries is how many of the last requests the ledger remembers, so that
	// a demonstration can run for days; 0: one million. The summary counts all.
	KeptEntries int
	// KeptKeys is how many of the last idempotency keys are remembered; 0: one
	// million.
	KeptKeys int
	// Now is the clock of the ledger; nil: time.Now.
	Now func() time.Time
}

// Server is a simulator of both services. It may be used by many goroutines.
type Server struct {
	options Options
	mux     *http.ServeMux

	mu       sync.Mutex
	stored   map[string]*stored
	keys     map[string]replay // by idempotency key
	order    []string          // of the keys, oldest first
	versions uint64            // entity tags given so far
	ledger   ledger
	faults   []*Fault
	standing *Fault // set over HTTP
}

// New makes a server that shows nothing yet.
func New(o Options) *Server {
	setDefault(&o.MaxBody, 256<<10)
	setDefault(&o.PageSize, 1000)
	setDefault(&o.KeptEntries, 1_000_000)
	setDefault(&o.KeptKeys, 1_000_000)
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{options: o, mux: http.NewServeMux()}
	s.ledger.reset(o.KeptEntries)
	s.forget()
	for pattern, handle := range map[string]handler{
		"PUT " + ProfilesPath + "{code}": s.put, "GET " + ProfilesPath + "{code}": s.get,
		"GET " + SearchPath + "{$}": s.search, "POST " + SearchPath + "{$}": s.search,
		ProfilesPath + "{code}": notAllowed, SearchPath + "{$}": notAllowed, "/": noSuchPath,
	} {
		s.mux.Handle(pattern, s.service(handle))
	}
	s.control()
	return s
}

func setDefault[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

// Handler returns what to serve. Faults that break a connection panic with
// http.ErrAbortHandler, as net/http wants it.
func (s *Server) Handler() http.Handler { return s.mux }

// handler answers a request of one of the services and writes down in the entry
// what came of it.
type handler func(r *http.Request, e *Entry) answer

// answer is held in memory until it is known how to spoil it.
type answer struct {
	status int
	kind   string // Content-Type
	body   []byte
	header map[string]string
}

// with adds a header.
func (a answer) with(name, value string) answer {
	if a.header == nil {
		a.header = make(map[string]string, 4)
	}
	a.header[name] = value
	return a
}

func (a answer) send(w http.ResponseWriter) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	if a.kind != "" {
		w.Header().Set("Content-Type", a.kind)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that left is none of our business
}

// service is the way of every request of both services: latency, the fault it
// meets, the answer, the ledger.
func (s *Server) service(handle handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := entryOf(r)
		// Written down before anything of the answer is sent: who has an answer
		// finds its entry.
		hit := s.meet(r)
		e.Fault = string(hit.way)
		if !hit.wait(r) {
			s.record(e) // the client left first
			return
		}
		a, answered := hit.before()
		if !answered {
			a = hit.after(handle(r, e))
		}
		if id := r.Header.Get("X-Correlation-Id"); id != "" && a.status != 0 {
			a = a.with("X-Correlation-Id", id)
		}
		e.Status = a.status
		s.record(e)
		hit.send(w, a)
	})
}

// authorized answers 401 or 403, or nothing.
func (s *Server) authorized(r *http.Request) (answer, bool) {
	key := r.Header.Get("Apikey")
	switch {
	case s.options.APIKey == "" || key == s.options.APIKey:
		return answer{}, true
	case key == "" || key != s.options.ReadKey:
		return unauthorized(), false
	case r.Method == http.MethodPut:
		return problem(http.StatusForbidden, "this API key may not write"), false
	}
	return answer{}, true
}

const (
	jsonType    = "application/json"
	problemType = "application/problem+json"
)

// unauthorized has the body of the real gateway, which is not valid JSON
// (CONTRACT.md "Service Search").
func unauthorized() answer {
	return answer{status: http.StatusUnauthorized, kind: jsonType, body: []byte(`{statusCode: 401, message: "API key invalid"}`)}
}

func notAllowed(*http.Request, *Entry) answer {
	return problem(http.StatusMethodNotAllowed, "want another method")
}

func noSuchPath(*http.Request, *Entry) answer {
	return encoded(http.StatusNotFound, map[string]any{"statusCode": http.StatusNotFound, "message": "Resource not found"})
}

// problem is an error of the write API.
func problem(status int, detail string) answer {
	a := encoded(status, map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail,
	})
	a.kind = problemType
	return a
}

func encoded(status int, body any) answer {
	text, err := json.Marshal(body)
	if err != nil { // our own types: a mistake in this package
		panic(fmt.Sprintf("websitetest: %T does not marshal: %v", body, err))
	}
	return answer{status: status, kind: jsonType, body: text}
}
