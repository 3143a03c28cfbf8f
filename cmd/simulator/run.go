package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/profilesync/profilesync/cmd/simulator/demo"
	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/cmd/simulator/program"
	"github.com/profilesync/profilesync/cmd/simulator/screen"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

type runCmd struct {
	stageFlags
	Dir  string `default:".local/run" placeholder:"DIR" help:"Where the database goes. Default: ${default}."`
	HTTP string `default:"127.0.0.1:8383" placeholder:"ADDRESS" help:"Where the daemon serves health and metrics. Default: ${default}."`
	API  string `default:"${console}" placeholder:"ADDRESS" help:"Where the daemon serves its console and API. Default: ${default}."`
}

// Run builds the same stage as the demonstration and runs the daemon on it until
// interrupted. Time is real here: the profiles are made of the register of a month
// ago, and then it goes on to today.
func (c *runCmd) Run(ctx context.Context, out screens) (err error) {
	show := screen.New(out.stdout)
	stop := show.Tick()
	defer stop()
	show.Do("starting a private Postgres and the simulated systems")
	today := profile.DateIn(time.Now(), profile.London())
	stage, err := c.build(ctx, c.Dir, today.AddDays(-30), time.Now, show.Note)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.close()) }()
	stage.program.Set("HTTP_ADDRESS", c.HTTP)
	stage.program.Set("REPORT_URL", "http://"+c.HTTP)
	provider, err := stage.program.LetPeopleIn(ctx, stage.dir, c.API)
	if err != nil {
		return err
	}
	defer provider.Close()
	report, err := c.fill(ctx, stage, show, people.Calendar{}.AddWorkingDays(today, -1))
	if err != nil {
		return err
	}
	if err := goOn(stage.systems, today); err != nil {
		return err
	}
	settings := filepath.Join(c.Dir, "settings.sh")
	if err := stage.program.WriteSettings(settings); err != nil {
		return err
	}
	show.Do("")
	c.introduce(stage, show, settings, report)
	return c.daemon(ctx, stage, out)
}

// fill reconciles once, on the day before a working day, and makes that day's report
// of it, so that there is something to look at. It returns the address of the report.
func (c *runCmd) fill(ctx context.Context, stage *stage, show *screen.Screen, reported profile.Date) (report string, err error) {
	morning := reported.Time().Add(7 * time.Hour)
	_, err = stage.program.Runs(ctx, morning.Add(-19*time.Hour), func(r runs.Summary) {
		show.Linef("%-16s %s", outside.Reports[r.Report].Plural, demo.Finding(r))
	}, "reconcile", "--source", "ods", "--wait")
	if err != nil {
		return "", err
	}
	return stage.program.ReportLink(ctx, morning)
}

// place is something to open or to ask, with its address.
type place struct{ name, address string }

// opened are the places that a person opens in a browser, the first one first.
func (c *runCmd) opened(report string) []place {
	return []place{{"console", "http://" + c.API}, {"sign in", program.WhoSignsIn()}, {"report", report}}
}

// asked are the places of the daemon and of the simulated systems.
func (c *runCmd) asked(systems *outside.Systems) []place {
	return []place{
		{"health", "http://" + c.HTTP + "/healthz  /readyz"},
		{"metrics", "http://" + c.HTTP + "/metrics"},
		{"register", systems.RegisterURL + " (simulated)"},
		{"DoS", systems.DoSURL + " (simulated)"},
		{"website", systems.WebsiteURL + " (simulated)"},
		{"e-RS", systems.ERSURL + " (simulated)"},
	}
}

// introduce tells a newcomer what to open, what else there is, and what to try.
func (c *runCmd) introduce(stage *stage, show *screen.Screen, settings, report string) {
	show.Linef("\nOpen in a browser:")
	for _, p := range c.opened(report) {
		show.Linef("  %-10s  %s", p.name, p.address)
	}
	show.Linef("\nWhat runs here, on this machine alone:")
	for _, p := range c.asked(stage.systems) {
		show.Linef("  %-10s  %s", p.name, p.address)
	}
	show.Linef("  %-10s  private Postgres under %s, emptied at each start", "database", c.Dir)
	for _, warning := range stage.cluster.Warnings() {
		show.Say(warning)
	}
	c.introduceConsole(stage.systems, show)
	show.Linef("\nOr without a browser: reconcile everything, and decide on what is held back:")
	show.Linef("  %s", c.command(settings, "reconcile --wait"))
	show.Linef("  %s", c.command(settings, "runs waiting"))
	show.Linef("  %s", c.command(settings, "runs approve RUN --actor YOU"))
	c.introduceSinks(stage.systems, show, settings)
	c.introduceServices(stage.systems, show, settings)
	show.Linef("\nThe daemon runs until Ctrl-C. Its log:")
}

// goOn lets the register go on to a day, and twelve boards merge: something to reconcile,
// of which a part must wait for a person.
func goOn(systems *outside.Systems, day profile.Date) error {
	if _, err := systems.Churn(day); err != nil {
		return err
	}
	_, err := systems.Register.Recode(day)
	return err
}

// introduceConsole tells what to do first in the browser, and gives it a file.
func (c *runCmd) introduceConsole(systems *outside.Systems, show *screen.Screen) {
	show.Linef("\nFirst, in the browser. Since these profiles were made, a month has passed in the register, and twelve boards merged:")
	show.Linef("  1  open this address, which saves the listing of trusts as etr.csv:")
	show.Linef("     %s", systems.Listing("etr"))
	show.Linef("  2  at the console sign in as ben; under Reconcile drop the file, Show the plan, Do exactly this")
	show.Linef("  3  Sign out, and sign in as cleo; What waits leads to 55 changes: approve some or all")
	show.Linef("  4  sign in as ada, who may do everything: under Runs, open the approval, and undo it")
}

// command is a command of the program for a shell, with the settings of this set-up.
func (c *runCmd) command(settings, args string) string {
	return fmt.Sprintf("(. %s; %s %s)", sourced(settings), screen.ShortPath(c.Profilesync), args)
}

func (c *runCmd) introduceSinks(systems *outside.Systems, show *screen.Screen, settings string) {
	show.Linef("\nSee what arrived; make the website fail; change one of its entries without a push, and repair it:")
	show.Linef("  curl '%s/ledger/summary' '%s/ledger/summary'", systems.DoSURL, systems.WebsiteURL)
	show.Linef("  curl -X PUT -d '{\"names\":[\"error-503\"],\"share\":0.2}' '%s/control/faults'", systems.WebsiteURL)
	show.Linef("  curl -d '{\"code\":\"%s\",\"field\":\"name\",\"value\":\"WRONG\"}' '%s/control/change'",
		systems.ActivePharmacy(), systems.WebsiteURL)
	show.Linef("  %s", c.command(settings, "drift --sink website --repair"))
}

func (c *runCmd) introduceServices(systems *outside.Systems, show *screen.Screen, settings string) {
	show.Linef("\nReconcile the services of trusts; end one, and reconcile again:")
	show.Linef("  curl -o EBSX05.zip '%s'", systems.ERSExtract())
	show.Linef("  %s", c.command(settings, "ers register import EBSX05.zip"))
	show.Linef("  %s", c.command(settings, "reconcile --source ers --wait"))
	show.Linef("  curl -d '{\"ids\":[\"%s\"]}' '%s/control/remove'", systems.Referrals.IDs()[0], systems.ERSURL)
}

// sourced is a path for the shell's ".", which looks for one without a slash on PATH.
func sourced(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return "./" + path
}

// daemon runs profilesync serve until the context ends. If it ends by itself, that is
// an error.
func (c *runCmd) daemon(ctx context.Context, stage *stage, out screens) error {
	cmd := stage.program.Command(ctx, time.Time{}, "serve")
	cmd.Stdout, cmd.Stderr = out.stdout, out.stderr
	err := cmd.Run()
	switch {
	case ctx.Err() != nil && cmd.ProcessState != nil && cmd.ProcessState.Success():
		return nil
	case err == nil:
		return errors.New("profilesync serve ended by itself")
	default:
		return fmt.Errorf("profilesync serve: %w", err)
	}
}
