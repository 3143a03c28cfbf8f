package pushcommands

import (
	"context"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Hold freezes fields, or profiles for a sink.
type Hold struct {
	Add    holdAdd    `cmd:"" help:"Freeze a field of a profile, or a profile for a sink."`
	List   holdList   `cmd:"" help:"List the current holds."`
	Remove holdRemove `cmd:"" help:"End a hold early."`
}

type holdAdd struct {
	Code   string `arg:"" help:"ODS code."`
	Field  string `xor:"what" required:"" enum:"${fields}" placeholder:"FIELD" help:"The field: no register changes it, no push sends it."`
	Sink   string `xor:"what" required:"" enum:"${sinks}" placeholder:"SINK" help:"The sink that is not pushed to."`
	Until  string `placeholder:"YYYY-MM-DD" help:"The last day. Default: until the hold is removed."`
	Reason string `required:"" placeholder:"TEXT" help:"Why, for people who come across it later."`
	Actor  string `placeholder:"NAME" help:"Who holds it. Default: the operating-system user."`
}

// Help is shown by --help.
func (*holdAdd) Help() string {
	return `A held field keeps its value here, and the sinks keep showing what they show. A profile held
for a sink is not pushed there; it is pushed when the hold ends. Plans, pushes and
drift checks honour holds.`
}

func (c *holdAdd) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	hold := pushstore.Hold{Field: c.Field, Sink: c.Sink, Reason: c.Reason, Actor: commands.ActorOr(c.Actor)}
	var err error
	if c.Field != "" {
		_, err = profile.ParseField(c.Field)
	} else {
		_, err = push.ParseSink(c.Sink)
	}
	if err != nil {
		return commands.Usage(err)
	}
	if hold.Until, err = profile.ParseDate(c.Until); err != nil {
		return commands.Usagef("--until: %w", err)
	}
	if !hold.Until.IsZero() && hold.Until.Before(a.Today()) {
		return commands.Usagef("--until %s: that day has passed", hold.Until)
	}
	if hold.Code, err = commands.OpenForOrganisation(ctx, a, c.Code); err != nil {
		return err
	}
	if hold.ID, err = a.Store.Pushes.AddHold(ctx, hold); err != nil {
		return err
	}
	return printHolds(ctx, a, out, hold.Code, false)
}

type holdList struct {
	Code  string `arg:"" optional:"" help:"ODS code. Default: every profile."`
	Ended bool   `help:"Also those that have ended."`
}

func (c *holdList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	if c.Code == "" {
		if err := a.Open(ctx); err != nil {
			return err
		}
		return printHolds(ctx, a, out, "", c.Ended)
	}
	code, err := commands.OpenForOrganisation(ctx, a, c.Code)
	if err != nil {
		return err
	}
	return printHolds(ctx, a, out, code, c.Ended)
}

func printHolds(ctx context.Context, a *wiring.App, out *commands.Printer, code profile.ODSCode, ended bool) error {
	holds, err := a.Store.Pushes.Holds(ctx, code, a.Today(), ended)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(holds))
	for _, h := range holds {
		until := h.Until.String()
		switch {
		case !h.Removed.IsZero():
			until = "removed by " + h.RemovedBy
		case until == "":
			until = "removed"
		}
		rows = append(rows, []string{strconv.FormatInt(h.ID, 10), h.Code.String(), h.Name, h.Field + h.Sink, until, h.Reason, h.Actor})
	}
	out.Print(holds, "HOLD | CODE | NAME | WHAT | UNTIL | REASON | BY", rows)
	return nil
}

type holdRemove struct {
	ID    int64  `arg:"" name:"hold" help:"The hold's number."`
	Actor string `placeholder:"NAME" help:"Who removes it. Default: the operating-system user."`
}

func (c *holdRemove) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	if err := a.Open(ctx); err != nil {
		return err
	}
	if err := a.Store.Pushes.RemoveHold(ctx, c.ID, commands.ActorOr(c.Actor)); err != nil {
		return err
	}
	a.Sayf("hold %d has ended", c.ID)
	if out.JSON() {
		out.Print(map[string]any{"hold": c.ID, "state": "ended"}, "", nil)
	}
	return nil
}
