package dostest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The paths the services are mounted on.
const (
	EventPath = "/v1/change-event"
	ReadPath  = "/app/controllers/api/v1.0/services/byOdsCode/"
	FHIRPath  = "/dos-ingest/FHIR/R4"
)

// Options set up a server; the zero value asks for no credentials and works
// events off at once.
type Options struct {
	// APIKey is what the gateway wants as x-api-key; empty: nothing.
	APIKey string
	// User and Password are the HTTP Basic credentials of the read API; an empty
	// User: none are wanted.
	User     string
	Password string
	// Token says whether a Bearer token of the FHIR ingest is good; nil: none is
	// wanted, as in the sandbox. It must be safe for concurrent use.
	Token func(token string) bool
	// Delay is how long an event lies in the queue, in real time; 0: a worker in
	// the background takes it at once, maybe before the sender has its answer.
	Delay time.Duration
	// UnknownPostcodes are those that DoS has no location for, in any spelling.
	UnknownPostcodes []string
	// Variants makes Seed add the derived services that some pharmacies have:
	// types 132, 148 and 149 with a suffix to the code, by a fixed rule.
	Variants bool
	// EmptyBundle makes the FHIR search answer an unknown code with an empty
	// bundle, as one sandbox example does, instead of 404.
	EmptyBundle bool
	// Now is the clock of the ledger, of the five minutes of de-duplication and
	// of what is today; nil: time.Now.
	Now func() time.Time
}

// Server is a simulator of all of DoS. It may be used by many goroutines.
type Server struct {
	options  Options
	control  *http.ServeMux
	ledger   *ledger
	queue    *queue
	seen     *deduplicator
	services *database
	practice *registry
	switches switchboard
}

// New makes a server with an empty database.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		options: o, ledger: newLedger(), seen: newDeduplicator(),
		services: newDatabase(o), practice: newRegistry(),
	}
	s.queue = newQueue(o.Delay, s.ingest)
	s.control = s.controls()
	return s
}

// Handler returns what to serve. Faults abort connections by panicking with
// http.ErrAbortHandler, as net/http wants it.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/control/") || r.URL.Path == "/ledger" || strings.HasPrefix(r.URL.Path, "/ledger/") {
			s.control.ServeHTTP(w, r)
			return
		}
		s.serve(w, r)
	})
}

// Settled waits until no event lies in the queue, also through Options.Delay.
// Its error is the context's.
func (s *Server) Settled(ctx context.Context) error { return s.queue.settled(ctx) }

// Drain works off at once what lies in the queue, without its delay, and
// returns when nothing is left. Its error is the context's.
func (s *Server) Drain(ctx context.Context) error { return s.queue.drain(ctx) }

// call is a request as it arrived.
type call struct {
	at       time.Time
	kind     Kind
	code     string // ODS code, as far as the request tells
	sequence int64
	numbered bool   // whether sequence was an integer
	key      string // correlation id
	body     []byte
	request  *http.Request
}

// reply is an answer that was not sent yet, so that faults can spoil it.
type reply struct {
	status      int
	contentType string
	body        []byte
	header      [][2]string
}

// maxBody is what a gateway of this kind takes at all.
const maxBody = 10 << 20

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	c := s.describe(r)
	met := s.switches.meet(c.kind)
	if met.name == faultDown {
		s.ledger.request(c, 0, met.text())
		panic(http.ErrAbortHandler)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil { // the client left before it had said all
		s.ledger.request(c, 0, met.text())
		panic(http.ErrAbortHandler)
	}
	c.body = body
	if c.kind == KindEvent {
		c.code = odsCodeIn(body)
	}
	answer := s.answer(&c, met)
	if !met.wait(r.Context()) || met.silent() {
		s.ledger.request(c, 0, met.text())
		panic(http.ErrAbortHandler)
	}
	s.ledger.request(c, answer.status, met.text()) // before the client can know
	met.send(w, answer)
}

// describe reads what the line and the headers of a request say.
func (s *Server) describe(r *http.Request) call {
	c := call{at: s.options.Now(), kind: kindOf(r), request: r, key: r.Header.Get("Correlation-Id")}
	if c.key == "" {
		c.key = r.Header.Get("X-Correlation-Id")
	}
	if number, err := strconv.ParseInt(strings.TrimSpace(r.Header.Get("Sequence-Number")), 10, 64); err == nil {
		c.sequence, c.numbered = number, true
	}
	switch c.kind {
	case KindRead:
		c.code = strings.TrimPrefix(r.URL.Path, ReadPath)
	case KindSearch:
		_, c.code, _ = strings.Cut(r.URL.Query().Get("identifier"), "|")
	case KindUpdate:
		c.code = s.practice.codeOf(strings.TrimPrefix(r.URL.Path, FHIRPath+"/Organization/"))
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

// answer lets the service that was asked answer, unless a fault does.
func (s *Server) answer(c *call, met fault) reply {
	if status := met.instead(); status != 0 {
		return s.refusal(c, met, status)
	}
	if met.name == faultDropBefore {
		return reply{}
	}
	switch c.kind {
	case KindEvent:
		return s.changeEvent(c)
	case KindRead:
		return s.byODSCode(c)
	case KindSearch, KindUpdate, KindStatus:
		return s.fhir(c)
	}
	return jsonReply(http.StatusForbidden, map[string]string{"message": "Missing Authentication Token"}) // AWS, for any unknown path
}

// refusal is the error a fault asks for, in the words of the service that was
// called.
func (s *Server) refusal(c *call, met fault, status int) reply {
	var answer reply
	switch c.kind {
	case KindSearch, KindUpdate, KindStatus:
		answer = fhirRefusal(status)
	case KindRead:
		answer = readError(status, http.StatusText(status))
	default:
		answer = gatewayRefusal(met, status)
	}
	if met.retryAfter > 0 {
		answer.header = append(answer.header, [2]string{"Retry-After", strconv.Itoa(met.retryAfter)})
	}
	return answer
}

// digest names a body: the first 16 hexadecimal digits of its SHA-256.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}
