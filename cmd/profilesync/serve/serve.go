package serve

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/profilesync/profilesync/cmd/internal/admin"
	"github.com/profilesync/profilesync/cmd/profilesync/tracing"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/ers"
)

// Command runs the daemon.
type Command struct{}

// stopTimeout is how long the daemon may take to stop: somewhat longer than its
// jobs may take to finish. A service manager should kill it only after that.
const stopTimeout = 20 * time.Second

// Help is shown by --help.
func (*Command) Help() string {
	return `Pulls the register's changes at 04:30, its listings at 05:00 and the e-Referral Service at 05:30
(London time), works the runs that commands request, and finishes those that a killed process
left behind. Every change to a profile, by whomever, is pushed to the configured sinks
(PROFILESYNC_DOS_..., _WEBSITE_...); what they show is checked and repaired at 02:30, and at 03:30
the quality checks look for what no push can mend. What fell due while no daemon ran is caught up on.
The daily change report is made at 06:30 on working days. People are reminded of their checks at
09:00, and idle accounts end at 07:00; letters are sent as PROFILESYNC_MAIL says.
/healthz, /readyz, /metrics and, to whoever has a link or a token, /reports/ are served
at PROFILESYNC_HTTP_ADDRESS; the API and the console, to people who have signed in and to
whoever has a token (profilesync tokens), at PROFILESYNC_API_ADDRESS. It stops on SIGTERM or Ctrl-C, within 20 seconds.`
}

// Run is the daemon: it works jobs, keeps the schedules, and serves health and
// metrics, until it is asked to stop.
func (*Command) Run(ctx context.Context, a *wiring.App) error {
	if err := a.NeedDatabase(); err != nil {
		return err
	}
	if !wiring.IsTerminal(a.Stderr) {
		buffered := newLines(a.Stderr)
		a.OnClose(buffered.Close)
		a.Stderr = buffered
	}
	log := a.Logger(a.Settings.Level())
	registry := prometheus.NewRegistry()
	metrics := admin.NewMetrics(registry)
	metrics.Expect(expected())
	log, err := traced(ctx, a, log, metrics)
	if err != nil {
		return err
	}
	if err := a.Open(ctx); err != nil {
		return err
	}
	if err := a.CheckRole(ctx, log); err != nil {
		return err
	}
	outage := newOutage(log, time.Now)
	log = outage.during(log, ourRecords{})
	admin.RegisterProcess(registry, a.Version)
	a.BreakerOpened = metrics.BreakerOpened
	a.AnsweredERS = func(c ers.Call) { metrics.ERSAnswered(c.Endpoint, c.Status, c.Elapsed.Seconds()) }
	s, err := newService(ctx, a, log, outage, metrics)
	if err != nil {
		return err
	}
	server, err := s.watched(ctx, registry, log)
	if err != nil {
		return err
	}
	guarded, store, err := serveAPI(ctx, a, log, metrics)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.Serve(ctx) })
	group.Go(func() error { return s.manager.run(ctx) })
	if guarded != nil {
		s.pools.Watch("api", func() admin.PoolStat { return store.Stat() })
		group.Go(func() error { return guarded.Serve(ctx) })
	}
	group.Go(func() error { return s.run(ctx, server.Address()) })
	return group.Wait()
}

// watched registers what is measured, and opens the listener that shows it.
func (s *service) watched(ctx context.Context, registry *prometheus.Registry, log *slog.Logger) (*admin.Server, error) {
	admin.NewWatcher(registry, s.control.Watch.Watch, time.Now, log)
	s.watchPools(admin.NewPools(registry))
	if err := s.registerMachine(registry); err != nil {
		return nil, err
	}
	listen := admin.Options{Address: s.Settings.HTTPAddress, Open: s.Settings.HTTPOpen, Hosts: s.Settings.Hosts(), Log: log}
	return admin.Listen(ctx, listen, admin.Handler(admin.Checks{
		Alive: s.health.alive, Ready: s.ready, Metrics: registry, Receipts: receipts(s.App, log), Reports: s.ReportHandler(log), Log: log,
	}))
}

// traced begins to send traces, if a collector is named, and returns the log whose lines
// name them.
func traced(ctx context.Context, a *wiring.App, log *slog.Logger, metrics *admin.Metrics) (_ *slog.Logger, err error) {
	a.Traces, err = tracing.Start(ctx, tracing.Options{
		Endpoint: a.Settings.TracesEndpoint, Getenv: os.Getenv, Version: a.Version, Log: log, Counted: metrics.SpansEnded,
	})
	if err == nil && a.Traces != nil {
		a.OnClose(a.Traces.Close)
	}
	return a.Traces.Log(log), err
}
