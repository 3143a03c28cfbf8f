package statuscommands

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/standing"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
)

// Status shows how things stand.
type Status struct{}

// Help is shown by --help.
func (*Status) Help() string {
	return `One screen: what was pulled and when it is pulled next, what waits for a person, how the sinks
are, whether letters go out and daemons live. It changes nothing. Exit code 3 when something waits
for a person: an open case, withheld rows, a closure that was said, a push that waits.`
}

// Run prints how things stand.
func (*Status) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, "")
	s, err := does.Status(ctx)
	if s.Schema.Needed == 0 { // nothing could be read
		return err
	}
	if out.JSON() {
		out.Print(s, "", nil)
	} else {
		show(out, s)
	}
	if err != nil {
		return err
	}
	if s.Waits.Any() {
		return commands.ExitError{Code: commands.ExitAwaits, Message: "something waits for a person; next: " + next(s.Waits)}
	}
	return nil
}

// next is the command that shows what waits.
func next(w standing.Waits) string {
	switch {
	case w.Cases.Open > 0:
		return "`profilesync cases list`"
	case w.Withheld.Rows > 0:
		return "`profilesync runs waiting`"
	case w.Pushes.Waiting > 0:
		return "`profilesync push list --state waits`"
	}
	return "`profilesync closure list --state said`"
}
