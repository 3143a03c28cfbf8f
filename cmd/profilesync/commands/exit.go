package commands

import (
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

func usage(err error) error { return ExitError{ExitUsage, err.Error()} }

// exitOf turns the state of runs into an exit code: the worst of them.
func exitOf(summaries []runs.Summary) error {
	code := ExitDone
	for _, s := range summaries {
		switch s.State {
		case runs.RunRefused, runs.RunFailed:
			return ExitError{Code: ExitFailed, Message: s.Error}
		case runs.RunWithheld:
			code = ExitAwaits
		}
	}
	if code != ExitDone {
		return ExitError{Code: code}
	}
	return nil
}
