package main

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"path/filepath"

	"github.com/profilesync/profilesync/cmd/internal/spool"
	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// scopeFlags say what a reconciliation covers; plan and reconcile share them.
type scopeFlags struct {
	Source string   `default:"ods" enum:"ods,ers" help:"The register: ${enum}."`
	ODS    []string `name:"ods" placeholder:"CODE" help:"Only these organisations; says nothing about any other."`
	Files  []string `placeholder:"FILE" help:"Read these complete listings (the register's CSV reports) instead of pulling."`
	Report string   `placeholder:"NAME" help:"The report, where the file's name up to the first _ does not say it (edispensary, etr, ...)."`
	AsOf   string   `name:"as-of" placeholder:"DATE" help:"The day the listing speaks of, YYYY-MM-DD. Default: today."`
	Actor  string   `placeholder:"NAME" help:"Who asks for it, for the audit. Default: the operating-system user."`
}

// scope is one run that was asked for, and the file it reads, if any.
type scope struct {
	run  runs.Run
	path string
}

func (f scopeFlags) scopes(a *app) (scopes []scope, err error) {
	base := runs.Run{Kind: runs.RunListing, Source: profile.Source(f.Source), Actor: f.Actor, AsOf: a.today()}
	if base.Actor == "" {
		base.Actor = osUser()
	}
	if f.AsOf != "" {
		if base.AsOf, err = profile.ParseDate(f.AsOf); err != nil {
			return nil, exitError{exitUsage, "--as-of: " + err.Error()}
		}
	}
	for _, text := range f.ODS {
		code, err := profile.ParseODSCode(text)
		if err != nil {
			return nil, exitError{exitUsage, "--ods: " + err.Error()}
		}
		base.Kind, base.Codes = runs.RunDelta, append(base.Codes, code)
	}
	if base.Source == profile.SourceERS {
		return f.services(a, base)
	}
	if len(f.Files) == 0 {
		return f.pulled(a, base)
	}
	for _, path := range f.Files {
		s := scope{run: base, path: path}
		if s.run.Report, err = f.reportOf(path); err != nil {
			return nil, exitError{exitUsage, err.Error()}
		}
		scopes = append(scopes, s)
	}
	return scopes, nil
}

// pulled are the runs that pull from the register's services: named codes from
// the API, else complete listings.
func (f scopeFlags) pulled(a *app, base runs.Run) (scopes []scope, err error) {
	if len(base.Codes) > 0 {
		base.Report = reportOfAPI
		return []scope{{run: base}}, nil
	}
	reports := a.config.ODSReports
	if f.Report != "" {
		reports = []string{f.Report}
	}
	for _, report := range reports {
		if _, err := ods.Types(report); err != nil {
			return nil, exitError{exitUsage, "--report: " + err.Error()}
		}
		base.Report = report
		scopes = append(scopes, scope{run: base})
	}
	return scopes, nil
}

func (f scopeFlags) reportOf(path string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("--files: %w", err)
	}
	if f.Report != "" {
		_, err := ods.Types(f.Report)
		return f.Report, err
	}
	return ods.ReportOf(filepath.Base(path))
}

// each does the work for one scope after the other and prints every result.
func (f scopeFlags) each(ctx context.Context, a *app, work func(scope) (runs.Summary, error)) error {
	scopes, err := f.scopes(a)
	if err != nil {
		return err
	}
	if err := a.open(ctx); err != nil {
		return err
	}
	var summaries []runs.Summary
	for _, s := range scopes {
		summary, err := work(s)
		if err != nil {
			return err
		}
		a.printSummary(summary)
		summaries = append(summaries, summary)
	}
	return exitOf(summaries)
}

func osUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}

type planCmd struct{ scopeFlags }

// Help is shown by --help.
func (*planCmd) Help() string {
	return `The numbers are those of the run that would follow: same path, stopped before anything is
written.

  profilesync plan --files edispensary_2025-04-10.csv --as-of 2025-04-10`
}

// Run plans from the files themselves: nothing is stored.
func (c *planCmd) Run(ctx context.Context, a *app) error {
	return c.each(ctx, a, func(s scope) (runs.Summary, error) {
		open := a.pull
		if s.path != "" {
			open = s.openFile
		}
		shown := newProgress(a.stderr)
		defer shown.end()
		return a.runs(open, shown.report).Preview(ctx, s.run)
	})
}

func (s scope) openFile(_ context.Context, run runs.Run) (jobs.Pull, error) {
	file, err := os.Open(s.path)
	if err != nil {
		return nil, fmt.Errorf("--files: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	listing, err := ods.OpenListing(s.path, run.Report, file)
	if err != nil {
		return nil, err
	}
	return listing, nil
}

type reconcileCmd struct {
	scopeFlags
	Wait bool `help:"Wait for the result. A running daemon does the work; where there is none, this command does."`
}

// Help is shown by --help.
func (*reconcileCmd) Help() string {
	return `Every listing is one run. What changed is applied; what looks wrong is withheld and waits
for "profilesync runs approve" (exit code 3). A closure needs two looks on different days.
Without --files the reports of PROFILESYNC_ODS_REPORTS are pulled.

  profilesync reconcile --wait
  profilesync reconcile --report epraccur --wait
  profilesync reconcile --files edispensary_2025-04-10.csv --as-of 2025-04-10 --wait
  profilesync reconcile --ods FA002 FA007 --wait`
}

// Run stores the files first: a daemon cannot see the caller's paths.
func (c *reconcileCmd) Run(ctx context.Context, a *app) error {
	return c.each(ctx, a, func(s scope) (summary runs.Summary, err error) {
		if s.path != "" {
			if s.run.Upload, err = a.upload(ctx, s.path); err != nil {
				return summary, err
			}
		}
		return a.submit(ctx, s.run, c.Wait)
	})
}

// upload stores a file. It is read first: no transaction waits for a disk or a
// pipe of the caller's.
func (a *app) upload(ctx context.Context, path string) (int64, error) {
	file, err := hold(path)
	if err != nil {
		return 0, fmt.Errorf("--files: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	return a.store.StoreUpload(ctx, filepath.Base(path), file)
}

// hold reads a file, which may be a pipe, to its end.
func hold(path string) (*spool.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	return spool.Hold(file, maxListing)
}
