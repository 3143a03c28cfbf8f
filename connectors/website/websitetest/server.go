package websitetest

import (
	"cmp"
	"net/http"
	"sync"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// The paths of the two services.
const (
	ProfilesPath = "/organisation-profiles/"
	SearchPath   = "/service-search-api/"
)

// Options configure a server; the zero value requires no key and creates profiles.
type Options struct {
	// APIKey is what both services require in the apikey header; empty: nothing. A
	// request without it or with another one gets 401.
	APIKey string
	// ReadKey may read and search; a PUT with it gets 403. Empty: there is none.
	ReadKey string
	// NoCreate answers 404 to the PUT of an organisation that is not stored.
	NoCreate bool
	// MaxBody is the size in bytes above which a PUT gets 413; 0: 1 MiB.
	MaxBody int64
	// PageSize is the most records on one page of a search; 0: 1,000.
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

type (
	// Fault is the kit's.
	Fault = simulate.Fault
	// FaultName is one of the kit's, NextElsewhere among them, or Queued.
	FaultName = simulate.Name
)

// Queued is the website's own fault: a PUT is stored, and answered 202 with a
// Location.
const Queued FaultName = "queued"

// Server is a simulator of both services. It may be used by many goroutines.
type Server struct {
	*simulate.Kit[Entry]

	options Options
	mux     *http.ServeMux
	order   simulate.Order // of what was stored

	mu       sync.Mutex
	stored   map[string]*stored
	keys     map[string]replay // by idempotency key
	recent   []string          // of the keys, oldest first
	versions uint64            // entity tags issued so far
	refused  string            // words that are not accepted; empty: none
}

// New makes a server that shows nothing yet.
func New(o Options) *Server {
	o.MaxBody, o.PageSize = cmp.Or(o.MaxBody, 1<<20), cmp.Or(o.PageSize, 1000)
	o.KeptKeys = cmp.Or(o.KeptKeys, 1_000_000)
	s := &Server{options: o, mux: http.NewServeMux()}
	s.Kit = simulate.New[Entry](simulate.Options{
		Now: o.Now, Kept: cmp.Or(o.KeptEntries, 1_000_000), Own: map[FaultName]simulate.Own{Queued: {}, simulate.NextElsewhere: {}},
		Summary: func() any { return s.Summary() }, Forget: s.order.Forget,
	})
	s.empty()
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

// Handler returns what to serve. Faults that break a connection panic with
// http.ErrAbortHandler, as net/http requires.
func (s *Server) Handler() http.Handler { return s.Kit.Handler(s.mux) }

// handler answers a request and records the outcome in the entry.
type handler func(r *http.Request, e *Entry) simulate.Answer

// service handles every request to both services.
func (s *Server) service(handle handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := entryOf(r)
		met := s.Meet(simulate.Request{HTTP: r, Kind: simulate.Kind(r.Method), IDs: []string{e.Code}})
		simulate.Exchange{
			Met: met, Entry: &e.Entry, Refuse: refuse,
			Serve: func() simulate.Answer { return handle(r, e) },
			Spoil: func(a simulate.Answer) simulate.Answer { return spoil(met, a) },
			Note: func(a simulate.Answer) simulate.Answer {
				s.Stamp(&e.Entry)
				s.Book.Request(*e)
				return a.With("X-Correlation-Id", e.Correlation)
			},
		}.Play(w, r)
	})
}

// refuse returns the error of a fault.
func refuse(name FaultName) simulate.Answer {
	if name == simulate.Unauthorized {
		return unauthorized()
	}
	return problem(name.Status(), "by a fault")
}

// spoil applies the website's own faults to an answer.
func spoil(met simulate.Met, a simulate.Answer) simulate.Answer {
	switch {
	case met.Name == simulate.NextElsewhere:
		return a.Misdirect(`"@odata.nextLink":"`, SearchPath, met.NextHost)
	case met.Name == Queued && (a.Status == http.StatusOK || a.Status == http.StatusCreated):
		return simulate.Answer{Status: http.StatusAccepted}.With("Location", a.Header.Get("Location"))
	}
	return a
}

// authorized answers 401 or 403 if the key is refused.
func (s *Server) authorized(r *http.Request) (simulate.Answer, bool) {
	key := r.Header.Get("Apikey")
	switch {
	case s.options.APIKey == "" || key == s.options.APIKey:
		return simulate.Answer{}, true
	case key == "" || key != s.options.ReadKey:
		return unauthorized(), false
	case r.Method == http.MethodPut:
		return problem(http.StatusForbidden, "this API key may not write"), false
	}
	return simulate.Answer{}, true
}

const problemType = "application/problem+json"

// unauthorized returns the body of the real gateway, which is not valid JSON
// (CONTRACT.md "Service Search").
func unauthorized() simulate.Answer {
	body := []byte(`{statusCode: 401, message: "API key invalid"}`)
	return simulate.Answer{Status: http.StatusUnauthorized, Type: simulate.JSONType, Body: body}
}

func notAllowed(*http.Request, *Entry) simulate.Answer {
	return problem(http.StatusMethodNotAllowed, "want another method")
}

func noSuchPath(*http.Request, *Entry) simulate.Answer {
	return simulate.JSON(http.StatusNotFound, map[string]any{"statusCode": http.StatusNotFound, "message": "Resource not found"})
}

// problem returns an error of the write API.
func problem(status int, detail string) simulate.Answer {
	return simulate.Encoded(status, problemType, map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail,
	})
}
