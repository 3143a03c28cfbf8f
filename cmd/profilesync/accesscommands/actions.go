package accesscommands

import (
	"context"
	"strconv"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

// Actions are what was done by the API, by the console and with tokens.
type Actions struct {
	List actionsList `cmd:"" help:"List what was done, the newest first, and by whom."`
}

type actionsList struct {
	By     string `placeholder:"NAME" help:"Only what this actor did: a pseudonym, or token:NAME."`
	Before int64  `placeholder:"ACTION" help:"Only what came before this action, to read on."`
	Most   int    `default:"100" help:"How many at most."`
}

func (c *actionsList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	if c.Most < 1 || c.Before < 0 {
		return commands.Usagef("--most and --before: want a number above 0")
	}
	ctx, does := commands.Acting(ctx, a, "")
	list, err := does.Audit(ctx, accessstore.ActionFilter{Actor: c.By, Before: c.Before, Most: c.Most})
	if err != nil {
		return err
	}
	rows := make([][]string, len(list))
	for i, done := range list {
		rows[i] = []string{
			strconv.FormatInt(done.ID, 10), commands.LondonTime(done.At), done.Actor, done.Operation, columns.OneLine(done.Subject),
			string(done.Outcome),
		}
	}
	out.Print(list, "ACTION | AT | ACTOR | OPERATION | SUBJECT | OUTCOME", rows)
	return nil
}
