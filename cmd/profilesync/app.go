package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/local"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/reconcile"
)

// app is the composition root: it supplies the jobs with the connectors, and
// the commands with both.
type app struct {
	config  config
	stdout  io.Writer
	stderr  io.Writer
	json    bool
	store   *postgres.Store
	closers []func() error
}

func newApp(stdout, stderr io.Writer, format string) (*app, error) {
	c, err := loadConfig(context.Background())
	if err != nil {
		return nil, exitError{exitUsage, err.Error()}
	}
	return &app{config: c, stdout: stdout, stderr: stderr, json: format == "json"}, nil
}

func (a *app) close() error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i]())
	}
	return errors.Join(errs...)
}

// say tells a person something that is no result.
func (a *app) say(format string, args ...any) { _, _ = fmt.Fprintf(a.stderr, format+"\n", args...) }

// today is the day in London.
func (a *app) today() reconcile.Date { return reconcile.DateIn(a.config.clock(), reconcile.London()) }

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
		a.say("%s", warning)
	}
	a.say("database: private cluster under %s", a.config.LocalDir)
	return cluster.URL(), true, nil
}

// open connects to the database. A private one is brought up to date at once;
// a configured one only by `profilesync migrate`.
func (a *app) open(ctx context.Context) error {
	url, private, err := a.database(ctx)
	if err != nil {
		return err
	}
	store, err := postgres.Open(ctx, url, a.config.now)
	if err != nil {
		return err
	}
	a.store = store
	a.closers = append(a.closers, func() error { store.Close(); return nil })
	err = store.Ready(ctx)
	if private && errors.Is(err, postgres.ErrNotMigrated) {
		_, err = postgres.Migrate(ctx, url)
	}
	return err
}

// runs wires the working of runs. Each pull is opened by the given function.
func (a *app) runs(open func(context.Context, reconcile.Run) (jobs.Pull, error), progress progress) *jobs.Runs {
	return &jobs.Runs{
		Store: runStore{a.store}, Open: open, Types: a.types, Guard: reconcile.DefaultGuard(), Kept: a.config.kept,
		Now: time.Now, Report: progress.report,
	}
}

// types are the organisation types that a run's report covers.
func (a *app) types(run reconcile.Run) ([]reconcile.OrgType, error) {
	if run.Report == reportOfAPI {
		return a.config.kept, nil
	}
	return ods.Types(run.Report)
}

// reportOfAPI is the report under which single records of the API are kept.
const reportOfAPI = "api"

// pull opens what a stored run reads.
func (a *app) pull(ctx context.Context, run reconcile.Run) (jobs.Pull, error) {
	if run.Upload == 0 {
		return nil, errors.New("pulling from the register's services is not configured; give --files")
	}
	name, file, err := a.store.OpenUpload(ctx, run.Upload)
	if err != nil {
		return nil, err
	}
	return ods.OpenListing(name, run.Report, file)
}

// runStore and session let the store serve the jobs' interfaces, which name
// each other.
type runStore struct{ *postgres.Store }

func (s runStore) Lock(ctx context.Context, source reconcile.Source) (jobs.Session, error) {
	x, err := s.Session(ctx, source)
	if err != nil {
		return nil, err
	}
	return session{x}, nil
}

type session struct{ *postgres.Session }

func (s session) Draft(ctx context.Context, run reconcile.Run, types []reconcile.OrgType) (jobs.Draft, error) {
	return s.Session.Draft(ctx, run, types)
}
