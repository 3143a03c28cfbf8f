package notifytest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Key is the key of a server that is given none: the example of Notify's public
// documentation, which opens nothing.
const Key = "my_test_key-26785a09-ab16-4eb0-8407-a37497a57506-3d844edf-8d35-48ac-975b-e847b4f122b0"

// KeyKind is what a key is for (CONTRACT.md "Keys and test addresses").
type KeyKind string

// The kinds of keys.
const (
	Live KeyKind = "live"
	Test KeyKind = "test" // uses up no daily limit
	Team KeyKind = "team" // sends to Options.Members only
)

// The paths of the service.
const (
	SendPath = "/v2/notifications/email"
	ReadPath = "/v2/notifications"
)

// Options set up a server; the zero value has Key and no template.
type Options struct {
	APIKey  string // {name}-{service id}-{secret}; empty: Key
	Kind    KeyKind
	Members []string // addresses that a key of kind Team may send to
	Trial   bool     // sends to Members only, and 50 e-mails a day
	// Templates are there from the start, with version 1; see Template.
	Templates []Template
	// ReplyTo are the ids of the reply-to addresses of the service.
	ReplyTo []string
	// Now is the clock; nil: time.Now. Advance moves it.
	Now func() time.Time
	// Scale makes the limit on requests so many times as large: a bucket of 1,000
	// filled with 50 a second. 0: 1; below 0: no limit.
	Scale float64
	// Daily is how many e-mails may be sent in a day of UTC; 0: 250,000.
	Daily int
	// Sending and Done are how long after its acceptance an e-mail is "sending",
	// and has its last status; 0: 1 and 5 seconds.
	Sending, Done time.Duration
	// Fate is the last status of an e-mail to an address, and "" for that of the
	// simulated addresses: delivered but for TempFail and PermFail. nil: "" always.
	Fate func(address string) string
	// Retention is how long a message can be read; 0: 7 days.
	Retention time.Duration
	// KeptEntries is how many of the last requests the ledger remembers; 0: one
	// million. Accepted messages are remembered until Reset.
	KeptEntries int
	// Seed decides the ids of messages.
	Seed uint64
}

// Server is a simulator of GOV.UK Notify. It may be used by many goroutines.
type Server struct {
	options Options
	key     key
	mux     *http.ServeMux
	post    *http.Client // of receipts

	mu        sync.Mutex
	moved     time.Duration
	revoked   bool
	ids       *rand.Rand
	templates map[string][]Template // by id; all versions, the newest last
	ledger    ledger
	bucket    bucket
	day       string // of the sum
	sum       int    // e-mails of that day
	faults    []*Fault
	standing  *Fault // set over HTTP
}

// New makes a server. A template or key that makes no sense panics: it is a
// mistake of the test.
func New(o Options) *Server {
	setDefault(&o.APIKey, Key)
	setDefault(&o.Kind, Live)
	setDefault(&o.Scale, 1)
	setDefault(&o.Daily, 250_000)
	setDefault(&o.Sending, time.Second)
	setDefault(&o.Done, 5*time.Second)
	setDefault(&o.Retention, 7*24*time.Hour)
	setDefault(&o.KeptEntries, 1_000_000)
	if o.Trial {
		o.Daily = 50
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		options: o, key: mustKey(o.APIKey), mux: http.NewServeMux(), templates: make(map[string][]Template),
		ids:  rand.New(rand.NewPCG(o.Seed, 2)), //nolint:gosec // the same ids every time
		post: &http.Client{Timeout: 5 * time.Second},
	}
	s.Reset()
	for _, t := range o.Templates {
		s.SetTemplate(t)
	}
	s.mux.Handle("POST "+SendPath, s.service(s.send))
	s.mux.Handle("GET "+ReadPath, s.service(s.list))
	s.mux.Handle("GET "+ReadPath+"/{id}", s.service(s.status))
	s.mux.Handle("/", s.service(func(*http.Request, *Entry) answer {
		return encoded(http.StatusNotFound, map[string]string{"message": "The requested URL was not found on the server.", "result": "error"})
	}))
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

// Now is the time by the server's clock.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

func (s *Server) now() time.Time { return s.options.Now().Add(s.moved).UTC() }

// Advance moves the clock, also back.
func (s *Server) Advance(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved += by
}

// Revoke has the key refused from now on.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = true
}

// Reset forgets all messages, the ledger, faults, and what the limits counted.
// Templates, the clock and a revoked key stay.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.reset(s.options.KeptEntries)
	s.bucket = bucket{}
	s.faults, s.standing, s.sum = nil, nil, 0
}

// handler answers a request of the service and writes down in the entry what
// came of it.
type handler func(r *http.Request, e *Entry) answer

// answer is held in memory until it is known how to spoil it.
type answer struct {
	status int
	kind   string // Content-Type
	body   []byte
}

func (a answer) send(w http.ResponseWriter) {
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that left is none of our business
}

// service is the way of every request: the fault it meets, its token, the
// answer, the ledger.
func (s *Server) service(handle handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := &Entry{Method: r.Method, Path: r.URL.Path, Reference: r.URL.Query().Get("reference")}
		hit := s.meet(r)
		e.Fault = string(hit.way)
		if !hit.wait(r) {
			s.record(e) // the client left first
			return
		}
		a, answered := hit.before(r)
		if !answered {
			if refused, ok := s.authorized(r); !ok {
				a = refused
			} else {
				a = handle(r, e)
			}
			a = hit.after(a)
		}
		// Written down before anything of the answer is sent: who has an answer
		// finds its entry.
		e.Status = a.status
		s.record(e)
		w.Header().Set("Date", s.Now().Format(http.TimeFormat))
		hit.send(w, r, a)
	})
}

// refused is an error in Notify's form (CONTRACT.md "Errors").
func refused(status int, code string, messages ...string) answer {
	type fault struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}
	faults := make([]fault, len(messages))
	for i, message := range messages {
		faults[i] = fault{code, message}
	}
	return encoded(status, map[string]any{"status_code": status, "errors": faults})
}

func invalid(messages ...string) answer {
	return refused(http.StatusBadRequest, "ValidationError", messages...)
}

func bad(message string) answer { return refused(http.StatusBadRequest, "BadRequestError", message) }

func encoded(status int, body any) answer {
	text, err := json.Marshal(body)
	if err != nil { // our own types: a mistake in this package
		panic(fmt.Sprintf("notifytest: %T does not marshal: %v", body, err))
	}
	return answer{status: status, kind: "application/json", body: text}
}
