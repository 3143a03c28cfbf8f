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
	// scrapeTimeout is above watchTimeout, so that a database that is gone costs the gauges and not the page.
	scrapeTimeout = 9 * time.Second
	maxScrapes    = 4
)

// Checks are the questions that Handler answers.
type Checks struct {
	// Alive returns an error when the process must be restarted. It does not ask
	// the database: to restart for its outage would help nobody.
	Alive func() error
	// Ready returns an error while the daemon cannot work: the database does not
	// answer, or its schema is not the one wanted.
	Ready func(context.Context) error
	// Metrics are served as they are gathered; what cannot be gathered is logged.
	Metrics prometheus.Gatherer
	// Receipts takes the mail service's delivery receipts at /notify/receipts; nil
	// for none.
	Receipts http.Handler
	// Reports serves the daily change reports at /reports/; nil for none.
	Reports http.Handler
	Log     *slog.Logger
}

// Handler serves /healthz, /readyz and /metrics, to GET and HEAD only. The first
// two answer 200 with "ok", or 503 with the reason.
func Handler(c Checks) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, c.Alive()) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		answer(w, c.Ready(ctx))
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

// answer says how it stands. Load balancers and caches must ask again.
func answer(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	text := "ok"
	if err != nil {
		text = err.Error()
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = io.WriteString(w, text+"\n") // the caller may have gone
}
