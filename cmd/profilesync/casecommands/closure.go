package casecommands

import (
	"context"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Closure is about places that have closed although the register says that they are open.
type Closure struct {
	List     closureList     `cmd:"" help:"List the places that somebody said have closed, the newest first."`
	Say      closureSay      `cmd:"" help:"Note a board's word that a place has closed: a case opens."`
	Confirm  closureConfirm  `cmd:"" help:"Confirm it: the profile is hidden, and sinks are told that it is closed."`
	TakeBack closureTakeBack `cmd:"" name:"take-back" help:"Take back what was said and confirmed: sinks are told what the register says."`
}

type closureList struct {
	Code  string `placeholder:"CODE" help:"Only this organisation."`
	State string `enum:",said,confirmed,taken-back" default:"" placeholder:"STATE" help:"Only these: said, confirmed or taken-back."`
	All   bool   `help:"With those that were taken back."`
	Most  int    `default:"200" help:"How many at most."`
}

func (c *closureList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	var code profile.ODSCode
	if c.Code != "" {
		var err error
		if code, err = profile.ParseODSCode(c.Code); err != nil {
			return commands.Usage(err)
		}
	}
	ctx, does := commands.Acting(ctx, a, "")
	state := casestore.ClosureState(c.State)
	filter := casestore.ClosureFilter{Code: code, State: state, TakenBack: c.All || state == casestore.ClosureTakenBack, Most: c.Most}
	found, err := does.Closures(ctx, filter)
	if err != nil {
		return err
	}
	rows := make([][]string, len(found))
	for i, l := range found {
		by, since := l.Last()
		rows[i] = []string{
			l.Code.String(), string(l.State), commands.LondonTime(since), by, columns.OneLine(l.Successor.String()), string(l.Status),
			columns.OneLine(l.Reason),
		}
	}
	out.Print(found, "CODE | STATE | SINCE | BY | FOLLOWED BY | REGISTER | WHY", rows)
	return nil
}

// closureStep is what every step of a closure says.
type closureStep struct {
	Code   string `arg:"" help:"ODS code."`
	Reason string `required:"" placeholder:"TEXT" help:"Why: who says so, and since when; for the audit."`
	Actor  string `placeholder:"NAME" help:"Who says so. Default: the operating-system user."`
}

type closureSay struct{ closureStep }

func (c *closureSay) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	step, err := c.step()
	if err != nil {
		return err
	}
	ctx, does := commands.Acting(ctx, a, c.Actor)
	stands, err := does.SayClosed(ctx, step)
	if err == nil {
		printClosure(out, stands)
	}
	return err
}

type closureConfirm struct {
	closureStep

	Successor string `placeholder:"CODE" help:"The place that follows it, by its ODS code. Default: the one that the register names."`
}

// Help is shown by --help.
func (*closureConfirm) Help() string {
	return `The profile's status stays as the register has it. A case reminds the register's desk every week until
the register agrees, or until the closure is taken back.`
}

func (c *closureConfirm) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	var successor profile.ODSCode
	if c.Successor != "" {
		var err error
		if successor, err = profile.ParseODSCode(c.Successor); err != nil {
			return commands.Usagef("--successor: %w", err)
		}
	}
	step, err := c.step()
	if err != nil {
		return err
	}
	ctx, does := commands.Acting(ctx, a, c.Actor)
	step.Successor = successor
	stands, err := does.ConfirmClosed(ctx, step)
	if err == nil {
		printClosure(out, stands)
	}
	return err
}

type closureTakeBack struct{ closureStep }

func (c *closureTakeBack) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	step, err := c.step()
	if err != nil {
		return err
	}
	ctx, does := commands.Acting(ctx, a, c.Actor)
	was, err := does.TakeClosedBack(ctx, step)
	if err != nil {
		return err
	}
	printClosure(out, was)
	a.Sayf("taken back: sinks are told what the register says")
	return nil
}

// step is the step that was asked for.
func (c *closureStep) step() (actions.ClosureStep, error) {
	code, err := profile.ParseODSCode(c.Code)
	if err != nil {
		return actions.ClosureStep{}, commands.Usage(err)
	}
	return actions.ClosureStep{Code: code, Reason: c.Reason}, nil
}

// printClosure prints what stands about a closure.
func printClosure(out *commands.Printer, c casestore.Closure) {
	rows := [][]string{{"closure", c.Code.String()}, {"said", commands.LondonTime(c.Said) + " by " + c.SaidBy}}
	if !c.Confirmed.IsZero() {
		rows = append(rows, []string{"confirmed", commands.LondonTime(c.Confirmed) + " by " + c.ConfirmedBy})
	}
	if c.Successor != "" {
		rows = append(rows, []string{"follows", c.Successor.String()})
	}
	out.Print(c, "", append(rows, []string{"reason", c.Reason}))
}
