package notifytest

import (
	"cmp"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
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

type (
	// Fault is the kit's.
	Fault = simulate.Fault
	// FaultName is one of the kit's; Notify has none of its own.
	FaultName = simulate.Name
)

// Server is a simulator of GOV.UK Notify. It may be used by many goroutines.
// Reset forgets messages, the ledger, faults, and what the limits counted;
// templates, the clock and a revoked key stay.
type Server struct {
	*simulate.Kit[Entry]

	options Options
	key     key
	mux     *http.ServeMux
	post    *http.Client // of receipts

	mu        sync.Mutex
	revoked   bool
	ids       *rand.Rand
	templates map[string][]Template // by id; all versions, the newest last
	taken     taken
	bucket    bucket
	day       string // of the sum
	sum       int    // e-mails of that day
}

// New makes a server. A template or key that makes no sense panics: it is a
// mistake of the test.
func New(o Options) *Server {
	o.APIKey, o.Kind = cmp.Or(o.APIKey, Key), cmp.Or(o.Kind, Live)
	o.Scale, o.Daily = cmp.Or(o.Scale, 1), cmp.Or(o.Daily, 250_000)
	o.Sending, o.Done = cmp.Or(o.Sending, time.Second), cmp.Or(o.Done, 5*time.Second)
	o.Retention = cmp.Or(o.Retention, 7*24*time.Hour)
	if o.Trial {
		o.Daily = 50
	}
	s := &Server{
		options: o, key: mustKey(o.APIKey), mux: http.NewServeMux(), templates: make(map[string][]Template), taken: newTaken(),
		ids:  rand.New(rand.NewPCG(o.Seed, 2)), //nolint:gosec // the same ids every time
		post: &http.Client{Timeout: 5 * time.Second},
	}
	s.Kit = simulate.New[Entry](simulate.Options{
		Now: o.Now, Kept: cmp.Or(o.KeptEntries, 1_000_000), Summary: func() any { return s.Summary() }, Forget: s.forget,
	})
	for _, t := range o.Templates {
		s.SetTemplate(t)
	}
	s.mux.Handle("POST "+SendPath, s.service(s.send))
	s.mux.Handle("GET "+ReadPath, s.service(s.list))
	s.mux.Handle("GET "+ReadPath+"/{id}", s.service(s.status))
	s.mux.Handle("/", s.service(func(*http.Request, *Entry) simulate.Answer {
		return simulate.JSON(http.StatusNotFound, map[string]string{
			"message": "The requested URL was not found on the server.", "result": "error",
		})
	}))
	s.control()
	return s
}

// Handler returns what to serve. Faults that break a connection panic with
// http.ErrAbortHandler, as net/http wants it.
func (s *Server) Handler() http.Handler { return s.Kit.Handler(s.mux) }

// Revoke has the key refused from now on.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = true
}

// forget is what goes with the ledger.
func (s *Server) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken, s.bucket, s.sum = newTaken(), bucket{}, 0
}

// handler answers a request of the service and writes down in the entry what
// came of it.
type handler func(r *http.Request, e *Entry) simulate.Answer

// service is the way of every request.
func (s *Server) service(handle handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := &Entry{Entry: simulate.EntryOf("", r), Reference: r.URL.Query().Get("reference")}
		simulate.Exchange{
			Met:   s.Meet(simulate.Request{HTTP: r, Kind: simulate.Kind(r.Method)}),
			Entry: &e.Entry, Refuse: broken,
			Serve: func() simulate.Answer {
				if a, ok := s.authorized(r); !ok {
					return a
				}
				return handle(r, e)
			},
			Note: func(a simulate.Answer) simulate.Answer {
				s.Stamp(&e.Entry)
				s.Book.Request(*e)
				return a.With("Date", s.Now().Format(http.TimeFormat))
			},
		}.Play(w, r)
	})
}

// broken is an error that is not about what was asked.
func broken(name FaultName) simulate.Answer {
	status := name.Status()
	switch status {
	case http.StatusInternalServerError:
		return refused(status, "Exception", "Internal server error")
	case http.StatusGatewayTimeout:
		return refused(status, "EventletTimeout", "Timeout serving request")
	}
	return simulate.Answer{Status: status, Type: "text/html", Body: []byte("<html><h1>" + strconv.Itoa(status) + "</h1></html>")}
}

// refused is an error in Notify's form (CONTRACT.md "Errors").
func refused(status int, code string, messages ...string) simulate.Answer {
	type fault struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}
	faults := make([]fault, len(messages))
	for i, message := range messages {
		faults[i] = fault{code, message}
	}
	return simulate.JSON(status, map[string]any{"status_code": status, "errors": faults})
}

func invalid(messages ...string) simulate.Answer {
	return refused(http.StatusBadRequest, "ValidationError", messages...)
}

func bad(message string) simulate.Answer {
	return refused(http.StatusBadRequest, "BadRequestError", message)
}
