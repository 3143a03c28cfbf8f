// Package actions holds what the program can be asked to do: each method is one thing,
// with typed input and result. The commands, the API and the console call it; it prints
// nothing.
//
//	commands ─┐
//	api ──────┼▶ actions ─▶ wiring, stores
//	console ──┘
//
//	scope.go, runs.go          plan, reconcile; list, show and cancel runs
//	once.go, previews.go       a run that is asked for again is found; how many plan at a time
//	decide.go, ahead.go        what waits: approve, reject, undo; rehearsals
//	profiles.go, cases.go      profiles, why, undo of a field; cases, closures
//	pushes.go, drift.go        pushes, previews, holds, drift
//	people.go, private.go      accounts, reminders, mail; which reasons only some may read
//	each.go, look.go           everything that a request asks for in turn; what pages look at
//	known.go, errors.go        which names exist; why something is refused
//
// Who asks is the guard.Principal of the context: its name is what the audit records.
// May they is for the caller to check. Nothing that belongs to an action (digests,
// fences, settings that forbid it) is checked anywhere else.
package actions

import (
	"context"
	"errors"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Actions does what is asked. The zero value of all but App is that of a daemon.
type Actions struct {
	App *wiring.App // its database is opened by the first action that needs it
	// OSUser is the operating-system user who asks; empty where there is none, as in a
	// daemon.
	OSUser string
	// Previews bounds plans and previews; nil for a command, which has nobody beside it.
	Previews *Previews
	// Progress is called with how far a run or a plan has come; it may be nil.
	Progress wiring.Progress
}

var errNobody = errors.New("nobody is known to ask for this")

// who is who asks, by the name that the audit records.
func (*Actions) who(ctx context.Context) (string, error) {
	principal, known := guard.From(ctx)
	if !known || principal.Name == "" {
		return "", errNobody
	}
	return principal.Name, nil
}

// Ready opens the database, unless it is open.
func (a *Actions) Ready(ctx context.Context) error { return a.App.Ready(ctx) }

// Begin opens the database, and returns who asks.
func (a *Actions) Begin(ctx context.Context) (actor string, err error) {
	if actor, err = a.who(ctx); err != nil {
		return "", err
	}
	return actor, a.Ready(ctx)
}

// ShowProgress has told how far a run or a plan has come.
func (a *Actions) ShowProgress(told wiring.Progress) { a.Progress = told }

func (a *Actions) progress() wiring.Progress {
	if a.Progress != nil {
		return a.Progress
	}
	return func(context.Context, runs.ID, string, int, int) {}
}
