package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/spool"
	"github.com/profilesync/profilesync/connectors/ers"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/local"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// app is the composition root: it supplies the jobs with the connectors, and
// the commands with both.
type app struct {
	config  config
	stdout  io.Writer
	stderr  io.Writer
	json    bool
	form    string // of a report
	url     string // of the database
	store   *postgres.Store
	process *postgres.Process
	// announced is the number of the process while it is announced, and replaced
	// ends when others have taken it for gone.
	announced int64
	replaced  context.Context //nolint:containedctx // of the program, not of a call
	closers   []func() error

	reportStore *postgres.Store // reads reports alone, through connections of its own
	reportFiles *spool.Files    // reports that somebody reads

	// answeredERS is told of every request to e-RS; nil outside the daemon.
	answeredERS func(ers.Call)
}

func newApp(ctx context.Context, stdout, stderr io.Writer, format string) (*app, error) {
	c, err := loadConfig(ctx)
	if err != nil {
		return nil, exitError{exitUsage, err.Error()}
	}
	return &app{
		config: c, stdout: stdout, stderr: stderr, json: format == "json", form: format, process: postgres.NewProcess(),
	}, nil
}

func (a *app) close() error {
	var errs []error
	for _, closer := range slices.Backward(a.closers) {
		errs = append(errs, closer())
	}
	return errors.Join(errs...)
}

// say tells a person something that is no result.
func (a *app) sayf(format string, args ...any) { _, _ = fmt.Fprintf(a.stderr, format+"\n", args...) }

// today is the day in London.
func (a *app) today() profile.Date { return profile.DateIn(a.config.clock(), profile.London()) }

// database returns the address of the configured database, or of the private
// cluster, which is started when nobody has.
func (a *app) database(ctx context.Context) (url string, private bool, err error) {
	if a.config.DatabaseURL != "" {
		return a.config.DatabaseURL.reveal(), false, nil
	}
	cluster, err := local.Open(ctx, local.Options{Dir: a.config.LocalDir + "/postgres"})
	if err != nil {
		return "", true, fmt.Errorf("no PROFILESYNC_DATABASE_URL is set, and the private database does not start: %w", err)
	}
	a.closers = append(a.closers, cluster.Close)
	for _, warning := range cluster.Warnings() {
		a.sayf("%s", warning)
	}
	a.sayf("database: private cluster under %s", a.config.LocalDir)
	return cluster.URL(), true, nil
}

// open connects to the database. A private one is brought up to date at once;
// a configured one only by `profilesync migrate`.
func (a *app) open(ctx context.Context) error {
	url, private, err := a.database(ctx)
	if err != nil {
		return err
	}
	a.url = url
	store, err := postgres.Open(ctx, url, postgres.Options{PlayedNow: a.config.now, Process: a.process})
	if err != nil {
		return err
	}
	a.store = store
	a.closers = append(a.closers, func() error { store.Close(); return nil })
	if err := a.openReports(ctx); err != nil {
		return err
	}
	err = store.Ready(ctx)
	if private && errors.Is(err, postgres.ErrNotMigrated) {
		_, err = postgres.Migrate(ctx, url)
	}
	return err
}

// runs wires the working of runs. Each pull is opened by the given function.
func (a *app) runs(open func(context.Context, runs.Run) (jobs.Pull, error), report reportFunc) *jobs.Runs {
	return &jobs.Runs{
		LockOrganisations: func(ctx context.Context) (jobs.OrganisationSession, error) { return a.store.LockOrganisations(ctx) },
		LockServices:      func(ctx context.Context) (jobs.ServiceSession, error) { return a.store.LockServices(ctx) },
		Organisations: jobs.Organisations{
			Open: open, Types: a.types, ProfileTypes: a.config.kept, Guard: runs.DefaultGuard(),
		},
		Services: a.services(), Now: time.Now, Progress: report,
	}
}

// reportFunc is told how far a run has come.
type reportFunc = func(ctx context.Context, run runs.ID, stage string, done, total int)

// runStore lets the store serve the jobs' interfaces, which name each other.
type runStore struct{ *postgres.Store }

func (s runStore) WithLedger(ctx context.Context, work func(jobs.Ledger) error) error {
	return s.Store.WithLedger(ctx, func(l *postgres.Ledger) error { return work(l) })
}

func (s runStore) WithDispatch(ctx context.Context, routes push.Routes, work func(jobs.Dispatch) error) (bool, error) {
	return s.Store.WithDispatch(ctx, routes, func(d *postgres.Dispatch) error { return work(d) })
}
