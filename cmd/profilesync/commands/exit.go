package commands

import (
	"fmt"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// The exit codes (reconcile/RULES.md "Exit codes").
const (
	ExitDone   = 0
	ExitFailed = 1
	ExitUsage  = 2
	ExitAwaits = 3 // done, but something awaits a person
)

// ExitError ends the program with the given code; its message, if any, goes to
// standard error.
type ExitError struct {
	Code    int
	Message string
}

func (e ExitError) Error() string { return e.Message }

// Usage says that arguments were wrong.
func Usage(err error) error { return ExitError{ExitUsage, err.Error()} }

// Usagef is Usage of fmt.Errorf.
func Usagef(format string, args ...any) error { return Usage(fmt.Errorf(format, args...)) }

// ExitOf returns how the program ends when an action was refused: input that is wrong
// and settings that are missing are wrong use. Inputs are named by their flags.
func ExitOf(refused *actions.Error) ExitError {
	text := refused.Error()
	if refused.Field != "" {
		text = "--" + text
	}
	if refused.Kind == actions.Invalid || refused.Kind == actions.Unset {
		return ExitError{ExitUsage, text}
	}
	return ExitError{ExitFailed, text}
}

// exitOf turns the state of runs into an exit code: the worst of them. What awaits
// a person is followed by the next command.
func exitOf(a *wiring.App, summaries []runs.Summary) error {
	code := ExitDone
	for _, s := range summaries {
		switch s.State {
		case runs.RunRefused, runs.RunFailed:
			return ExitError{Code: ExitFailed, Message: s.Error}
		case runs.RunWithheld:
			code = ExitAwaits
			sayNext(a, s)
		}
	}
	if code != ExitDone {
		return ExitError{Code: code}
	}
	return nil
}

// sayNext prints the commands that decide on what a run withheld, or that follow
// a plan that would withhold something.
func sayNext(a *wiring.App, s runs.Summary) {
	if s.Rehearsal {
		a.Sayf("next: `profilesync runs waiting --plan %[1]s`; "+
			"then `profilesync runs approve --plan %[1]s --digest DIGEST --until DATE`", s.Plan)
		return
	}
	if s.Run == "" {
		a.Sayf("next: `profilesync reconcile --plan %s --wait` applies the rest, and what is withheld waits for a person", s.Plan)
		return
	}
	a.Sayf("next: `profilesync runs show %[1]s --withheld`; then `profilesync runs approve %[1]s` or `profilesync runs reject %[1]s`", s.Run)
}
