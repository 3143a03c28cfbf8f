package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/profilesync/profilesync/reconcile/runs"
)

// The exit codes (reconcile/RULES.md "Exit codes").
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitAwaits = 3 // done, but something awaits a person
)

const description = `Keeps a national directory of health services true: pulls the organisation register,
reconciles it with local profiles, holds back what looks wrong, and remembers everything.

With no database configured it starts a private one under .local from this machine's own
Postgres. Settings come from the environment (README.md, "Settings").

Exit codes: 0 done, 1 refused or failed, 2 usage, 3 done with something that awaits a person.`

// cli is every command; each has a file of its own.
type cli struct {
	Format string `default:"table" enum:"table,json,html,csv,xlsx" help:"How to print: table or json; reports: html, csv, xlsx or json."`

	Migrate        migrateCmd        `cmd:"" help:"Bring the database's schema up to date."`
	Serve          serveCmd          `cmd:"" help:"Run the daemon: schedules, jobs, health and metrics."`
	Plan           planCmd           `cmd:"" help:"Show what a reconciliation would do, and change nothing."`
	Reconcile      reconcileCmd      `cmd:"" help:"Reconcile the organisation register with the profiles."`
	Runs           runsCmd           `cmd:"" help:"List, show, approve, reject and undo runs."`
	Profile        profileCmd        `cmd:"" help:"Show a profile and everything that ever happened to it."`
	ERS            ersCmd            `cmd:"" name:"ers" help:"Services of the e-Referral Service, and owners of sites."`
	Push           pushCmd           `cmd:"" help:"List pushes, retry and preview them."`
	Drift          driftCmd          `cmd:"" help:"Compare what the sinks show with the profiles, and repair it."`
	Hold           holdCmd           `cmd:"" help:"Freeze a field of a profile, or a profile for a sink, for a time."`
	Remind         remindCmd         `cmd:"" help:"Remind people to check their profiles."`
	Accounts       accountsCmd       `cmd:"" help:"Accounts of people, and what becomes of inactive ones."`
	Mail           mailCmd           `cmd:"" help:"Letters to people: list, stop, resume."`
	Report         reportCmd         `cmd:"" help:"The daily change report: write, make, list, deliver, verify."`
	Quarantine     quarantineCmd     `cmd:"" help:"Upstream records that could not be understood."`
	Contradictions contradictionsCmd `cmd:"" help:"Organisations that are active and have an end date that has passed."`
	Flags          flagsCmd          `cmd:"" help:"Profiles whose upstream record a person should look at."`
	Version        versionCmd        `cmd:"" help:"Print the version."`
}

// exitError ends the program with a code of its own; its message, if any, goes
// to standard error.
type exitError struct {
	code    int
	message string
}

func (e exitError) Error() string { return e.message }

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var commands cli
	exited := -1
	parser, err := kong.New(&commands, kong.Name("profilesync"), kong.Description(description),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}))
	if err != nil {
		return exitWith(stderr, err)
	}
	kctx, err := parser.Parse(spread(args))
	if exited >= 0 {
		return exited // --help
	}
	if err != nil {
		return exitWith(stderr, exitError{exitUsage, err.Error() + " (see profilesync --help)"})
	}
	if commands.Format != "table" && commands.Format != "json" && !strings.HasPrefix(kctx.Command(), "report") {
		return exitWith(stderr, exitError{exitUsage, "--format " + commands.Format + " is for reports; want table or json"})
	}
	app, err := newApp(ctx, stdout, stderr, commands.Format)
	if err != nil {
		return exitWith(stderr, err)
	}
	kctx.BindTo(ctx, (*context.Context)(nil))
	err = kctx.Run(app)
	return exitWith(stderr, errors.Join(err, app.close()))
}

// exitWith prints what went wrong, once, and returns the exit code.
func exitWith(stderr io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	var exit exitError
	if !errors.As(err, &exit) {
		exit = exitError{exitFailed, err.Error()}
	}
	if exit.message != "" {
		_, _ = fmt.Fprintln(stderr, "profilesync:", exit.message)
	}
	return exit.code
}

// spread lets --files and --ods take several values: `--files A B` becomes
// `--files=A --files=B`.
func spread(args []string) []string {
	var out []string
	flag := ""
	for _, arg := range args {
		switch {
		case arg == "--files" || arg == "--ods":
			flag = arg
		case flag != "" && !strings.HasPrefix(arg, "-"):
			out = append(out, flag+"="+arg)
		default:
			flag = ""
			out = append(out, arg)
		}
	}
	return out
}

// exitOf turns the state of runs into an exit code: the worst of them.
func exitOf(summaries []runs.Summary) error {
	code := exitDone
	for _, s := range summaries {
		switch s.State {
		case runs.RunRefused, runs.RunFailed:
			return exitError{code: exitFailed, message: s.Error}
		case runs.RunWithheld:
			code = exitAwaits
		}
	}
	if code != exitDone {
		return exitError{code: code}
	}
	return nil
}
