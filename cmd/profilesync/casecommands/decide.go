package casecommands

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/profile"
)

type casesWait struct {
	ID     int64  `arg:"" name:"case" help:"Number of the case."`
	For    string `required:"" placeholder:"WHOM" help:"Whom or what it waits for, such as \"the board\" or \"the supplier's answer\"."`
	Until  string `required:"" placeholder:"YYYY-MM-DD" help:"The last day; then it is open again."`
	Reason string `placeholder:"TEXT" help:"Why, for people who come across it later."`
	Actor  string `placeholder:"NAME" help:"Who says so. Default: the operating-system user."`
}

func (c *casesWait) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	return decide(ctx, a, out, c.ID, c.Until, casestore.Decision{
		State: cases.Waiting, WaitsFor: c.For, Reason: c.Reason, Actor: commands.ActorOr(c.Actor),
	})
}

type casesSetAside struct {
	ID     int64  `arg:"" name:"case" help:"Number of the case."`
	Until  string `required:"" placeholder:"YYYY-MM-DD" help:"The last day; then it is open again."`
	Reason string `required:"" placeholder:"TEXT" help:"Why, for people who come across it later."`
	Actor  string `placeholder:"NAME" help:"Who sets it aside. Default: the operating-system user."`
}

func (c *casesSetAside) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	return decide(ctx, a, out, c.ID, c.Until, casestore.Decision{
		State: cases.SetAside, Reason: c.Reason, Actor: commands.ActorOr(c.Actor),
	})
}

type casesResume struct {
	ID    int64  `arg:"" name:"case" help:"Number of the case."`
	Actor string `placeholder:"NAME" help:"Who opens it. Default: the operating-system user."`
}

func (c *casesResume) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	return decide(ctx, a, out, c.ID, "", casestore.Decision{State: cases.Open, Actor: commands.ActorOr(c.Actor)})
}

// decide stores a decision, and prints what the case is then.
func decide(ctx context.Context, a *wiring.App, out *commands.Printer, id int64, until string, d casestore.Decision) error {
	d.WaitsFor, d.Reason = strings.TrimSpace(d.WaitsFor), strings.TrimSpace(d.Reason)
	if d.State == cases.Waiting && d.WaitsFor == "" || d.State == cases.SetAside && d.Reason == "" {
		return commands.Usagef("--for, --reason: say whom it waits for, or why it is set aside")
	}
	if until != "" {
		var err error
		if d.Until, err = profile.ParseDate(until); err != nil {
			return commands.Usagef("--until: %w", err)
		}
		if d.Until.Before(a.Today()) {
			return commands.Usagef("--until %s: that day has passed", d.Until)
		}
	}
	l, err := find(ctx, a, id)
	if err != nil {
		return err
	}
	if l.State == cases.Gone {
		return fmt.Errorf("case %d: what it was about has gone, so there is nothing to decide", id)
	}
	if err := a.Store.Cases.Decide(ctx, l, d); err != nil {
		return err
	}
	if l, err = find(ctx, a, id); err != nil {
		return err
	}
	out.Print(l, "", [][]string{{"case", strconv.FormatInt(id, 10)}, {"what", l.Title}, {"state", state(l)}})
	return nil
}
