package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/profilesync/profilesync/cmd/internal/visible"
	"github.com/profilesync/profilesync/cmd/profilesync/accesscommands"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/casecommands"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/erscommands"
	"github.com/profilesync/profilesync/cmd/profilesync/ops"
	"github.com/profilesync/profilesync/cmd/profilesync/peoplecommands"
	"github.com/profilesync/profilesync/cmd/profilesync/pushcommands"
	"github.com/profilesync/profilesync/cmd/profilesync/qualitycommands"
	"github.com/profilesync/profilesync/cmd/profilesync/schemacommands"
	"github.com/profilesync/profilesync/cmd/profilesync/serve"
	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/cmd/profilesync/statuscommands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
)

const description = `Keeps a national directory of health services up to date: pulls the organisation register,
reconciles it with local profiles, holds back what looks wrong, and keeps a full audit.

If no database is configured, --private starts a private one under .local with this machine's
Postgres; later commands find it there. Settings come from the environment (README.md, "Settings").

Exit codes: 0 done, 1 refused, failed or stopped by Ctrl-C, 2 usage, 3 done, but something awaits a person.`

// cli lists the commands; each has its own file.
type cli struct {
	Private bool `help:"Without a configured database, start a private one under PROFILESYNC_LOCAL_DIR."`

	Format string `default:"table" enum:"table,json,html,csv,xlsx" help:"How to print: table or json; html, csv and xlsx are for a report."`

	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`

	Migrate        schemacommands.Migrate         `cmd:"" help:"Bring the database's schema up to date."`
	Serve          serve.Command                  `cmd:"" help:"Run the daemon: schedules, jobs, health and metrics."`
	Plan           commands.Plan                  `cmd:"" help:"Show what a reconciliation would do, and change nothing."`
	Reconcile      commands.Reconcile             `cmd:"" help:"Reconcile the organisation register with the profiles."`
	Runs           commands.Runs                  `cmd:"" help:"List, show, approve, reject, undo and cancel runs."`
	Listings       commands.Listings              `cmd:"" help:"The last accepted listing of each report: list, reset."`
	Profile        commands.Profile               `cmd:"" help:"Show a profile and its full history."`
	ERS            erscommands.ERS                `cmd:"" name:"ers" help:"Services of the e-Referral Service and owners of sites."`
	Push           pushcommands.Push              `cmd:"" help:"List pushes, retry and preview them."`
	Drift          pushcommands.Drift             `cmd:"" help:"Compare what the sinks show with the profiles and repair differences."`
	Checks         qualitycommands.Checks         `cmd:"" help:"Quality findings in DoS and the website: list them, make the quality checks."`
	Hold           pushcommands.Hold              `cmd:"" help:"Freeze a field of a profile, or a profile for a sink, for some time."`
	Remind         peoplecommands.Remind          `cmd:"" help:"Remind people to confirm their profiles."`
	Accounts       peoplecommands.Accounts        `cmd:"" help:"People's accounts: list, show, end inactive ones, reactivate."`
	Mail           peoplecommands.Mail            `cmd:"" help:"Letters to people: list, stop, resume."`
	Cases          casecommands.Cases             `cmd:"" help:"What waits for people: list, show, wait, set aside."`
	Closure        casecommands.Closure           `cmd:"" help:"Places closed though the register says open: list, say, confirm, take back."`
	Report         commands.Report                `cmd:"" help:"The daily change report: write, make, list, deliver, link, verify."`
	Quarantine     qualitycommands.Quarantine     `cmd:"" help:"Upstream records that could not be read."`
	Contradictions qualitycommands.Contradictions `cmd:"" help:"Organisations that are active although their end date has passed."`
	Flags          commands.Flags                 `cmd:"" help:"Profiles whose upstream record a person should look at."`
	Ops            ops.Command                    `cmd:"" help:"What to watch the daemon with: alerts, runbook, dashboards."`
	Status         statuscommands.Status          `cmd:"" help:"How things stand, on one screen."`
	Check          statuscommands.Check           `cmd:"" help:"The settings check: every setting, and whether all that they name answers."`
	Tokens         accesscommands.Tokens          `cmd:"" help:"Tokens with which machines use the API: list, add, revoke."`
	Sessions       accesscommands.Sessions        `cmd:"" help:"People who have signed in: list, end."`
	Actions        accesscommands.Actions         `cmd:"" help:"What was done by the API, the console and with tokens: list."`
	Help           help                           `cmd:"" offline:"" help:"Show help for a command."`
	Completion     completion                     `cmd:"" offline:"" help:"Print a script that completes commands in a shell."`
	Man            man                            `cmd:"" offline:"" help:"Print the manual page."`
	Version        commands.Version               `cmd:"" offline:"" help:"Print the version."`
}

// newParser returns the parser of the command line. Exit is called with the code of
// what ends the program at once, as --help does.
func newParser(line *cli, stdout, stderr io.Writer, exit func(code int)) (*kong.Kong, error) {
	return kong.New(line, kong.Name("profilesync"), kong.Description(description),
		kong.Vars{"version": version}, choices(), kong.Writers(stdout, stderr), kong.Exit(exit),
		kong.Help(printHelp), kong.ValueFormatter(helpOf), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
}

// run runs the program and returns its exit code. What cannot be written to standard
// output makes every command fail.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	results := &output{to: stdout}
	code := runWith(ctx, args, results, stderr)
	if err := results.failed(); err != nil {
		return exitWith(stderr, fmt.Errorf("standard output: %w", err))
	}
	return code
}

func runWith(ctx context.Context, args []string, stdout *output, stderr io.Writer) int {
	var line cli
	exited := -1
	parser, err := newParser(&line, stdout, stderr, func(code int) { exited = code })
	if err != nil {
		return exitWith(stderr, err)
	}
	if len(args) >= len(completeArgs) && slices.Equal(args[:len(completeArgs)], completeArgs) {
		complete(stdout, parser.Model, args[len(completeArgs):])
		return commands.ExitDone
	}
	args = spread(args)
	if flag := emptyFlag(args); flag != "" {
		return exitWith(stderr, commands.Usagef("%s: its value is empty", flag))
	}
	kctx, err := parser.Parse(args)
	if exited >= 0 {
		return exited // --help
	}
	if err != nil {
		return exitWith(stderr, usageError(err))
	}
	if line.Format != "table" && line.Format != "json" && kctx.Command() != "report show" {
		return exitWith(stderr, commands.Usagef("--format %s is for a report; want table or json", line.Format))
	}
	printer := commands.NewPrinter(stdout, line.Format)
	if kctx.Selected().Tag.Has("offline") {
		return exitWith(stderr, kctx.Run(printer))
	}
	return line.work(ctx, kctx, printer, stderr)
}

// work does the work of a command that needs settings.
func (line *cli) work(ctx context.Context, kctx *kong.Context, printer *commands.Printer, stderr io.Writer) int {
	app, err := wiring.New(ctx, stderr, version)
	if errors.As(err, new(settings.Error)) && kctx.Command() == "check" {
		err = line.Check.ShowSettings(ctx, printer)
	}
	if err != nil {
		return exitWith(stderr, err)
	}
	app.MayStartPrivate, app.Command = line.Private, commandPath(kctx.Selected())
	if err := line.forServer(kctx, app); err != nil {
		return exitWith(stderr, err)
	}
	end := func(error) {}
	if kctx.Command() != "serve" { // it traces what it does
		if ctx, end, err = traced(ctx, app); err != nil {
			return exitWith(stderr, err)
		}
	}
	kctx.BindTo(ctx, (*context.Context)(nil))
	work := func() error {
		err := kctx.Run(app, printer)
		end(err)
		return errors.Join(err, app.Close())
	}
	if kctx.Command() == "serve" { // its jobs have longer to end
		return exitWith(stderr, work())
	}
	return exitWith(stderr, untilStopped(ctx, work))
}

// forServer refuses flags that say what a daemon knows by itself.
func (line *cli) forServer(kctx *kong.Context, app *wiring.App) error {
	if !app.Settings.UsesServer() {
		return nil
	}
	if line.Private {
		return commands.Usagef("--private and PROFILESYNC_SERVER cannot be used together")
	}
	for _, flag := range kctx.Flags() {
		if flag.Name == "actor" && kctx.FlagValue(flag) != "" {
			return commands.Usagef("--actor and PROFILESYNC_SERVER cannot be used together: the token says who asks")
		}
	}
	return nil
}

// leaveAfter is how long a command may take to end once it is asked to. It is short
// enough that people see Ctrl-C end it within a second.
const leaveAfter = 500 * time.Millisecond

// untilStopped does the work of a command. When the context has ended and the work
// does not end, because it waits for a disk, a pipe or an answer, it is left as if
// the program had been killed: whatever that leaves, the next command or a daemon
// finishes.
func untilStopped(ctx context.Context, work func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- work() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		return err
	case <-time.After(leaveAfter):
		return errors.New("stopped; what it had begun is finished by the next command or by a daemon")
	}
}

// exitWith prints the error, if any, and returns the exit code.
func exitWith(stderr io.Writer, err error) int {
	if err == nil {
		return commands.ExitDone
	}
	exit := commands.ExitError{Code: commands.ExitFailed, Message: err.Error()}
	var wrong settings.Error
	var refused *actions.Error
	var without wiring.NeedsDatabaseError
	switch {
	case errors.As(err, &exit):
	case errors.As(err, &refused):
		exit = commands.ExitOf(refused)
	case errors.As(err, &wrong):
		exit = commands.ExitError{Code: commands.ExitUsage, Message: wrong.Error()}
	case errors.As(err, &without):
		exit = commands.ExitError{Code: commands.ExitUsage, Message: without.Error()}
	}
	if exit.Message != "" {
		_, _ = fmt.Fprintln(stderr, "profilesync:", visible.Text(exit.Message))
	}
	return exit.Code
}

// emptyFlag is the name of a flag whose value was given, and is empty: a variable
// of a script that is not set must never mean the default, which may be all.
func emptyFlag(args []string) string {
	for i, arg := range args {
		name, value, given := strings.Cut(arg, "=")
		switch {
		case strings.HasPrefix(arg, "--") && given && value == "":
			return name
		case arg == "" && i > 0 && strings.HasPrefix(args[i-1], "--"):
			return args[i-1]
		}
	}
	return ""
}

// severalValues are the flags that take several values.
var severalValues = []string{"--files", "--ods"}

// spread lets severalValues take several values: `--files A B` becomes
// `--files=A --files=B`. One without a value stays, and is refused.
func spread(args []string) []string {
	var out []string
	flag := ""
	for i, arg := range args {
		switch {
		case slices.Contains(severalValues, arg):
			if flag = arg; i+1 == len(args) || strings.HasPrefix(args[i+1], "-") {
				out = append(out, flag)
			}
		case flag != "" && !strings.HasPrefix(arg, "-"):
			out = append(out, flag+"="+arg)
		default:
			flag = ""
			out = append(out, arg)
		}
	}
	return out
}
