package simulate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault says what goes wrong with which requests, and how often. It may have
// several names: each request that meets it meets one of them, drawn by the seed.
// Latency comes in addition.
type Fault struct {
	// Names say what happens. Without one the request is delayed or watched, and
	// answered properly.
	Names []Name `json:"names,omitempty"`
	// Share is the share of matching requests that meet it, 0 to 1; 0 means all.
	Share float64 `json:"share"`
	// Seed decides which ones.
	Seed uint64 `json:"seed"`

	// Kinds are the kinds of requests that meet it, as the ledger spells them, or the
	// methods of requests without a kind; empty means all.
	Kinds []Kind `json:"kinds,omitempty"`
	// Clients are the clients whose requests meet it, if the system tells clients
	// apart; empty means all.
	Clients []string `json:"clients,omitempty"`
	// IDs picks requests for one of these ids; empty means all.
	IDs []string `json:"ids,omitempty"`

	// LatencyMS is how many milliseconds a request waits before it is processed.
	LatencyMS int `json:"latency_ms,omitempty"`
	// AnswerLatencyMS is how many milliseconds the answer waits after the effect.
	AnswerLatencyMS int `json:"answer_latency_ms,omitempty"`
	// RetryAfter is the Retry-After header of an error, in seconds; 0 means none.
	RetryAfter int `json:"retry_after,omitempty"`
	// CutAfter is the number of bytes of the body after which Truncated breaks the
	// connection; 0 means half of it. A shorter body is sent whole.
	CutAfter int `json:"cut_after,omitempty"`
	// Chunked makes Truncated leave out the length, so that only the missing last
	// chunk shows that the body is cut off.
	Chunked bool `json:"chunked,omitempty"`
	// NextHost is the scheme and host for NextElsewhere: "https://elsewhere.example".
	NextHost string `json:"next_host,omitempty"`
	// Text is the text of an error, if the system does not define one.
	Text string `json:"text,omitempty"`

	// Only tests can set the fields below. Match also picks requests; nil means all.
	Match func(*http.Request) bool `json:"-"`
	// Skip is the number of matching requests that pass first.
	Skip int `json:"-"`
	// Times is how many requests meet it; 0 means one, below 0 all from now on. A
	// standing fault is for all.
	Times int `json:"-"`
	// Do runs as soon as a request meets it.
	Do func() `json:"-"`
	// Wait delays the request until it is closed; nil means no delay.
	Wait <-chan struct{} `json:"-"`
}

// Of returns a fault for the next request, with one of the names.
func Of(names ...Name) Fault { return Fault{Names: names} }

// check returns an error that says what makes no sense.
func (f *Fault) check(own map[Name]Own) error {
	for _, name := range f.Names {
		if _, owned := own[name]; !owned && !name.isError() && !slices.Contains(common, name) {
			return fmt.Errorf("fault %q: want one of %q", name, knownNames(own))
		}
	}
	switch {
	case f.Share < 0 || f.Share > 1:
		return fmt.Errorf("share %v: want 0 to 1", f.Share)
	case min(f.LatencyMS, f.AnswerLatencyMS, f.RetryAfter, f.CutAfter) < 0:
		return errors.New("latency_ms, answer_latency_ms, retry_after, cut_after: want none below 0")
	case len(f.Names) == 0 && !f.hasLatency() && f.Do == nil && f.Wait == nil:
		return errors.New("a fault that does nothing: want names or latency")
	}
	return nil
}

func (f *Fault) hasLatency() bool { return f.LatencyMS > 0 || f.AnswerLatencyMS > 0 }

// Kind is what a request asks for, in the system's terms.
type Kind string

// Request is what faults pick requests by.
type Request struct {
	HTTP   *http.Request // nil if the system does not use HTTP
	Kind   Kind
	Client string
	IDs    []string
	// Apart marks a kind that meets only faults that name it.
	Apart bool
}

func (f *Fault) matches(r Request) bool {
	switch {
	case len(f.Kinds) == 0 && r.Apart, len(f.Kinds) > 0 && !slices.Contains(f.Kinds, r.Kind),
		len(f.Clients) > 0 && !slices.Contains(f.Clients, r.Client),
		len(f.IDs) > 0 && !slices.ContainsFunc(r.IDs, func(id string) bool { return slices.Contains(f.IDs, id) }):
		return false
	}
	return f.Match == nil || f.Match(r.HTTP)
}

// Faults holds a queue that tests fill, and one standing fault that lasts until
// another replaces it. It may be used by many goroutines.
type Faults struct {
	own map[Name]Own

	mu       sync.Mutex
	queued   []*armed
	standing *armed
}

// NewFaults makes a set without faults, for the common names and the simulator's
// own.
func NewFaults(own map[Name]Own) *Faults { return &Faults{own: own} }

// armed is a fault with its random numbers.
type armed struct {
	Fault

	draw *rand.Rand
}

func (s *Faults) arm(f Fault) (*armed, error) {
	if err := f.check(s.own); err != nil {
		return nil, err
	}
	return &armed{f, rand.New(rand.NewPCG(f.Seed, 1))}, nil //nolint:gosec // the same requests must fail every time
}

// Fault queues faults. A request meets the first one that matches it. An invalid
// fault panics: it is a bug in the test.
func (s *Faults) Fault(faults ...Fault) {
	for _, f := range faults {
		queued, err := s.arm(f)
		if err != nil {
			panic("simulate: " + err.Error())
		}
		if queued.Times == 0 {
			queued.Times = 1
		}
		s.mu.Lock()
		s.queued = append(s.queued, queued)
		s.mu.Unlock()
	}
}

// Stand replaces the standing fault. Requests that meet no fault of the queue meet
// it. The error says what makes no sense.
func (s *Faults) Stand(f Fault) error {
	standing, err := s.arm(f)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.standing = standing
	return nil
}

// Standing returns the standing fault; the zero value for none.
func (s *Faults) Standing() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.standing == nil {
		return Fault{}
	}
	return s.standing.Fault
}

// Heal removes all faults, including the standing one.
func (s *Faults) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued, s.standing = nil, nil
}

// Met is the fault that one request meets; the zero value means none.
type Met struct {
	Fault

	Name Name // one of the fault's names, or Slow or Watched
	own  Own
}

// Meet returns the fault that a request meets.
func (s *Faults) Meet(r Request) Met {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.queued {
		name := f.meet(r, s.own)
		if name == "" {
			continue
		}
		if f.Times--; f.Times == 0 {
			s.queued = slices.Delete(slices.Clone(s.queued), i, i+1)
		}
		return Met{f.Fault, name, s.own[name]}
	}
	if s.standing != nil {
		if name := s.standing.meet(r, s.own); name != "" {
			return Met{s.standing.Fault, name, s.own[name]}
		}
	}
	return Met{}
}

func (f *armed) meet(r Request, own map[Name]Own) Name {
	if !f.matches(r) {
		return ""
	}
	always := func(n Name) bool { return n == Down || own[n].Always }
	if i := slices.IndexFunc(f.Names, always); i >= 0 {
		return f.Names[i]
	}
	switch {
	case f.Share > 0 && f.draw.Float64() >= f.Share:
		return ""
	case f.Skip > 0:
		f.Skip--
		return ""
	case len(f.Names) > 0:
		return f.Names[f.draw.IntN(len(f.Names))]
	case f.hasLatency():
		return Slow
	}
	return Watched
}

// Hold delays a request before it is processed, and returns false if the client left
// meanwhile.
func (m Met) Hold(left <-chan struct{}) bool {
	if m.Do != nil {
		m.Do()
	}
	if !waitUnlessLeft(left, m.LatencyMS) {
		return false
	}
	if m.Wait == nil {
		return true
	}
	select {
	case <-m.Wait:
		return true
	case <-left:
		return false
	}
}

func waitUnlessLeft(left <-chan struct{}, milliseconds int) bool {
	if milliseconds == 0 {
		return true
	}
	timer := time.NewTimer(time.Duration(milliseconds) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-left:
		return false
	}
}
