package simulate

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options set a kit up; the zero value is good.
type Options struct {
	// Now is the clock, which Advance moves; nil: time.Now.
	Now func() time.Time
	// Kept is how many of the last entries the ledger remembers, so that a
	// demonstration can run for days; 0: all. Its counts know all.
	Kept int
	// Own are the faults that only this simulator knows.
	Own map[Name]Own
	// Summary answers GET /ledger/summary; nil: the counts of the ledger.
	Summary func() any
	// Heal and Forget do what else goes with those of the kit; nil: nothing.
	Heal   func()
	Forget func()
}

// Kit is what every simulator has besides the system it plays: faults, clock,
// ledger and the routes to them. A simulator embeds it. It may be used by many
// goroutines.
type Kit[E Noted] struct {
	*Faults

	Book *Ledger[E]

	options Options
	routes  *http.ServeMux

	mu    sync.Mutex
	moved time.Duration
}

// New makes a kit.
func New[E Noted](o Options) *Kit[E] {
	if o.Now == nil {
		o.Now = time.Now
	}
	k := &Kit[E]{Faults: NewFaults(o.Own), Book: NewLedger[E](o.Kept), options: o, routes: http.NewServeMux()}
	if o.Summary == nil {
		k.options.Summary = func() any {
			return map[string]any{"requests": k.Book.Statuses(), "faults": k.Book.Faults()}
		}
	}
	k.control()
	return k
}

// Now is the time by the simulator's clock.
func (k *Kit[E]) Now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.options.Now().Add(k.moved).UTC()
}

// Advance moves the clock, also back.
func (k *Kit[E]) Advance(by time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.moved += by
}

// Stamp gives an entry its number and the time.
func (k *Kit[E]) Stamp(e *Entry) { k.Book.Stamp(e, k.Now) }

// Ledger returns the entries of the organisations named, or all, as far as they
// are remembered.
func (k *Kit[E]) Ledger(codes ...string) []E { return k.Book.Entries(codes...) }

// Heal forgets all faults.
func (k *Kit[E]) Heal() {
	k.Faults.Heal()
	if k.options.Heal != nil {
		k.options.Heal()
	}
}

// Forget empties the ledger and its counts, to measure from here.
func (k *Kit[E]) Forget() {
	k.Book.Forget()
	if k.options.Forget != nil {
		k.options.Forget()
	}
}

// Reset is Heal and Forget; the clock stays.
func (k *Kit[E]) Reset() {
	k.Heal()
	k.Forget()
}

// Handler serves the routes of the kit and, on all other paths, the system.
func (k *Kit[E]) Handler(system http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if path == "/ledger" || strings.HasPrefix(path, "/ledger/") || strings.HasPrefix(path, "/control/") {
			k.routes.ServeHTTP(w, r)
			return
		}
		system.ServeHTTP(w, r)
	})
}

// Serve serves on a loopback address until the test ends and returns it,
// "http://127.0.0.1:port".
func Serve(tb testing.TB, handler http.Handler) string {
	tb.Helper()
	web := httptest.NewServer(handler)
	tb.Cleanup(web.Close)
	return web.URL
}
