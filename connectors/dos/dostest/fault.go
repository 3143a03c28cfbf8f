package dostest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Faults are the switches. Down, IPDenied and Unauthorized hit every request;
// of the others each hit request meets one, drawn among those that are on, and
// LatencyMS besides.
type Faults struct {
	Share        float64 `json:"share"`                   // of the requests that are hit, 0 to 1; 0: all of them
	Seed         uint64  `json:"seed"`                    // of the draw
	Only         []Kind  `json:"only,omitempty"`          // requests that may be hit; empty: all
	LatencyMS    int     `json:"latency_ms,omitempty"`    // the effect happens, then the answer waits so long, in milliseconds
	Status       int     `json:"status,omitempty"`        // that answer instead, 400 to 599, and no effect
	RetryAfter   int     `json:"retry_after,omitempty"`   // that header beside Status, in whole seconds
	Drop         string  `json:"drop,omitempty"`          // "before" or "after" the effect the connection breaks
	Truncate     bool    `json:"truncate,omitempty"`      // half of the announced body, then the connection breaks
	ContentType  bool    `json:"content_type,omitempty"`  // a success is sent as text/html
	ExpiredToken bool    `json:"expired_token,omitempty"` // 401, and no effect
	Unauthorized bool    `json:"unauthorized,omitempty"`  // 403 to all
	IPDenied     bool    `json:"ip_denied,omitempty"`     // 403 to all, in the words for a caller who is not on the allow-list
	Down         bool    `json:"down,omitempty"`          // all connections break at once
}

const (
	faultDown         = "down"
	faultIPDenied     = "ip_denied"
	faultUnauthorized = "unauthorized"
	faultDropBefore   = "drop_before"
	faultDropAfter    = "drop_after"
	faultStatus       = "status"
	faultTruncate     = "truncate"
	faultContentType  = "content_type"
	faultExpired      = "expired_token"
	faultLatency      = "latency"
)

// Faults sets the switches from now on, or says which value makes no sense.
func (s *Server) Faults(f Faults) error { return s.switches.set(f) }

// Heal turns all faults off.
func (s *Server) Heal() { _ = s.switches.set(Faults{}) } // the zero value is always good

func (f Faults) validate() error {
	switch {
	case f.Share < 0 || f.Share > 1:
		return errors.New("share: want 0 to 1")
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return errors.New("status: want 400 to 599")
	case f.LatencyMS < 0 || f.RetryAfter < 0:
		return errors.New("latency_ms, retry_after: want 0 or more")
	case f.Drop != "" && f.Drop != "before" && f.Drop != "after":
		return fmt.Errorf("drop %q: want before or after", f.Drop)
	}
	return nil
}

// names lists the switches of which a request meets one.
func (f Faults) names() []string {
	var names []string
	if f.Status != 0 {
		names = append(names, faultStatus)
	}
	if f.Drop != "" {
		names = append(names, "drop_"+f.Drop)
	}
	if f.Truncate {
		names = append(names, faultTruncate)
	}
	if f.ContentType {
		names = append(names, faultContentType)
	}
	if f.ExpiredToken {
		names = append(names, faultExpired)
	}
	return names
}

// switchboard is the zero value with all faults off.
type switchboard struct {
	mu     sync.Mutex
	faults Faults
	names  []string
	random *rand.Rand
}

func (b *switchboard) set(f Faults) error {
	if err := f.validate(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults, b.names = f, f.names()
	b.random = rand.New(rand.NewPCG(f.Seed, 0)) //nolint:gosec // a draw that repeats, not a secret
	return nil
}

func (b *switchboard) get() Faults {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.faults
}

// meet draws what a request of this kind meets.
func (b *switchboard) meet(kind Kind) fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := &b.faults
	if len(f.Only) > 0 && !slices.Contains(f.Only, kind) {
		return fault{}
	}
	switch {
	case f.Down:
		return fault{name: faultDown}
	case f.IPDenied:
		return fault{name: faultIPDenied}
	case f.Unauthorized:
		return fault{name: faultUnauthorized}
	case len(b.names) == 0 && f.LatencyMS == 0:
		return fault{}
	case f.Share > 0 && b.random.Float64() >= f.Share:
		return fault{}
	}
	met := fault{latency: time.Duration(f.LatencyMS) * time.Millisecond}
	if len(b.names) > 0 {
		met.name = b.names[b.random.IntN(len(b.names))]
	}
	if met.name == faultStatus {
		met.status, met.retryAfter = f.Status, f.RetryAfter
	}
	return met
}

// fault is what one request meets; the zero value is none.
type fault struct {
	name       string
	latency    time.Duration
	status     int
	retryAfter int // seconds
}

func (f fault) text() string {
	if f.name == "" && f.latency > 0 {
		return faultLatency
	}
	return f.name
}

// instead is the status that keeps the service from being asked; 0: none.
func (f fault) instead() int {
	switch f.name {
	case faultIPDenied, faultUnauthorized:
		return http.StatusForbidden
	case faultExpired:
		return http.StatusUnauthorized
	}
	return f.status
}

// silent says that the connection breaks without an answer.
func (f fault) silent() bool { return f.name == faultDropBefore || f.name == faultDropAfter }

// wait holds the answer back; false: the client did not stay for it.
func (f fault) wait(ctx context.Context) bool {
	if f.latency == 0 {
		return true
	}
	timer := time.NewTimer(f.latency)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// send sends an answer, or what the fault leaves of it.
func (f fault) send(w http.ResponseWriter, answer reply) {
	header := w.Header()
	for _, field := range answer.header {
		header.Set(field[0], field[1])
	}
	header.Set("Content-Type", answer.contentType)
	if f.name == faultContentType && answer.status < http.StatusMultipleChoices {
		header.Set("Content-Type", "text/html")
	}
	header.Set("Content-Length", strconv.Itoa(len(answer.body)))
	w.WriteHeader(answer.status)
	if f.name != faultTruncate {
		_, _ = w.Write(answer.body) // a client that left is none of our business
		return
	}
	_, _ = w.Write(answer.body[:len(answer.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
