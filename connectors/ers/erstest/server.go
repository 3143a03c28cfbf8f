package erstest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/profilesync/profilesync/reconcile"
)

// BasePath is where the API begins, TokenPath where tokens are given.
const (
	BasePath  = "/referrals/FHIR"
	TokenPath = "/oauth2/token" //nolint:gosec // a path
)

// Root returns the address of the server itself, of which base is the API's.
func Root(base string) string { return strings.TrimSuffix(base, BasePath) }

// Kind is a call of the API, by its number in the contract.
type Kind string

// The kinds of requests.
const (
	GetService   Kind = "A033"
	Search       Kind = "A035"
	HeadService  Kind = "A037"
	CodeSystem   Kind = "A004"
	Token        Kind = "token"
	UnknownPath  Kind = "unknown"
	stu3         Kind = CodeSystem // the only one on an STU3 path
	maxIDs            = 20         // CONTRACT.md "Asking for many"
	otherBaseURL      = "https://int.api.service.nhs.uk/referrals/FHIR"
)

// TypeShape is how HealthcareService.type is written
// (CONTRACT.md "The service resource").
type TypeShape string

// The shapes. Mixed writes an object for every other id.
const (
	TypeObject TypeShape = "object" // as the live API does
	TypeArray  TypeShape = "array"  // as the schema says
	TypeMixed  TypeShape = "mixed"
)

// Options set up a server; the zero value is the sandbox: no authentication, no
// limit, and an empty world.
type Options struct {
	// World is what there is; nil: nothing but code systems.
	World *World
	// Clients are the registered applications; none: authentication is off and
	// every request belongs to the client "".
	Clients []Client
	// Limit is each client's; the zero value is none.
	Limit Limit
	// Type is the shape of `type` unless a service says otherwise; "": object.
	Type TypeShape
	// Extras adds unknown fields, codes and extensions to every resource.
	Extras bool
	// Unpublished is the status that A033 and A037 answer for a service that is
	// not published, 200, 403 or 404: the contract leaves it open. 0: 200. With
	// 403 a batch that holds one is refused, with 404 it is absent.
	Unpublished int
	// BaseURL stands in link.url and fullUrl; "": that of another environment.
	BaseURL string
	// KeptEntries is how many of the last requests the ledger remembers; 0: one
	// million. The summary counts all.
	KeptEntries int
	// Now is the clock of tokens, limits and the ledger; nil: time.Now.
	Now func() time.Time
}

// Server is a simulator of the API. It may be used by many goroutines.
type Server struct {
	options Options
	world   *World
	mux     *http.ServeMux
	gate    *gateway
	serial  atomic.Int64 // of X-Request-ID
	drafts  sync.Map     // draft by service id

	mu       sync.Mutex // guards what follows
	ledger   ledger
	faults   []*Fault
	standing *Fault // set over HTTP
}

// New makes a server. A client without an id, or two with one, panic: they are
// mistakes of the test.
func New(o Options) *Server {
	setDefault(&o.Type, TypeObject)
	setDefault(&o.Unpublished, http.StatusOK)
	setDefault(&o.BaseURL, otherBaseURL)
	setDefault(&o.KeptEntries, 1_000_000)
	if o.World == nil {
		o.World = NewWorld(1, nil, 0)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{options: o, world: o.World, mux: http.NewServeMux(), gate: newGateway(o)}
	s.ledger.reset(o.KeptEntries)
	for pattern, route := range map[string]struct {
		kind   Kind
		handle handler
	}{
		"HEAD " + BasePath + "/R4/HealthcareService/{id}": {HeadService, s.service},
		"GET " + BasePath + "/R4/HealthcareService/{id}":  {GetService, s.service},
		"GET " + BasePath + "/R4/HealthcareService":       {Search, s.search},
		"GET " + BasePath + "/STU3/CodeSystem/{type}":     {CodeSystem, s.codeSystem},
		"/": {UnknownPath, noSuchPath},
	} {
		s.mux.Handle(pattern, s.call(route.kind, s.gate.guard(route.handle)))
	}
	s.mux.Handle(TokenPath, s.call(Token, s.gate.token))
	s.mux.HandleFunc("GET /_ping", ping)
	s.mux.HandleFunc("GET /referrals/_ping", ping)
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

// World returns what the server shows.
func (s *Server) World() *World { return s.world }

// handler answers a request and writes down in the entry what it was about.
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

func (a answer) head(w http.ResponseWriter, length int) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	if a.kind != "" {
		w.Header().Set("Content-Type", a.kind)
	}
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(a.status)
}

func (a answer) send(w http.ResponseWriter) {
	a.head(w, len(a.body))
	_, _ = w.Write(a.body) // a client that left is none of our business
}

// call is the way of every request: the ledger notes when it came, then latency,
// the fault it meets, the answer.
func (s *Server) call(kind Kind, handle handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := entryOf(kind, r)
		e.Client = s.gate.client(r)
		s.arrive(e) // at once: what is measured is the pace of the client
		hit := s.meet(e, r)
		e.Fault = string(hit.way)
		if !hit.wait(r) {
			s.record(e) // the client left first
			return
		}
		a, answered := hit.before(kind, s.options.Now())
		if !answered {
			a = hit.after(handle(r, e))
		}
		a = s.marked(a, r, e)
		// Written down before anything of the answer is sent: who has an answer
		// finds its entry.
		s.record(e)
		hit.send(w, a)
	})
}

// marked adds the two ids of a request (CONTRACT.md "Headers"). The gateway drops
// a client's own X-Request-ID.
func (s *Server) marked(a answer, r *http.Request, e *Entry) answer {
	e.Status = a.status
	if a.status == 0 || e.Kind == Token {
		return a
	}
	e.RequestID = fmt.Sprintf("58621d65-d5ad-4c3a-959f-%012x-1", s.serial.Add(1))
	a = a.with("X-Request-ID", e.RequestID)
	if id := r.Header.Get("X-Correlation-Id"); id != "" {
		a = a.with("X-Correlation-ID", id)
	}
	return a
}

const fhirType = "application/fhir+json"

func ping(w http.ResponseWriter, _ *http.Request) {
	answer{status: http.StatusOK, kind: "application/json", body: []byte(`{"version":"v1.0.0","revision":"1"}`)}.send(w)
}

func noSuchPath(*http.Request, *Entry) answer {
	return encoded(http.StatusNotFound, "application/json", map[string]string{"message": "Not Found"})
}

func encoded(status int, kind string, body any) answer {
	text, err := json.Marshal(body)
	if err != nil { // our own types: a mistake in this package
		panic(fmt.Sprintf("erstest: %T does not marshal: %v", body, err))
	}
	return answer{status: status, kind: kind, body: text}
}

// parsed tells ids from other texts.
func parsed(texts []string) ([]reconcile.ServiceID, bool) {
	ids := make([]reconcile.ServiceID, 0, len(texts))
	for _, text := range texts {
		id, err := reconcile.ParseServiceID(text)
		if err != nil || string(id) != text {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, true
}
