package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

type holdCmd struct {
	Add    holdAddCmd    `cmd:"" help:"Freeze a field of a profile, or a profile for a sink."`
	List   holdListCmd   `cmd:"" help:"List the holds that stand."`
	Remove holdRemoveCmd `cmd:"" help:"End a hold before its time."`
}

type holdAddCmd struct {
	Code   string `arg:"" help:"ODS code."`
	Field  string `xor:"what" required:"" placeholder:"FIELD" help:"The field: no register changes it, no push sends it."`
	Sink   string `xor:"what" required:"" placeholder:"SINK" help:"The sink that is not pushed to: dos or website."`
	Until  string `placeholder:"YYYY-MM-DD" help:"The last day. Without it the hold stands until it is removed."`
	Reason string `required:"" help:"Why, for those who will find it."`
	Actor  string `placeholder:"NAME" help:"Who holds it. Default: the operating-system user."`
}

// Help is shown by --help.
func (*holdAddCmd) Help() string {
	return `A held field keeps its value here, and what the sinks show of it stays as it is. A profile held
for a sink is not pushed there; it catches up by itself when the hold ends. Plans, pushes and
drift checks honour holds.`
}

func (c *holdAddCmd) Run(ctx context.Context, a *app) error {
	hold := postgres.Hold{Field: c.Field, Sink: c.Sink, Reason: c.Reason, Actor: actorOr(c.Actor)}
	var err error
	if c.Field != "" {
		_, err = profile.ParseField(c.Field)
	} else {
		_, err = push.ParseSink(c.Sink)
	}
	if err != nil {
		return exitError{exitUsage, err.Error()}
	}
	if hold.Until, err = profile.ParseDate(c.Until); err != nil {
		return exitError{exitUsage, "--until: " + err.Error()}
	}
	if !hold.Until.IsZero() && hold.Until.Before(a.today()) {
		return exitError{exitUsage, fmt.Sprintf("--until %s: that day is over", hold.Until)}
	}
	if hold.Code, err = a.openFor(ctx, c.Code); err != nil {
		return err
	}
	if hold.ID, err = a.store.AddHold(ctx, hold); err != nil {
		return err
	}
	return printHolds(ctx, a, hold.Code, false)
}

func actorOr(named string) string {
	if named == "" {
		return osUser()
	}
	return named
}

type holdListCmd struct {
	Code  string `arg:"" optional:"" help:"ODS code. Default: every profile."`
	Ended bool   `help:"Also those that have ended."`
}

func (c *holdListCmd) Run(ctx context.Context, a *app) error {
	if c.Code == "" {
		if err := a.open(ctx); err != nil {
			return err
		}
		return printHolds(ctx, a, "", c.Ended)
	}
	code, err := a.openFor(ctx, c.Code)
	if err != nil {
		return err
	}
	return printHolds(ctx, a, code, c.Ended)
}

func printHolds(ctx context.Context, a *app, code profile.ODSCode, ended bool) error {
	holds, err := a.store.Holds(ctx, code, a.today(), ended)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(holds))
	for _, h := range holds {
		if a.json {
			a.print(h, "", nil)
		}
		until := h.Until.String()
		switch {
		case !h.Removed.IsZero():
			until = "removed by " + h.RemovedBy
		case until == "":
			until = "removed"
		}
		rows = append(rows, []string{strconv.FormatInt(h.ID, 10), h.Code.String(), h.Name, h.Field + h.Sink, until, h.Reason, h.Actor})
	}
	if !a.json {
		a.print(nil, "HOLD | CODE | NAME | WHAT | UNTIL | REASON | BY", rows)
	}
	return nil
}

type holdRemoveCmd struct {
	ID    int64  `arg:"" name:"hold" help:"The hold's number."`
	Actor string `placeholder:"NAME" help:"Who removes it. Default: the operating-system user."`
}

func (c *holdRemoveCmd) Run(ctx context.Context, a *app) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	if err := a.store.RemoveHold(ctx, c.ID, actorOr(c.Actor)); err != nil {
		return err
	}
	a.sayf("hold %d has ended", c.ID)
	return nil
}
