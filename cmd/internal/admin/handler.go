package admin

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	readyTimeout = 3 * time.Second
	// scrapeTimeout is longer than watchTimeout, so that without a database only the
	// gauges are missing, not the page.
	scrapeTimeout = 9 * time.Second
	maxScrapes    = 4
)

// Checks is what Handler serves.
type Checks struct {
	// Alive returns an error if the process must be restarted. It does not ask
	// the database: a restart does not help in an outage.
	Alive func() error
	// Ready returns an error while the daemon cannot work: the database does
	// not answer, or has the wrong schema.
	Ready func(context.Context) error
	// Metrics are served; metrics that cannot be gathered are logged.
	Metrics prometheus.Gatherer
	// Receipts receives the mail service's delivery receipts at
	// /notify/receipts; it may be nil.
	Receipts http.Handler
	// Reports serves the daily change reports at /reports/, and decides who may
	// read them; it may be nil.
	Reports http.Handler
	Log     *slog.Logger
}

// Handler serves /healthz, /readyz and /metrics, to GET and HEAD only, and to
// everybody. The first two answer 200 with "ok", or 503 with one word, that of a
// FaultError; the log has the whole error, once until the word changes.
func Handler(c Checks) http.Handler {
	mux := http.NewServeMux()
	alive, ready := &pageLog{page: "/healthz", log: c.Log}, &pageLog{page: "/readyz", log: c.Log}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { answer(r.Context(), w, alive, c.Alive()) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		err := c.Ready(ctx)
		if r.Context().Err() != nil { // the caller has left: nothing is known
			return
		}
		answer(r.Context(), w, ready, err)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(c.Metrics, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(c.Log.Handler(), slog.LevelWarn),
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: maxScrapes,
		Timeout:             scrapeTimeout,
	}))
	if c.Receipts != nil {
		mux.Handle("/notify/receipts", c.Receipts)
	}
	if c.Reports != nil {
		mux.Handle("GET /reports/", c.Reports)
	}
	return mux
}

// answer writes ok, or a word for the error. Load balancers and caches must not
// store it.
func answer(ctx context.Context, w http.ResponseWriter, log *pageLog, err error) {
	log.record(ctx, err)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	text := "ok"
	if err != nil {
		text = wordOf(err)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = io.WriteString(w, text+"\n") // the caller may be gone
}
