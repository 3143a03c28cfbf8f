package pushcommands

import (
	"context"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
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
	hold := actions.Hold{Reason: c.Reason}
	var err error
	if c.Field != "" {
		hold.Field, err = profile.ParseField(c.Field)
	} else {
		hold.Sink, err = push.ParseSink(c.Sink)
	}
	if err != nil {
		return commands.Usage(err)
	}
	if hold.Until, err = profile.ParseDate(c.Until); err != nil {
		return commands.Usagef("--until: %w", err)
	}
	if hold.Code, err = commands.OpenForOrganisation(ctx, a, c.Code); err != nil {
		return err
	}
	ctx, does := commands.Acting(ctx, a, c.Actor)
	if _, err = does.AddHold(ctx, hold); err != nil {
		return err
	}
	return printHolds(ctx, does, out, hold.Code, false)
}

type holdList struct {
	Code  string `arg:"" optional:"" help:"ODS code. Default: every profile."`
	Ended bool   `help:"Also those that have ended."`
}

func (c *holdList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	var code profile.ODSCode
	if c.Code != "" {
		var err error
		if code, err = commands.OpenForOrganisation(ctx, a, c.Code); err != nil {
			return err
		}
	}
	ctx, does := commands.Acting(ctx, a, "")
	return printHolds(ctx, does, out, code, c.Ended)
}

func printHolds(ctx context.Context, does commands.Doer, out *commands.Printer, code profile.ODSCode, ended bool) error {
	holds, err := does.Holds(ctx, code, ended)
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
	ctx, does := commands.Acting(ctx, a, c.Actor)
	if err := does.RemoveHold(ctx, c.ID); err != nil {
		return err
	}
	a.Sayf("hold %d has ended", c.ID)
	if out.JSON() {
		out.Print(map[string]any{"hold": c.ID, "state": "ended"}, "", nil)
	}
	return nil
}
