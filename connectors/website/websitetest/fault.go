package websitetest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Fault says how to treat requests of the two services badly. It may name
// several ways: each request that meets it meets one of them, drawn by the
// seed; latency comes in addition to any.
type Fault struct {
	// Match picks the requests it is for; nil: every one.
	Match func(*http.Request) bool `json:"-"`
	// Skip lets so many matching requests pass first.
	Skip int `json:"-"`
	// Times is how many requests meet it; 0 means one, below 0 all from now on.
	// One set over HTTP is for all.
	Times int `json:"-"`
	// Wait holds the request back until it is closed; nil: not.
	Wait <-chan struct{} `json:"-"`
	// Do runs before the request is answered, say to change a profile.
	Do func() `json:"-"`
	// NoETag leaves the entity tag out of the answer.
	NoETag bool `json:"-"`
	// NextHost replaces scheme and host of the link to the next page.
	NextHost string `json:"-"`

	// Share is the share of requests that meet it, 0 to 1; 0 means all.
	Share float64 `json:"share,omitempty"`
	// Seed decides which ones.
	Seed uint64 `json:"seed,omitempty"`
	// LatencyMS is how many milliseconds a request waits before it is looked at.
	LatencyMS int `json:"latency_ms,omitempty"`
	// Status answers with that error instead, and no effect; 202 stores and says
	// that it is queued.
	Status int `json:"status,omitempty"`
	// RetryAfter is that header of the answer, in seconds; 0: none.
	RetryAfter int `json:"retry_after,omitempty"`
	// Drop breaks the connection, "before" or "after" the effect.
	Drop string `json:"drop,omitempty"`
	// Truncate breaks the connection in the middle of the answer's body.
	Truncate bool `json:"truncate,omitempty"`
	// ContentType answers with a page of HTML, after the effect.
	ContentType bool `json:"content_type,omitempty"`
	// Unauthorized answers 401.
	Unauthorized bool `json:"unauthorized,omitempty"`
	// Down breaks every connection before the effect, whatever the share.
	Down bool `json:"down,omitempty"`

	draw *rand.Rand
}

// way is one way to treat a request badly.
type way string

const (
	noWay        way = ""
	slow         way = "latency"
	refuse       way = "status"
	dropBefore   way = "drop before"
	dropAfter    way = "drop after"
	truncate     way = "truncate"
	wrongType    way = "content type"
	noKey        way = "unauthorized"
	down         way = "down"
	withoutETag  way = "no etag"
	wrongNext    way = "next host"
	justWatching way = "watched" // held back or listened to, and then answered well
)

// ready checks a fault and seeds it.
func ready(f Fault) (*Fault, error) {
	if f.Share < 0 || f.Share > 1 {
		return nil, fmt.Errorf("share %v: want 0 to 1", f.Share)
	}
	if f.Drop != "" && f.Drop != "before" && f.Drop != "after" {
		return nil, fmt.Errorf("drop %q: want before or after", f.Drop)
	}
	if f.Status != 0 && f.Status != http.StatusAccepted && (f.Status < 400 || f.Status > 599) {
		return nil, fmt.Errorf("status %d: want 202 or an error", f.Status)
	}
	if f.LatencyMS < 0 || f.RetryAfter < 0 {
		return nil, fmt.Errorf("latency_ms %d, retry_after %d: want none below 0", f.LatencyMS, f.RetryAfter)
	}
	f.draw = rand.New(rand.NewPCG(f.Seed, 1)) //nolint:gosec // which requests fail is to be the same every time
	return &f, nil
}

func (f *Fault) ways() (ways []way) {
	for _, w := range []struct {
		on  bool
		way way
	}{
		{f.Status != 0, refuse},
		{f.Drop == "before", dropBefore},
		{f.Drop == "after", dropAfter},
		{f.Truncate, truncate},
		{f.ContentType, wrongType},
		{f.Unauthorized, noKey},
		{f.NoETag, withoutETag},
		{f.NextHost != "", wrongNext},
	} {
		if w.on {
			ways = append(ways, w.way)
		}
	}
	switch {
	case len(ways) > 0:
		return ways
	case f.LatencyMS > 0:
		return []way{slow}
	}
	return []way{justWatching}
}

// Fault queues faults. A request meets the first one that matches it. A fault
// that makes no sense panics: it is a mistake of the test.
func (s *Server) Fault(faults ...Fault) {
	for _, f := range faults {
		queued, err := ready(f)
		if err != nil {
			panic("websitetest: " + err.Error())
		}
		if queued.Times == 0 {
			queued.Times = 1
		}
		s.mu.Lock()
		s.faults = append(s.faults, queued)
		s.mu.Unlock()
	}
}

// Heal forgets all faults, also the one set over HTTP.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.standing = nil, nil
}

// hit is what a request meets; the zero value nothing.
type hit struct {
	*Fault
	way way
}

func (s *Server) meet(r *http.Request) hit {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		h := f.meet(r)
		if h.way == noWay {
			continue
		}
		if f.Times--; f.Times == 0 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		}
		return h
	}
	if s.standing != nil {
		return s.standing.meet(r)
	}
	return hit{}
}

func (f *Fault) meet(r *http.Request) hit {
	switch {
	case f.Match != nil && !f.Match(r):
		return hit{}
	case f.Down:
		return hit{f, down}
	case f.Share > 0 && f.draw.Float64() >= f.Share:
		return hit{}
	case f.Skip > 0:
		f.Skip--
		return hit{}
	}
	ways := f.ways()
	return hit{f, ways[f.draw.IntN(len(ways))]}
}

// wait does what comes before an answer; false: the client did not wait.
func (h hit) wait(r *http.Request) bool {
	if h.way == noWay {
		return true
	}
	if h.LatencyMS > 0 {
		timer := time.NewTimer(time.Duration(h.LatencyMS) * time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return false
		}
	}
	if h.Wait != nil {
		select {
		case <-h.Wait:
		case <-r.Context().Done():
			return false
		}
	}
	if h.Do != nil {
		h.Do()
	}
	return true
}

// before is the answer of a fault that keeps the service from seeing the
// request. Status 0 breaks the connection.
func (h hit) before() (answer, bool) {
	switch {
	case h.way == dropBefore || h.way == down:
		return answer{}, true
	case h.way == noKey:
		return unauthorized(), true
	case h.way == refuse && h.Status != http.StatusAccepted:
		a := problem(h.Status, "by a fault")
		if h.RetryAfter > 0 {
			a = a.with("Retry-After", strconv.Itoa(h.RetryAfter))
		}
		return a, true
	}
	return answer{}, false
}

// after spoils the answer of the service.
func (h hit) after(a answer) answer {
	switch h.way {
	case dropAfter:
		return answer{}
	case wrongType:
		a.kind, a.body = "text/html; charset=utf-8", []byte("<!DOCTYPE html><title>Sorry</title><h1>We will be back soon</h1>")
	case withoutETag:
		delete(a.header, "ETag")
	case wrongNext:
		a.body = misdirect(a.body, h.NextHost)
	case refuse: // 202, whose Location is where to look
		if a.status == http.StatusOK || a.status == http.StatusCreated {
			a.status, a.body, a.kind, a.header = http.StatusAccepted, nil, "", map[string]string{"Location": a.header["Location"]}
		}
	default:
	}
	return a
}

// send passes the answer on, or breaks the connection.
func (h hit) send(w http.ResponseWriter, a answer) {
	if a.status == 0 {
		panic(http.ErrAbortHandler)
	}
	if h.way != truncate {
		a.send(w)
		return
	}
	whole := a.body
	w.Header().Set("Content-Length", strconv.Itoa(len(whole)+1)) // the length also of an empty body is not reached
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", a.kind)
	w.WriteHeader(a.status)
	_, _ = w.Write(whole[:len(whole)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
