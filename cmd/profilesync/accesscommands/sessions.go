package accesscommands

import (
	"context"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
)

// Sessions are those of people who have signed in.
type Sessions struct {
	List sessionsList `cmd:"" help:"List who has signed in."`
	End  sessionsEnd  `cmd:"" help:"Sign somebody out everywhere, at once on every daemon."`
}

type sessionsList struct{}

func (*sessionsList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, "")
	list, err := does.SignedIn(ctx)
	if err != nil {
		return err
	}
	rows := make([][]string, len(list))
	for i, s := range list {
		rows[i] = []string{s.Actor, strconv.Itoa(s.Sessions), commands.LondonTime(s.Since), commands.LondonTime(s.Until)}
	}
	out.Print(list, "ACTOR | SESSIONS | SINCE | UNTIL", rows)
	return nil
}

type sessionsEnd struct {
	Who   string `arg:"" help:"Whose sessions: a pseudonym, as sessions list shows it."`
	Actor string `placeholder:"NAME" help:"Who ends them. Default: the operating-system user."`
}

func (c *sessionsEnd) Run(ctx context.Context, a *wiring.App) error {
	ctx, does := commands.Acting(ctx, a, c.Actor)
	if err := does.EndSessions(ctx, c.Who); err != nil {
		return err
	}
	a.Sayf("%s is signed out everywhere; to keep them out, take them out of their group at the identity provider", c.Who)
	return nil
}
