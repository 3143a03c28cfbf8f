package notifytest

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault says how to treat requests badly. It may name several ways: each request
// that meets it meets one of them, drawn by the seed; latency comes in addition
// to any. "After" is after an e-mail was accepted, so that it is on its way and
// the client does not know.
type Fault struct {
	// Match picks the requests it is for; nil: every one.
	Match func(*http.Request) bool `json:"-"`
	// Skip lets so many matching requests pass first.
	Skip int `json:"-"`
	// Times is how many requests meet it; 0 means one, below 0 all from now on.
	// One set over HTTP is for all.
	Times int `json:"-"`
	// Do runs before the request is answered.
	Do func() `json:"-"`

	// Method is POST for requests that send, GET for those that read; empty: both.
	Method string `json:"method,omitempty"`
	// Share is the share of requests that meet it, 0 to 1; 0 means all.
	Share float64 `json:"share,omitempty"`
	// Seed decides which ones.
	Seed uint64 `json:"seed,omitempty"`
	// LatencyMS is how many milliseconds a request waits before it is looked at.
	LatencyMS int `json:"latency_ms,omitempty"`
	// Status answers with that error before anything is accepted.
	Status int `json:"status,omitempty"`
	// StatusAfter answers with that error after it.
	StatusAfter int `json:"status_after,omitempty"`
	// Drop breaks the connection, "before" or "after".
	Drop string `json:"drop,omitempty"`
	// Hang gives no answer until the client leaves, "before" or "after".
	Hang string `json:"hang,omitempty"`
	// Truncate breaks the connection in the middle of the answer's body.
	Truncate bool `json:"truncate,omitempty"`
	// ContentType answers with a page of HTML, after.
	ContentType bool `json:"content_type,omitempty"`
	// Down breaks every connection, whatever the share.
	Down bool `json:"down,omitempty"`

	draw *rand.Rand
}

// way is one way to treat a request badly.
type way string

const (
	noWay        way = ""
	slow         way = "latency"
	refuse       way = "status"
	refuseAfter  way = "status after"
	dropBefore   way = "drop before"
	dropAfter    way = "drop after"
	hangBefore   way = "hang before"
	hangAfter    way = "hang after"
	truncate     way = "truncate"
	wrongType    way = "content type"
	down         way = "down"
	justWatching way = "watched" // listened to, and then answered well
)

// ready checks a fault and seeds it.
func ready(f Fault) (*Fault, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	f.draw = rand.New(rand.NewPCG(f.Seed, 1)) //nolint:gosec // which requests fail is to be the same every time
	return &f, nil
}

func (f *Fault) check() error {
	sides, methods := []string{"", "before", "after"}, []string{"", http.MethodPost, http.MethodGet}
	for name, right := range map[string]bool{
		"share": f.Share >= 0 && f.Share <= 1, "latency_ms": f.LatencyMS >= 0, "method": slices.Contains(methods, f.Method),
		"drop": slices.Contains(sides, f.Drop), "hang": slices.Contains(sides, f.Hang),
		"status": noSuccess(f.Status), "status_after": noSuccess(f.StatusAfter),
	} {
		if !right {
			return fmt.Errorf("a fault cannot have such a %s", name)
		}
	}
	return nil
}

// noSuccess allows also 0, for no status.
func noSuccess(status int) bool { return status == 0 || status >= 300 && status <= 599 }

func (f *Fault) ways() (ways []way) {
	for _, w := range []struct {
		on  bool
		way way
	}{
		{f.Status != 0, refuse},
		{f.StatusAfter != 0, refuseAfter},
		{f.Drop == "before", dropBefore},
		{f.Drop == "after", dropAfter},
		{f.Hang == "before", hangBefore},
		{f.Hang == "after", hangAfter},
		{f.Truncate, truncate},
		{f.ContentType, wrongType},
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
			panic("notifytest: " + err.Error())
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
	case f.Match != nil && !f.Match(r), f.Method != "" && f.Method != r.Method:
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
	if h.Do != nil {
		h.Do()
	}
	return true
}

// before is the answer of a fault that keeps the service from seeing the
// request. Status 0 breaks the connection.
func (h hit) before(r *http.Request) (answer, bool) {
	switch h.way {
	case dropBefore, down:
		return answer{}, true
	case hangBefore:
		_, _ = io.Copy(io.Discard, r.Body) // only then does net/http see that the client leaves
		<-r.Context().Done()
		return answer{}, true
	case refuse:
		return broken(h.Status), true
	default:
		return answer{}, false
	}
}

// broken is an error that is not about what was asked.
func broken(status int) answer {
	switch status {
	case http.StatusInternalServerError:
		return refused(status, "Exception", "Internal server error")
	case http.StatusGatewayTimeout:
		return refused(status, "EventletTimeout", "Timeout serving request")
	}
	return answer{status: status, kind: "text/html", body: []byte("<html><h1>" + strconv.Itoa(status) + "</h1></html>")}
}

// after spoils the answer of the service.
func (h hit) after(a answer) answer {
	switch h.way {
	case dropAfter, hangAfter:
		return answer{}
	case refuseAfter:
		return broken(h.StatusAfter)
	case wrongType:
		a.kind, a.body = "text/html; charset=utf-8", []byte("<!DOCTYPE html><title>Sorry</title><h1>We will be back soon</h1>")
	default:
	}
	return a
}

// send passes the answer on, or breaks the connection.
func (h hit) send(w http.ResponseWriter, r *http.Request, a answer) {
	if h.way == hangAfter {
		<-r.Context().Done()
	}
	if a.status == 0 {
		panic(http.ErrAbortHandler)
	}
	if h.way != truncate {
		a.send(w)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.Header().Set("Content-Type", a.kind)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
