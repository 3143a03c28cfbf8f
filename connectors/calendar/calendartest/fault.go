package calendartest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
)

// Fault says how to treat requests badly. It may name several ways: each request
// that meets it meets one of them, drawn by the seed.
type Fault struct {
	// Times is how many requests meet it; 0 means one, below 0 all from now on.
	// One set over HTTP is for all.
	Times int `json:"-"`

	// Share is the share of requests that meet it, 0 to 1; 0 means all.
	Share float64 `json:"share,omitempty"`
	// Seed decides which ones.
	Seed uint64 `json:"seed,omitempty"`
	// Status answers with that error.
	Status int `json:"status,omitempty"`
	// Drop breaks the connection without an answer.
	Drop bool `json:"drop,omitempty"`
	// Truncate breaks it in the middle of the list.
	Truncate bool `json:"truncate,omitempty"`
	// Broken answers with half the list, as if it were whole.
	Broken bool `json:"broken,omitempty"`
	// HTML answers 200 with a page of HTML.
	HTML bool `json:"html,omitempty"`

	draw *rand.Rand
}

// way is one way to treat a request badly.
type way string

const (
	refuse   way = "status"
	drop     way = "drop"
	truncate way = "truncate"
	broken   way = "broken"
	html     way = "html"
)

// ready checks a fault and seeds it.
func ready(f Fault) (*Fault, error) {
	switch {
	case f.Share < 0 || f.Share > 1:
		return nil, fmt.Errorf("share %v: want 0 to 1", f.Share)
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return nil, fmt.Errorf("status %d: want an error", f.Status)
	case len(f.ways()) == 0:
		return nil, errors.New("want status, drop, truncate, broken or html")
	}
	f.draw = rand.New(rand.NewPCG(f.Seed, 1)) //nolint:gosec // which requests fail is to be the same every time
	return &f, nil
}

func (f *Fault) ways() (ways []way) {
	for _, w := range []struct {
		on  bool
		way way
	}{{f.Status != 0, refuse}, {f.Drop, drop}, {f.Truncate, truncate}, {f.Broken, broken}, {f.HTML, html}} {
		if w.on {
			ways = append(ways, w.way)
		}
	}
	return ways
}

// Fault queues faults; a request meets the first one. A fault that makes no
// sense panics: it is a mistake of the test.
func (s *Server) Fault(faults ...Fault) {
	for _, f := range faults {
		queued, err := ready(f)
		if err != nil {
			panic("calendartest: " + err.Error())
		}
		if queued.Times == 0 {
			queued.Times = 1
		}
		s.mu.Lock()
		s.faults = append(s.faults, queued)
		s.mu.Unlock()
	}
}

// stand makes a fault the standing one, in place of the one before.
func (s *Server) stand(f Fault) error {
	standing, err := ready(f)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.standing = standing
	return nil
}

// Heal forgets all faults, also the one set over HTTP.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.standing = nil, nil
}

// hit is what a request meets; the zero value nothing.
type hit struct {
	way    way
	status int
}

func (s *Server) meet() hit {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		h := f.meet()
		if h.way == "" {
			continue
		}
		if f.Times--; f.Times == 0 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		}
		return h
	}
	if s.standing != nil {
		return s.standing.meet()
	}
	return hit{}
}

func (f *Fault) meet() hit {
	if f.Share > 0 && f.draw.Float64() >= f.Share {
		return hit{}
	}
	ways := f.ways()
	return hit{ways[f.draw.IntN(len(ways))], f.Status}
}

// spoil turns the right answer into the one that is sent.
func (h hit) spoil(a answer) answer {
	switch h.way {
	case refuse:
		return answer{status: h.status, kind: "text/plain", body: []byte(http.StatusText(h.status))}
	case drop:
		return answer{}
	case truncate:
		a.body, a.short = a.body[:len(a.body)/2], len(a.body)-len(a.body)/2
	case broken:
		a.body, a.etag = a.body[:len(a.body)/2], ""
	case html:
		return answer{status: http.StatusOK, kind: "text/html; charset=utf-8", body: []byte("<!DOCTYPE html><h1>Sorry</h1>")}
	}
	return a
}
