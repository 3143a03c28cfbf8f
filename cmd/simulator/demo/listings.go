package demo

import (
	"context"
	"fmt"
	"strings"

	"github.com/profilesync/profilesync/cmd/simulator/oracle"
	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/cmd/simulator/program"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// listings reconciles every report of the register, and checks each run as soon as it
// has ended.
func (s *story) listings(ctx context.Context, now *step) ([]runs.Summary, error) {
	var wrong error
	withheld := false
	var quiet []string
	s.screen.Do("reading the register")
	code, err := s.program.Runs(ctx, now.At, func(got runs.Summary) {
		now.Runs = append(now.Runs, got)
		withheld = withheld || len(got.Withheld) > 0
		if wrong == nil {
			wrong = s.checkListing(got, now)
		}
		if finding := Finding(got); finding != "" {
			s.screen.Linef("   %-16s %s", outside.Reports[got.Report].Plural, finding)
		} else {
			quiet = append(quiet, outside.Reports[got.Report].Plural)
		}
	}, "reconcile", "--source", "ods", "--wait", "--actor", "nightly")
	switch n := len(quiet); {
	case n == 0, n == len(now.Runs): // the sentence that follows says enough
	case n > 3:
		s.screen.Say(fmt.Sprintf("nothing to do in the %d other reports", n))
	default:
		s.screen.Say("nothing to do: " + strings.Join(quiet, ", "))
	}
	switch {
	case wrong != nil:
		return now.Runs, wrong
	case err != nil:
		return now.Runs, err
	case len(now.Runs) != len(outside.Reports):
		return now.Runs, fmt.Errorf("want a run for each of %d reports, got %d", len(outside.Reports), len(now.Runs))
	default:
		return now.Runs, checkExit(withheld, code)
	}
}

func (s *story) checkListing(got runs.Summary, now *step) error {
	if _, known := outside.Reports[got.Report]; !known {
		return fmt.Errorf("run %s is of report %q, which was not asked for", got.Run, got.Report)
	}
	facts, err := s.register.Facts(got.Report)
	if err != nil {
		return err
	}
	return oracle.CheckRun(s.oracle.Listing(got.Report, facts, dayOf(now.At)), got)
}

// decide runs a command whose result is one run, and checks it.
func (s *story) decide(ctx context.Context, now *step, want runs.Summary, args ...string) (run runs.Summary, err error) {
	s.screen.Do(strings.Join(args[:2], " "))
	code, err := s.program.Runs(ctx, now.At, func(got runs.Summary) { now.Runs = append(now.Runs, got) }, args...)
	switch {
	case err != nil:
		return run, err
	case len(now.Runs) != 1:
		return run, fmt.Errorf("profilesync %s: want one run, got %d", strings.Join(args, " "), len(now.Runs))
	}
	run = now.Runs[0]
	if err := oracle.CheckRun(want, run); err != nil {
		return run, err
	}
	return run, checkExit(false, code)
}

func checkExit(withheld bool, code int) error {
	want := program.ExitDone
	if withheld {
		want = program.ExitWithheld
	}
	if code != want {
		return fmt.Errorf("profilesync ended with exit code %d, want %d", code, want)
	}
	return nil
}
