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

// Key is the default key of a server: the example of Notify's public documentation,
// which gives no access.
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

// Options configure a server; the zero value has Key and no template.
type Options struct {
	APIKey  string // {name}-{service id}-{secret}; empty: Key
	Kind    KeyKind
	Members []string // addresses that a key of kind Team may send to
	Trial   bool     // sends to Members only, and 50 e-mails a day
	// Templates exist from the start, with version 1; see Template.
	Templates []Template
	// ReplyTo are the ids of the reply-to addresses of the service.
	ReplyTo []string
	// Now is the clock; nil: time.Now. Advance moves it.
	Now func() time.Time
	// Scale multiplies the limit on requests, a bucket of 1,000 filled with 50 a
	// second. 0: 1; below 0: no limit.
	Scale float64
	// Daily is how many e-mails may be sent in a UTC day; 0: 250,000.
	Daily int
	// Sending and Done are how long after acceptance an e-mail becomes "sending", and
	// gets its last status; 0: 1 and 5 seconds.
	Sending, Done time.Duration
	// LastStatus returns the last status of an e-mail to an address. For "" it is delivered,
	// except for TempFail and PermFail. nil: always "".
	LastStatus func(address string) string
	// Retention is how long a message can be read; 0: 7 days.
	Retention time.Duration
	// KeptEntries is how many of the last requests the ledger remembers; 0: one
	// million. It remembers accepted messages until Reset.
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
	taken     acceptedMessages
	bucket    bucket
	day       string // the day of sum
	sum       int    // e-mails on that day
}

// New makes a server. It panics on an invalid template or key, which is a bug in the
// test.
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
// http.ErrAbortHandler, as net/http requires.
func (s *Server) Handler() http.Handler { return s.Kit.Handler(s.mux) }

// Revoke makes the server refuse the key from now on.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = true
}

// forget forgets all that Reset forgets besides the ledger.
func (s *Server) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken, s.bucket, s.sum = newTaken(), bucket{}, 0
}

// handler answers a request and records the outcome in the entry.
type handler func(r *http.Request, e *Entry) simulate.Answer

// service handles every request of the API.
func (s *Server) service(handle handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := &Entry{Entry: simulate.EntryOf("", r), Reference: r.URL.Query().Get("reference")}
		simulate.Exchange{
			Met:   s.Meet(simulate.Request{HTTP: r, Kind: simulate.Kind(r.Method)}),
			Entry: &e.Entry, Refuse: serverError,
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

// serverError returns an error that has nothing to do with the request.
func serverError(name FaultName) simulate.Answer {
	status := name.Status()
	switch status {
	case http.StatusInternalServerError:
		return refused(status, "Exception", "Internal server error")
	case http.StatusGatewayTimeout:
		return refused(status, "EventletTimeout", "Timeout serving request")
	}
	return simulate.Answer{Status: status, Type: "text/html", Body: []byte("<html><h1>" + strconv.Itoa(status) + "</h1></html>")}
}

// refused returns an error in Notify's form (CONTRACT.md "Errors").
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
