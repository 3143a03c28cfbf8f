package simulate

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options configure a kit; the zero value is usable.
type Options struct {
	// Now is the clock, which Advance moves; nil means time.Now.
	Now func() time.Time
	// Kept is the number of latest entries that the ledger keeps, so that a
	// demonstration can run for days; 0 means all. Its counts include all.
	Kept int
	// Own are the faults that only this simulator has.
	Own map[Name]Own
	// Summary answers GET /ledger/summary; nil means the counts of the ledger.
	Summary func() any
	// Heal and Forget are called by those of the kit; nil does nothing.
	Heal   func()
	Forget func()
}

// Kit is what every simulator has besides its system: faults, clock, ledger and the
// routes to them. A simulator embeds it. It may be used by many goroutines.
type Kit[E Noted] struct {
	*Faults

	Book *Ledger[E]

	options Options
	routes  *http.ServeMux

	mu       sync.Mutex
	advanced time.Duration
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

// Now returns the time by the simulator's clock.
func (k *Kit[E]) Now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.options.Now().Add(k.advanced).UTC()
}

// Advance moves the clock, forwards or back.
func (k *Kit[E]) Advance(by time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.advanced += by
}

// Stamp gives an entry its number and the time.
func (k *Kit[E]) Stamp(e *Entry) { k.Book.Stamp(e, k.Now) }

// Ledger returns the kept entries of the given organisations, or all.
func (k *Kit[E]) Ledger(codes ...string) []E { return k.Book.Entries(codes...) }

// Heal removes all faults.
func (k *Kit[E]) Heal() {
	k.Faults.Heal()
	if k.options.Heal != nil {
		k.options.Heal()
	}
}

// Forget empties the ledger and its counts, to measure from now on.
func (k *Kit[E]) Forget() {
	k.Book.Forget()
	if k.options.Forget != nil {
		k.options.Forget()
	}
}

// Reset is Heal and Forget; the clock is not reset.
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
