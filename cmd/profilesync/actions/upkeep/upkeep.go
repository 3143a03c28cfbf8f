// Package upkeep holds what keeps the program going beside its daily work: actions, as
// those of package actions, with which it can do everything.
//
//	commands ─┐
//	api ──────┼▶ upkeep ─▶ actions
//	console ──┘
//
//	quality.go    quality checks; records of registers that a person should look at
//	register.go   the register of e-RS services, and the codes of e-RS
//	listings.go   the last accepted listings
//	reports.go    reports of days
//	mail.go       whether letters go out; the letters of each state
//	letters.go    letters and reminders that are sent now; reports that are delivered
//	tokens.go     tokens of machines
//	sessions.go   who has signed in, and what everybody did
package upkeep

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/standing"
)

// Upkeep does what is asked, and everything that Actions does.
type Upkeep struct{ *actions.Actions }

// Status returns how things stand. Where the schema is older than the program, it returns
// the version of the schema, too, with the error.
func (u Upkeep) Status(ctx context.Context) (s standing.Standing, err error) {
	if u.App.Store == nil {
		if err := u.App.OpenAsIs(ctx); err != nil {
			return s, err
		}
	}
	return standing.Read(ctx, u.App)
}
