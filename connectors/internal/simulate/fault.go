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

// Fault says how to treat requests badly, which ones and how often. It may have
// several names: each request that meets it meets one of them, drawn by the
// seed; latency comes in addition to any.
type Fault struct {
	// Names are what happens. None: the request is held back or listened to, and
	// answered well.
	Names []Name `json:"names,omitempty"`
	// Share is the share of matching requests that meet it, 0 to 1; 0: all.
	Share float64 `json:"share"`
	// Seed decides which ones.
	Seed uint64 `json:"seed"`

	// Kinds are the kinds of requests it is for, as the ledger spells them, or
	// the methods where it spells none; none: all.
	Kinds []Kind `json:"kinds,omitempty"`
	// Clients are the clients it is for, where the system tells them apart; none:
	// all.
	Clients []string `json:"clients,omitempty"`
	// IDs picks requests that ask for one of these, where there is a list; none:
	// all.
	IDs []string `json:"ids,omitempty"`

	// LatencyMS is how many milliseconds a request waits before it is looked at.
	LatencyMS int `json:"latency_ms,omitempty"`
	// AnswerLatencyMS is how many milliseconds the answer waits after the effect.
	AnswerLatencyMS int `json:"answer_latency_ms,omitempty"`
	// RetryAfter is that header of an error, in seconds; 0: none.
	RetryAfter int `json:"retry_after,omitempty"`
	// CutAfter is after how many bytes of the body Truncated breaks; 0: half of
	// it. A shorter body comes whole.
	CutAfter int `json:"cut_after,omitempty"`
	// Chunked makes Truncated announce no length, so that only a missing last
	// chunk tells.
	Chunked bool `json:"chunked,omitempty"`
	// NextHost is scheme and host for NextElsewhere, as "https://elsewhere.example".
	NextHost string `json:"next_host,omitempty"`
	// Text is what an error says, where the system leaves that open.
	Text string `json:"text,omitempty"`

	// What tests alone can say. Match picks requests, too; nil: every one.
	Match func(*http.Request) bool `json:"-"`
	// Skip lets so many matching requests pass first.
	Skip int `json:"-"`
	// Times is how many requests meet it; 0 means one, below 0 all from now on.
	// One that stands is for all.
	Times int `json:"-"`
	// Do runs as soon as a request meets it.
	Do func() `json:"-"`
	// Wait holds the request back until it is closed; nil: not.
	Wait <-chan struct{} `json:"-"`
}

// Of is the fault that the next request meets, one of the names.
func Of(names ...Name) Fault { return Fault{Names: names} }

// check names what makes no sense.
func (f *Fault) check(own map[Name]Own) error {
	for _, name := range f.Names {
		if _, owned := own[name]; !owned && !name.isError() && !slices.Contains(common, name) {
			return fmt.Errorf("fault %q: want one of %q", name, known(own))
		}
	}
	switch {
	case f.Share < 0 || f.Share > 1:
		return fmt.Errorf("share %v: want 0 to 1", f.Share)
	case min(f.LatencyMS, f.AnswerLatencyMS, f.RetryAfter, f.CutAfter) < 0:
		return errors.New("latency_ms, answer_latency_ms, retry_after, cut_after: want none below 0")
	case len(f.Names) == 0 && !f.slow() && f.Do == nil && f.Wait == nil:
		return errors.New("a fault that does nothing: want names or latency")
	}
	return nil
}

func (f *Fault) slow() bool { return f.LatencyMS > 0 || f.AnswerLatencyMS > 0 }

// Kind is what a request asks for, in the words of the system.
type Kind string

// Request is what faults pick requests by.
type Request struct {
	HTTP   *http.Request // nil where the system does not speak HTTP
	Kind   Kind
	Client string
	IDs    []string
	// Apart is a kind that only faults meet which name it.
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

// Faults are a queue that tests fill, and one fault that stands until another
// takes its place. They may be used by many goroutines.
type Faults struct {
	own map[Name]Own

	mu       sync.Mutex
	queued   []*armed
	standing *armed
}

// NewFaults makes a set without a fault. The simulator knows its own names
// besides the common ones.
func NewFaults(own map[Name]Own) *Faults { return &Faults{own: own} }

// armed is a fault with its draw.
type armed struct {
	Fault

	draw *rand.Rand
}

func (s *Faults) arm(f Fault) (*armed, error) {
	if err := f.check(s.own); err != nil {
		return nil, err
	}
	return &armed{f, rand.New(rand.NewPCG(f.Seed, 1))}, nil //nolint:gosec // which requests fail is to be the same every time
}

// Fault queues faults. A request meets the first one that matches it. A fault
// that makes no sense panics: it is a mistake of the test.
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

// Stand makes a fault the standing one, in place of the one before. Requests
// meet it that meet none of the queue. The error says what makes no sense.
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

// Standing is the fault that stands; the zero value for none.
func (s *Faults) Standing() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.standing == nil {
		return Fault{}
	}
	return s.standing.Fault
}

// Heal forgets all faults, also the standing one.
func (s *Faults) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued, s.standing = nil, nil
}

// Met is what one request meets; the zero value is nothing.
type Met struct {
	Fault

	Name Name // one of the fault's, Slow or Watched
	own  Own
}

// Meet draws what a request meets.
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
	case f.slow():
		return Slow
	}
	return Watched
}

// Hold does what comes before a request is looked at; false: the client left
// before it was over.
func (m Met) Hold(left <-chan struct{}) bool {
	if m.Do != nil {
		m.Do()
	}
	if !pass(left, m.LatencyMS) {
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

func pass(left <-chan struct{}, milliseconds int) bool {
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
