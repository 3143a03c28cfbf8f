package accesscommands

import (
	"context"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

// Sessions are those of people who have signed in.
type Sessions struct {
	List sessionsList `cmd:"" help:"List who has signed in."`
	End  sessionsEnd  `cmd:"" help:"Sign somebody out everywhere, at once on every daemon."`
}

type sessionsList struct{}

func (*sessionsList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	if err := a.Open(ctx); err != nil {
		return err
	}
	list, err := a.Store.Access.SignedIn(ctx)
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
	if err := a.Open(ctx); err != nil {
		return err
	}
	if err := a.Store.Access.EndSessions(ctx, c.Who, by(c.Actor)); err != nil {
		return err
	}
	a.Sayf("%s is signed out everywhere; to keep them out, take them out of their group at the identity provider", c.Who)
	return nil
}

// by is whoever gives a command, who may do everything.
func by(actor string) accessstore.By {
	return accessstore.By{Actor: commands.ActorOr(actor), Person: true, Verbs: postgres.Texts(guard.Verbs())}
}
