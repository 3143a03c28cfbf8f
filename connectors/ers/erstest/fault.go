package erstest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The ways that spoil an answer rather than replace it.
const (
	Drop          Way = "drop"           // breaks the connection without an answer
	Truncate      Way = "truncate"       // breaks it in the middle of the body
	HTML          Way = "html"           // the answer's status with a page of HTML
	EmptyBundle   Way = "empty bundle"   // a search that finds nothing, without entry
	PartialBundle Way = "partial bundle" // a search that finds every other service only
	NoETag        Way = "no etag"
	StrongETag    Way = "strong etag" // "7"
	BadETag       Way = "bad etag"    // W/7
	slow          Way = "latency"
	justWatching  Way = "watched" // held back or listened to, and then answered well
)

var spoilers = []Way{Drop, Truncate, HTML, EmptyBundle, PartialBundle, NoETag, StrongETag, BadETag}

// Fault says how to treat requests badly. It may name several ways: each request
// that meets it meets one of them, drawn by the seed; latency comes in addition.
type Fault struct {
	// Match picks the requests it is for, beside the fields below; nil: every one.
	Match func(*http.Request) bool `json:"-"`
	// Skip lets so many matching requests pass first.
	Skip int `json:"-"`
	// Times is how many requests meet it; 0 means one, below 0 all from now on.
	// One set over HTTP is for all.
	Times int `json:"-"`
	// Wait holds the request back until it is closed; nil: not.
	Wait <-chan struct{} `json:"-"`
	// Do runs before the request is answered, say to change a service.
	Do func() `json:"-"`

	// Kinds are the calls it is for; none: all but the token endpoint.
	Kinds []Kind `json:"kinds,omitempty"`
	// Clients are the clients it is for; none: all.
	Clients []string `json:"clients,omitempty"`
	// IDs picks requests that ask for one of these services; none: all.
	IDs []string `json:"ids,omitempty"`
	// Ways are the ways.
	Ways []Way `json:"ways,omitempty"`
	// Share is the share of requests that meet it, 0 to 1; 0 means all.
	Share float64 `json:"share,omitempty"`
	// Seed decides which ones.
	Seed uint64 `json:"seed,omitempty"`
	// LatencyMS is how many milliseconds a request waits before it is looked at.
	LatencyMS int `json:"latency_ms,omitempty"`
	// RetryAfter is that header of an answer that replaces, in seconds; 0: none.
	RetryAfter int `json:"retry_after,omitempty"`

	draw *rand.Rand
}

// AllWays lists every way that there is.
func AllWays() []Way {
	all := slices.Clone(spoilers)
	for way := range reasons {
		all = append(all, way)
	}
	for way := range tokenReasons {
		all = append(all, way)
	}
	slices.Sort(all)
	return all
}

// Status returns the status that a way answers, 0 for one that only spoils.
func (w Way) Status() int {
	if row, known := reasons[w]; known {
		return row.status
	}
	return tokenReasons[w].status
}

// ready checks a fault and seeds it.
func ready(f Fault) (*Fault, error) {
	if f.Share < 0 || f.Share > 1 {
		return nil, fmt.Errorf("share %v: want 0 to 1", f.Share)
	}
	for _, way := range f.Ways {
		if way.Status() == 0 && !slices.Contains(spoilers, way) {
			return nil, fmt.Errorf("way %q: want one of %q", way, AllWays())
		}
	}
	if f.LatencyMS < 0 || f.RetryAfter < 0 {
		return nil, fmt.Errorf("latency_ms %d, retry_after %d: want none below 0", f.LatencyMS, f.RetryAfter)
	}
	f.draw = rand.New(rand.NewPCG(f.Seed, 1)) //nolint:gosec // which requests fail is to be the same every time
	return &f, nil
}

// Fault queues faults. A request meets the first one that matches it. A fault
// that makes no sense panics: it is a mistake of the test.
func (s *Server) Fault(faults ...Fault) {
	for _, f := range faults {
		queued, err := ready(f)
		if err != nil {
			panic("erstest: " + err.Error())
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

	way Way
}

func (s *Server) meet(e *Entry, r *http.Request) hit {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		h := f.meet(e, r)
		if h.way == "" {
			continue
		}
		if f.Times--; f.Times == 0 {
			s.faults = slices.Delete(slices.Clone(s.faults), i, i+1)
		}
		return h
	}
	if s.standing != nil {
		return s.standing.meet(e, r)
	}
	return hit{}
}

func (f *Fault) meet(e *Entry, r *http.Request) hit {
	switch {
	case !f.matches(e, r), f.Share > 0 && f.draw.Float64() >= f.Share:
		return hit{}
	case f.Skip > 0:
		f.Skip--
		return hit{}
	case len(f.Ways) > 0:
		return hit{f, f.Ways[f.draw.IntN(len(f.Ways))]}
	case f.LatencyMS > 0:
		return hit{f, slow}
	}
	return hit{f, justWatching}
}

func (f *Fault) matches(e *Entry, r *http.Request) bool {
	switch {
	case len(f.Kinds) == 0 && e.Kind == Token, len(f.Kinds) > 0 && !slices.Contains(f.Kinds, e.Kind):
		return false
	case len(f.Clients) > 0 && !slices.Contains(f.Clients, e.Client):
		return false
	case len(f.IDs) > 0 && !asksFor(r, f.IDs):
		return false
	}
	return f.Match == nil || f.Match(r)
}

func asksFor(r *http.Request, ids []string) bool {
	asked, _ := idsOf(r.URL.Query())
	if id := r.PathValue("id"); id != "" {
		asked = []string{id}
	}
	return slices.ContainsFunc(asked, func(id string) bool { return slices.Contains(ids, id) })
}

// wait does what comes before an answer; false: the client did not wait.
func (h hit) wait(r *http.Request) bool {
	if h.way == "" {
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

// before is the answer of a fault that keeps the API from seeing the request.
// Status 0 breaks the connection.
func (h hit) before(kind Kind, now time.Time) (answer, bool) {
	if h.way == Drop {
		return answer{}, true
	}
	if h.way.Status() == 0 {
		return answer{}, false
	}
	a := refusal(h.way, kind, now)
	if h.RetryAfter > 0 {
		a = a.with("Retry-After", strconv.Itoa(h.RetryAfter))
	}
	return a, true
}

// after spoils the answer of the API.
func (h hit) after(a answer) answer {
	switch h.way {
	case HTML:
		a.kind, a.body = htmlType, []byte(page)
	case EmptyBundle, PartialBundle:
		a.body = thinned(a.body, h.way == EmptyBundle)
	case NoETag:
		delete(a.header, "ETag")
	case StrongETag:
		a = a.with("ETag", strings.TrimPrefix(a.header["ETag"], "W/"))
	case BadETag:
		a = a.with("ETag", strings.ReplaceAll(a.header["ETag"], `"`, ""))
	default:
	}
	return a
}

// thinned takes entries out of a bundle; what is none is left alone.
func thinned(body []byte, all bool) []byte {
	var b map[string]any
	if err := json.Unmarshal(body, &b); err != nil || b["resourceType"] != "Bundle" {
		return body
	}
	entries, _ := b["entry"].([]any)
	var left []any
	for i, entry := range entries {
		if i%2 == 0 && !all {
			left = append(left, entry)
		}
	}
	b["total"], b["entry"] = len(left), left
	if len(left) == 0 {
		delete(b, "entry")
	}
	return encoded(http.StatusOK, fhirType, b).body
}

// send passes the answer on, or breaks the connection.
func (h hit) send(w http.ResponseWriter, a answer) {
	if a.status == 0 {
		panic(http.ErrAbortHandler)
	}
	if h.way != Truncate {
		a.send(w)
		return
	}
	a.head(w, len(a.body)+1) // so that an empty body is cut short, too
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
