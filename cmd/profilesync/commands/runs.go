package commands

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Runs shows runs, approves or rejects what they withheld, and undoes them.
type Runs struct {
	List    runsList    `cmd:"" help:"List runs, the newest first."`
	Show    runsShow    `cmd:"" help:"Show a run with every change, before and after."`
	Waiting runsWaiting `cmd:"" help:"List what runs withheld and nobody has decided on yet."`
	Approve runsApprove `cmd:"" help:"Apply exactly what runs withheld, or a part of it."`
	Reject  runsReject  `cmd:"" help:"Reject what runs withheld, or a part: it is not proposed again until the register's data changes."`
	Undo    runsUndo    `cmd:"" help:"Revert exactly what a run applied, except what was edited since."`
	Cancel  runsCancel  `cmd:"" help:"Cancel a run that is still queued."`
}

type runsList struct {
	Most int `default:"20" help:"How many at most."`
}

// runLine is one row of the list.
type runLine struct {
	runs.Summary

	At      time.Time `json:"at"`
	Ended   time.Time `json:"ended_at,omitzero"`
	Kind    runs.Kind `json:"kind"`
	Parent  runs.ID   `json:"parent,omitzero"` // the run that it approves or undoes
	Changed int       `json:"changed"`         // profiles
	By      string    `json:"by"`
}

func (c *runsList) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	ctx, does := Acting(ctx, a, "")
	listed, err := does.Runs(ctx, runstore.RunFilter{Most: c.Most})
	if err != nil {
		return err
	}
	lines := make([]runLine, 0, len(listed))
	rows := make([][]string, 0, len(listed))
	for _, r := range listed {
		ch := r.Summary.Changes
		changed := ch.Create + ch.Update + ch.Close + ch.Reopen + ch.Dormant
		lines = append(lines, runLine{r.Summary, r.CreatedAt, r.EndedAt, r.Kind, r.Parent, changed, r.Actor})
		rows = append(rows, []string{
			r.ID.String(), r.CreatedAt.In(profile.London()).Format(time.DateTime), kindOf(r.Run), r.Report, r.AsOf.String(),
			string(r.State), strconv.Itoa(changed), r.Actor,
		})
	}
	out.Print(lines, "RUN | AT | KIND | REPORT | AS OF | STATE | CHANGED | BY", rows)
	return nil
}

func kindOf(r runs.Run) string {
	if r.Parent != 0 {
		return fmt.Sprintf("%s of %d", r.Kind, r.Parent)
	}
	return string(r.Kind)
}

type runsShow struct {
	ID       runs.ID `arg:"" name:"run" help:"The run's number."`
	Withheld bool    `help:"Only what was withheld."`
	Most     int     `default:"500" help:"How many changes at most."`
	Changes  bool    `help:"With --format json: print the changes too, one object per line."`
}

// plannedRow is one change of a run.
type plannedRow struct {
	runstore.Planned

	Fate string `json:"fate"` // in words
}

func (c *runsShow) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	ctx, does := Acting(ctx, a, "")
	run, err := does.Run(ctx, c.ID)
	if err != nil {
		return err
	}
	out.printSummary(run.Summary)
	if out.json && !c.Changes {
		return nil
	}
	planned, more, err := does.RunRows(ctx, c.ID, c.Withheld, c.Most)
	if err != nil {
		return err
	}
	defer func() {
		if more > 0 {
			a.Sayf("and %d more: --most %d shows all", more, more+len(planned))
		}
	}()
	if out.json {
		for _, p := range planned {
			out.Print(plannedRow{p, p.Fate()}, "", nil)
		}
		return nil
	}
	if len(planned) == 0 {
		return nil
	}
	out.Gap()
	rows := make([][]string, 0, len(planned))
	for _, p := range planned {
		field, before, after := runtext.Change(p.Field, p.Old, p.Shown())
		rows = append(rows, []string{p.Code.String(), string(p.Verb), field, before, after, string(p.Reason), p.Fate()})
	}
	out.Print(nil, "CODE | DOES | FIELD | BEFORE | AFTER | WHY | FATE", rows)
	return nil
}

// decisionFlags say which run is decided on, and by whom.
type decisionFlags struct {
	ID    runs.ID `arg:"" name:"run" help:"The run's number."`
	Actor string  `placeholder:"NAME" help:"Who decides, for the audit. Default: the operating-system user."`
}

type runsCancel struct {
	ID    runs.ID `arg:"" name:"run" help:"The run's number."`
	Actor string  `placeholder:"NAME" help:"Who cancels it. Default: the operating-system user."`
}

// Help is shown by --help.
func (*runsCancel) Help() string {
	return `A run that has begun is not interrupted: wait for it, then undo it. A cancelled run has the
state failed.`
}

func (c *runsCancel) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	ctx, does := Acting(ctx, a, c.Actor)
	run, err := does.CancelRun(ctx, c.ID)
	if err != nil {
		return err
	}
	out.printSummary(run.Summary)
	return nil
}
