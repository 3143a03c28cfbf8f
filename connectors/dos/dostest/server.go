package dostest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

// The paths of the services.
const (
	EventPath = "/v1/change-event"
	ReadPath  = "/app/controllers/api/v1.0/services/byOdsCode/"
	FHIRPath  = "/dos-ingest/FHIR/R4"
)

// Options configure a server; the zero value requires no credentials and processes
// events at once.
type Options struct {
	// APIKey is what the gateway requires as x-api-key; empty: nothing.
	APIKey string
	// User and Password are the HTTP Basic credentials of the read API; with an empty
	// User none are required.
	User     string
	Password string
	// Token reports whether a Bearer token of the FHIR ingest is valid; nil: none is
	// required, as in the sandbox. It must be safe for concurrent use.
	Token func(token string) bool
	// Delay is how long an event stays in the queue, in real time; 0: a background
	// worker processes it at once, maybe before the sender has its answer.
	Delay time.Duration
	// UnknownPostcodes are those for which DoS has no location, in any spelling.
	UnknownPostcodes []string
	// Variants makes Seed add the derived services that some pharmacies have:
	// types 132, 148 and 149 with a suffix to the code, by a fixed rule.
	Variants bool
	// EmptyBundle makes the FHIR search answer an unknown code with an empty
	// bundle, as one sandbox example does, instead of 404.
	EmptyBundle bool
	// Now is the clock of the ledger, of the five minutes of de-duplication and of
	// today; nil: time.Now.
	Now func() time.Time
}

type (
	// Fault is the kit's.
	Fault = simulate.Fault
	// FaultName is one of the kit's, KeyRefused or IPDenied.
	FaultName = simulate.Name
)

// The faults that only DoS has. Every request meets them, whatever the share, and none
// has an effect.
const (
	KeyRefused FaultName = "key-refused" // 403
	IPDenied   FaultName = "ip-denied"   // 403 with the text for a caller that is not on the allow-list
)

// Server is a simulator of all of DoS. It may be used by many goroutines.
type Server struct {
	*simulate.Kit[Entry]

	options  Options
	queue    *queue
	seen     *deduplicator
	services *database
	practice *registry
	order    simulate.Order

	mu     sync.Mutex
	states map[string]State // by code
}

// New makes a server with an empty database.
func New(o Options) *Server {
	s := &Server{
		options: o, seen: newDeduplicator(), services: newDatabase(o), practice: newRegistry(), states: make(map[string]State),
	}
	whole := simulate.Own{Refuses: true, Always: true}
	s.Kit = simulate.New[Entry](simulate.Options{
		Now: o.Now, Own: map[FaultName]simulate.Own{KeyRefused: whole, IPDenied: whole},
		Summary: func() any { return s.Summary() }, Forget: s.forget,
	})
	s.queue = newQueue(o.Delay, s.ingest)
	s.control()
	return s
}

// Handler returns what to serve. Faults abort connections by panicking with
// http.ErrAbortHandler, as net/http requires.
func (s *Server) Handler() http.Handler { return s.Kit.Handler(http.HandlerFunc(s.serve)) }

// AwaitEmptyQueue waits until the queue is empty, including any Options.Delay. Its error is the
// context's.
func (s *Server) AwaitEmptyQueue(ctx context.Context) error { return s.queue.awaitEmpty(ctx) }

// Drain processes everything in the queue at once, without its delay, and returns when
// nothing is left. Its error is the context's.
func (s *Server) Drain(ctx context.Context) error { return s.queue.drain(ctx) }

// call is a request as it arrived.
type call struct {
	Entry

	numbered bool // whether Sequence was an integer
	body     []byte
	request  *http.Request
}

// maxBody is the size limit of a gateway of this kind.
const maxBody = 10 << 20

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	c := s.describe(r)
	met := s.Meet(simulate.Request{HTTP: r, Kind: c.Kind, IDs: []string{c.Code}})
	if met.Name != simulate.Down && !c.read() { // the client left before the end of its request
		c.Fault = met.Name
		s.Book.Request(c.Entry)
		panic(http.ErrAbortHandler)
	}
	simulate.Exchange{
		Met: met, Entry: &c.Entry.Entry,
		Serve:  func() simulate.Answer { return s.answer(c) },
		Refuse: func(name FaultName) simulate.Answer { return refusal(c.Kind, name) },
		Note: func(a simulate.Answer) simulate.Answer {
			s.Book.Request(c.Entry)
			return a
		},
	}.Play(w, r)
}

// read reads the body, and returns false if it broke off.
func (c *call) read() bool {
	body, err := io.ReadAll(io.LimitReader(c.request.Body, maxBody+1))
	if err != nil {
		return false
	}
	c.body = body
	if c.Kind == KindEvent {
		c.Code = odsCodeIn(body)
	}
	return true
}

// describe reads the request line and the headers.
func (s *Server) describe(r *http.Request) *call {
	c := &call{Entry: Entry{Entry: simulate.EntryOf(kindOf(r), r), Key: r.Header.Get("Correlation-Id")}, request: r}
	s.Stamp(&c.Entry.Entry)
	if c.Key == "" {
		c.Key = r.Header.Get("X-Correlation-ID")
	}
	if number, err := strconv.ParseInt(strings.TrimSpace(r.Header.Get("Sequence-Number")), 10, 64); err == nil {
		c.Sequence, c.numbered = number, true
	}
	switch c.Kind {
	case KindRead:
		c.Code = strings.TrimPrefix(r.URL.Path, ReadPath)
	case KindSearch:
		_, c.Code, _ = strings.Cut(r.URL.Query().Get("identifier"), "|")
	case KindUpdate:
		c.Code = s.practice.codeOf(strings.TrimPrefix(r.URL.Path, FHIRPath+"/Organization/"))
	}
	return c
}

func kindOf(r *http.Request) Kind {
	path := strings.TrimSuffix(r.URL.Path, "/")
	switch {
	case path == EventPath && r.Method == http.MethodPost:
		return KindEvent
	case strings.HasPrefix(r.URL.Path, ReadPath):
		return KindRead
	case path == FHIRPath+"/Organization" && r.Method == http.MethodGet:
		return KindSearch
	case strings.HasPrefix(path, FHIRPath+"/Organization/") && r.Method == http.MethodPut:
		return KindUpdate
	case path == FHIRPath+"/_status":
		return KindStatus
	}
	return KindOther
}

// answer lets the requested service answer.
func (s *Server) answer(c *call) simulate.Answer {
	switch c.Kind {
	case KindEvent:
		return s.changeEvent(c)
	case KindRead:
		return s.byODSCode(c)
	case KindSearch, KindUpdate, KindStatus:
		return s.fhir(c)
	}
	return simulate.JSON(http.StatusForbidden, map[string]string{"message": "Missing Authentication Token"}) // as AWS does
}

// refusal returns the error of a fault, with the text of the service that was called.
func refusal(kind Kind, name FaultName) simulate.Answer {
	status := cmp.Or(name.Status(), http.StatusForbidden) // the status of our own faults
	switch kind {
	case KindSearch, KindUpdate, KindStatus:
		return fhirRefusal(status)
	case KindRead:
		return readError(status, http.StatusText(status))
	}
	return gatewayRefusal(name, status)
}

// digest identifies a body: the first 16 hexadecimal digits of its SHA-256.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

// Start serves on a loopback address until the test ends and returns the server
// and its address, "http://127.0.0.1:port".
func Start(tb testing.TB, o Options) (*Server, string) {
	tb.Helper()
	s := New(o)
	return s, simulate.Serve(tb, s.Handler())
}
