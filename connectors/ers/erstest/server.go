package erstest

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/reconcile/services"
)

// BasePath is where the API begins, TokenPath where tokens are issued.
const (
	BasePath  = "/referrals/FHIR"
	TokenPath = "/oauth2/token" //nolint:gosec // a path
)

// Root returns the address of the server itself from the base address of its API.
func Root(base string) string { return strings.TrimSuffix(base, BasePath) }

// Kind is a kind of API call, by its number in the contract.
type Kind = simulate.Kind

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

// Options configure a server; the zero value is the sandbox: no authentication, no
// limit, and an empty world.
type Options struct {
	// World holds the services; nil: only code systems.
	World *World
	// Clients are the registered applications; none: authentication is off and
	// every request belongs to the client "".
	Clients []Client
	// Limit applies to each client; the zero value means no limit.
	Limit Limit
	// Type is the shape of `type` unless a service says otherwise; "": object.
	Type TypeShape
	// Extras adds unknown fields, codes and extensions to every resource.
	Extras bool
	// Unpublished is the status of A033 and A037 for a service that is not published,
	// 200, 403 or 404, since it is not documented. 0: 200. With 403 a batch with such a
	// service is refused, with 404 the service is absent.
	Unpublished int
	// BaseURL is used in link.url and fullUrl; "": that of another environment.
	BaseURL string
	// KeptEntries is how many of the last requests the ledger remembers; 0: one
	// million. The summary counts all.
	KeptEntries int
	// Now is the clock of tokens, limits and the ledger; nil: time.Now.
	Now func() time.Time
}

// Server is a simulator of the API. It may be used by many goroutines.
type Server struct {
	*simulate.Kit[Entry]

	options   Options
	world     *World
	mux       *http.ServeMux
	gate      *gateway
	serial    atomic.Int64 // of X-Request-ID
	encodings sync.Map     // draft by service id

	mu    sync.Mutex
	paces paces
}

// New makes a server. It panics on a client without an id, or two with the same, which
// is a bug in the test.
func New(o Options) *Server {
	o.Type, o.BaseURL = cmp.Or(o.Type, TypeObject), cmp.Or(o.BaseURL, otherBaseURL)
	o.Unpublished = cmp.Or(o.Unpublished, http.StatusOK)
	if o.World == nil {
		o.World = NewWorld(1, nil, 0)
	}
	s := &Server{options: o, world: o.World, mux: http.NewServeMux()}
	s.Kit = simulate.New[Entry](simulate.Options{
		Now: o.Now, Kept: cmp.Or(o.KeptEntries, 1_000_000), Own: own(), Summary: func() any { return s.Summary() }, Forget: s.forget,
	})
	s.forget()
	s.gate = newGateway(o, s.Now)
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

// Handler returns what to serve. Faults that break a connection panic with
// http.ErrAbortHandler, as net/http requires.
func (s *Server) Handler() http.Handler { return s.Kit.Handler(s.mux) }

// World returns what the server shows.
func (s *Server) World() *World { return s.world }

// handler answers a request and records in the entry what it was about.
type handler func(r *http.Request, e *Entry) simulate.Answer

// call handles every request.
func (s *Server) call(kind Kind, handle handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := entryOf(kind, r)
		e.Client = s.gate.client(r)
		s.arrive(e) // at once, to measure the pace of the client
		met := s.Meet(simulate.Request{HTTP: r, Kind: kind, Client: e.Client, IDs: asked(r), Apart: kind == Token})
		simulate.Exchange{
			Met: met, Entry: &e.Entry,
			Serve:  func() simulate.Answer { return handle(r, e) },
			Refuse: func(name FaultName) simulate.Answer { return refusal(name, kind, s.Now()) },
			Spoil:  func(a simulate.Answer) simulate.Answer { return spoil(met.Name, a) },
			Note: func(a simulate.Answer) simulate.Answer {
				a = s.withIDs(a, r, e)
				s.record(e)
				return a
			},
		}.Play(w, r)
	})
}

// asked returns the services that a request names.
func asked(r *http.Request) []string {
	if id := r.PathValue("id"); id != "" {
		return []string{id}
	}
	ids, _ := idsOf(r.URL.Query())
	return ids
}

// withIDs adds the two ids of a request (CONTRACT.md "Headers"). The gateway drops a
// client's own X-Request-ID.
func (s *Server) withIDs(a simulate.Answer, r *http.Request, e *Entry) simulate.Answer {
	if a.Status == 0 || e.Kind == Token {
		return a
	}
	e.RequestID = fmt.Sprintf("58621d65-d5ad-4c3a-959f-%012x-1", s.serial.Add(1))
	a = a.With("X-Request-ID", e.RequestID)
	if id := r.Header.Get("X-Correlation-ID"); id != "" {
		a = a.With("X-Correlation-ID", id)
	}
	return a
}

const fhirType = "application/fhir+json"

func ping(w http.ResponseWriter, _ *http.Request) {
	simulate.Answer{Status: http.StatusOK, Type: simulate.JSONType, Body: []byte(`{"version":"v1.0.0","revision":"1"}`)}.Send(w)
}

func noSuchPath(*http.Request, *Entry) simulate.Answer {
	return simulate.JSON(http.StatusNotFound, map[string]string{"message": "Not Found"})
}

// parsed returns the texts as ids, and false if any is not one.
func parsed(texts []string) ([]services.ID, bool) {
	ids := make([]services.ID, 0, len(texts))
	for _, text := range texts {
		id, err := services.ParseID(text)
		if err != nil || string(id) != text {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, true
}
