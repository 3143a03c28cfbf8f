package casecommands

import (
	"context"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/profile"
)

type casesWait struct {
	ID     int64  `arg:"" name:"case" help:"Number of the case."`
	For    string `required:"" placeholder:"WHOM" help:"Whom or what it waits for, such as \"the board\" or \"the supplier's answer\"."`
	Until  string `required:"" placeholder:"YYYY-MM-DD" help:"The last day; then it is open again."`
	Reason string `help:"Why, for people who come across it later."`
	Actor  string `placeholder:"NAME" help:"Who says so. Default: the operating-system user."`
}

func (c *casesWait) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	decision := actions.CaseDecision{State: cases.Waiting, WaitsFor: c.For, Reason: c.Reason}
	return decide(ctx, a, out, c.ID, c.Until, c.Actor, decision)
}

type casesSetAside struct {
	ID     int64  `arg:"" name:"case" help:"Number of the case."`
	Until  string `required:"" placeholder:"YYYY-MM-DD" help:"The last day; then it is open again."`
	Reason string `required:"" help:"Why, for people who come across it later."`
	Actor  string `placeholder:"NAME" help:"Who sets it aside. Default: the operating-system user."`
}

func (c *casesSetAside) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	return decide(ctx, a, out, c.ID, c.Until, c.Actor, actions.CaseDecision{State: cases.SetAside, Reason: c.Reason})
}

type casesResume struct {
	ID    int64  `arg:"" name:"case" help:"Number of the case."`
	Actor string `placeholder:"NAME" help:"Who opens it. Default: the operating-system user."`
}

func (c *casesResume) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	return decide(ctx, a, out, c.ID, "", c.Actor, actions.CaseDecision{State: cases.Open})
}

// decide stores a decision, and prints what the case is then.
func decide(ctx context.Context, a *wiring.App, out *commands.Printer, id int64, until, actor string, d actions.CaseDecision) error {
	var err error
	if d.Until, err = profile.ParseDate(until); err != nil {
		return commands.Usagef("--until: %w", err)
	}
	ctx, does := commands.Acting(ctx, a, actor)
	l, err := does.DecideCase(ctx, id, d)
	if err != nil {
		return err
	}
	out.Print(l, "", [][]string{{"case", strconv.FormatInt(id, 10)}, {"what", l.Title}, {"state", state(l)}})
	return nil
}
