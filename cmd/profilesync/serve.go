package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"golang.org/x/sync/errgroup"

	"github.com/profilesync/profilesync/cmd/internal/admin"
	"github.com/profilesync/profilesync/connectors/ers"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

type serveCmd struct{}

// stopWithin is how long the daemon may take to stop: a little more than its
// jobs get to come to rest. A service manager should kill later than that.
const stopWithin = 20 * time.Second

// Help is shown by --help.
func (*serveCmd) Help() string {
	return `Pulls the register's changes at 04:30, its listings at 05:00 and the e-Referral Service at
05:30 (London), works the runs that
commands ask for, and finishes what a killed process left. Every change of a profile, whoever
wrote it, is pushed to the sinks that are configured (PROFILESYNC_DOS_..., _WEBSITE_...); what
they show is checked and repaired at 02:30. What was due while no daemon ran is caught up.
The report of the day's changes is made at 06:30 of every working day. People are reminded of
their checks at 09:00, and accounts that nobody uses end at 07:00; letters go out when
PROFILESYNC_MAIL says how. /healthz, /readyz, /metrics and /reports/ are served at
PROFILESYNC_HTTP_ADDRESS. It stops on SIGTERM or Ctrl-C, within 20 seconds.`
}

// Run is the daemon: it works jobs, keeps the schedules, and serves health and
// metrics, until it is asked to stop.
func (*serveCmd) Run(ctx context.Context, a *app) error {
	if !isTerminal(a.stderr) {
		said := newLines(a.stderr)
		a.closers, a.stderr = append(a.closers, said.Close), said
	}
	log, err := newLogger(a.stderr, a.config.LogLevel)
	if err != nil {
		return exitError{exitUsage, err.Error()}
	}
	if err := a.open(ctx); err != nil {
		return err
	}
	outage := newOutage(log, time.Now)
	log = outage.during(log, ourRecords{})
	registry := prometheus.NewRegistry()
	admin.RegisterProcess(registry, version)
	metrics := admin.NewMetrics(registry)
	a.answeredERS = func(c ers.Call) { metrics.ERSAnswered(c.Endpoint, c.Status, c.Elapsed.Seconds()) }
	s, err := a.newService(ctx, log, outage, metrics)
	if err != nil {
		return err
	}
	admin.NewWatcher(registry, s.control.Watch, time.Now, log)
	s.watchPools(admin.NewPools(registry))
	receipts, err := a.receipts(log)
	if err != nil {
		return exitError{exitUsage, err.Error()}
	}
	server, err := admin.Listen(ctx, admin.Options{Address: a.config.HTTPAddress, Log: log}, admin.Handler(admin.Checks{
		Alive: s.health.alive, Ready: s.ready, Metrics: registry, Receipts: receipts, Reports: a.reports(log), Log: log,
	}))
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.Serve(ctx) })
	group.Go(func() error { return s.run(ctx, server.Address()) })
	return group.Wait()
}

// schedules are what the daemon does by itself, in London time
// (reconcile/RULES.md "Schedules").
func (a *app) schedules(sinks map[push.Sink]directory) (all []jobs.Schedule, err error) {
	add := func(name, at string, args ...river.JobArgs) {
		when, bad := jobs.At(at)
		err = errors.Join(err, bad)
		all = append(all, jobs.Schedule{Name: name, When: when, Missed: jobs.NewestOnly, Jobs: args})
	}
	if a.config.ODSAPIKey != "" {
		add("pull_ods_changes", "30 4 * * *", jobs.PullODS{Report: reportOfAPI, Pull: runs.RunDelta})
	}
	var listings []river.JobArgs
	for _, report := range a.config.ODSReports {
		listings = append(listings, jobs.PullODS{Report: report, Pull: runs.RunListing})
	}
	add("pull_ods_listings", "0 5 * * *", listings...)
	for _, sink := range push.Sinks() {
		if sinks[sink] != nil {
			add("check_drift_"+string(sink), "30 2 * * *", jobs.CheckDrift{Sink: sink})
		}
	}
	if a.config.asksERS() {
		add("pull_ers", "30 5 * * *",
			jobs.PullERS{Part: jobs.ERSRegister}, jobs.PullERS{Part: jobs.ERSCodes}, jobs.PullERS{Part: jobs.ERSServices})
	}
	add("deactivate", "0 7 * * *", jobs.Deactivate{})
	add("remind", "0 9 * * *", jobs.Remind{})
	add("report", "30 6 * * *", jobs.Report{})
	add("refresh_calendar", "0 4 * * *", jobs.RefreshCalendar{})
	if a.config.Mail != mailOff {
		add("send_mail", "*/5 3-23 * * *", jobs.SendMail{After: "schedule"})
	}
	if a.config.Mail == mailNotify {
		add("watch_mail", "15 3-23 * * *", jobs.WatchMail{})
	}
	add("housekeeping", "10 3 * * *", jobs.Housekeeping{})
	return all, err
}

// saveProgress stores how far a run has come, for the people who wait for it.
func (a *app) saveProgress(log *slog.Logger) reportFunc {
	return func(ctx context.Context, run runs.ID, stage string, done, total int) {
		if err := a.store.SaveProgress(ctx, run, stage, done, total); err != nil {
			log.WarnContext(ctx, "progress", "error", err)
		}
	}
}
