package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// selectionFlags select from what waits for a decision.
type selectionFlags struct {
	ID     runs.ID  `arg:"" optional:"" name:"run" help:"The run that withheld it. Default: every run."`
	Report string   `placeholder:"REPORT" help:"Only of this report."`
	Reason string   `placeholder:"REASON" help:"Only what was withheld for this reason, as mass-change."`
	Field  string   `placeholder:"FIELD" help:"Only this field, with those that go together with it; status for removals."`
	Type   string   `placeholder:"TYPE" help:"Only profiles of this type."`
	Region string   `placeholder:"CODE" help:"Only profiles of this region."`
	ICB    string   `name:"icb" placeholder:"CODE" help:"Only profiles of this integrated care board."`
	Code   []string `placeholder:"CODE" help:"Only these organisations; repeat or separate with commas."`
}

func (f selectionFlags) selection() (runs.Selection, error) {
	codes, err := parseCodes(f.Code)
	selection := runs.Selection{
		Run: f.ID, Report: f.Report, Reason: runs.WithheldReason(f.Reason), Fact: f.Field, Type: profile.OrgType(f.Type),
		Region: f.Region, ICB: f.ICB, Codes: codes,
	}
	if f.Field == "" || err != nil {
		return selection, err
	}
	field, err := profile.ParseField(f.Field)
	if err != nil {
		return selection, usage(fmt.Errorf("--field: %w", err))
	}
	selection.Fact = field.Fact().String()
	return selection, nil
}

type runsWaiting struct {
	selectionFlags

	All bool `help:"Every change; otherwise those of the first 20 profiles of each kind."`
}

// Help is shown by --help.
func (*runsWaiting) Help() string {
	return `No run applies what waits: it waits until a person approves or rejects it, the register says
something else, or the profile says it already. The digest printed at the end stands for exactly the
changes selected: give it to runs approve --digest, and nothing else is approved.`
}

func (c *runsWaiting) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	selection, err := c.selection()
	if err != nil {
		return err
	}
	if err := a.Open(ctx); err != nil {
		return err
	}
	waiting, err := a.Store.Runs.Waiting(ctx, selection)
	if err != nil {
		return err
	}
	boards, err := a.BoardNames(ctx)
	if err != nil {
		return err
	}
	out.printWaiting(waiting, boards, c.All)
	return nil
}

// printWaiting prints what waits, kind by kind.
func (out *Printer) printWaiting(waiting []runstore.WaitingRow, boards runtext.Boards, all bool) {
	if out.json {
		for _, row := range waiting {
			out.Print(row, "", nil)
		}
		return
	}
	runtext.WriteGroups(out.to, runtext.WaitingGroups(waiting, boards, all))
	if len(waiting) == 0 {
		_, _ = fmt.Fprintln(out.to, "nothing waits for a decision")
		return
	}
	_, _ = fmt.Fprintf(out.to, "%d changes wait; digest %s\n", len(waiting), runstore.WaitingDigest(waiting))
}

// deciderFlags say on what a decision is made, and by whom.
type deciderFlags struct {
	selectionFlags

	All   bool   `help:"Everything that waits, of every run. Without it, a run or another selection is needed."`
	Actor string `placeholder:"NAME" help:"Who decides, for the audit. Default: the operating-system user."`
}

// parents returns the selection, and the runs whose changes it selects.
func (f deciderFlags) parents(ctx context.Context, a *wiring.App) (runs.Selection, []runs.Run, error) {
	selection, err := f.selection()
	if err != nil {
		return selection, nil, err
	}
	if f.ID == 0 && selection.Whole() && !f.All {
		return selection, nil, usage(errors.New("say what is decided on: a run, a selection as --field, or --all"))
	}
	if f.ID != 0 {
		run, err := decisionFlags{ID: f.ID}.decided(ctx, a)
		return selection, []runs.Run{run}, err
	}
	if err := a.Open(ctx); err != nil {
		return selection, nil, err
	}
	parents, err := undecided(ctx, a, selection)
	if err == nil && len(parents) == 0 {
		err = errors.New("nothing that is selected waits for a decision")
	}
	return selection, parents, err
}

// undecided returns the runs of which something selected waits.
func undecided(ctx context.Context, a *wiring.App, selection runs.Selection) (parents []runs.Run, err error) {
	waiting, err := a.Store.Runs.Waiting(ctx, selection)
	if err != nil {
		return nil, err
	}
	for _, row := range waiting { // in the order of their runs
		if row.Approved != 0 || len(parents) > 0 && parents[len(parents)-1].ID == row.Run {
			continue
		}
		run, err := a.Store.Runs.Run(ctx, row.Run)
		if err != nil {
			return nil, err
		}
		parents = append(parents, run)
	}
	return parents, nil
}

type runsApprove struct {
	deciderFlags

	Digest string `placeholder:"DIGEST" help:"Approve only if exactly this waits, as runs waiting printed it. Needs a run."`
}

// Help is shown by --help.
func (*runsApprove) Help() string {
	return `What waits is planned again from the stored records, as of its run's own day. Rows that would
now do something else are left out and listed; they go on waiting. The approval is a separate run for
each run decided on, which can be undone.`
}

func (c *runsApprove) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	if c.Digest != "" && c.ID == 0 {
		return usage(errors.New("--digest needs a run"))
	}
	selection, parents, err := c.parents(ctx, a)
	if err != nil {
		return err
	}
	selection.Digest = c.Digest
	var summaries []runs.Summary
	for _, parent := range parents {
		approval := runs.Run{
			Kind: runs.RunApprove, Source: parent.Source, Report: parent.Report, Parent: parent.ID, AsOf: parent.AsOf,
			Actor: ActorOr(c.Actor), OSUser: osUser(), Selection: selection,
		}
		if a.Settings.ApprovalByAnother {
			if err := runs.ByAnother(parent, approval); err != nil {
				return err
			}
		}
		summary, err := submit(ctx, a, approval, true)
		if err != nil {
			return err
		}
		out.printSummary(summary)
		summaries = append(summaries, summary)
	}
	return exitOf(a, summaries)
}

type runsReject struct{ deciderFlags }

func (c *runsReject) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	selection, parents, err := c.parents(ctx, a)
	if err != nil {
		return err
	}
	for _, parent := range parents {
		rows, err := a.Store.Runs.Reject(ctx, parent.ID, selection, ActorOr(c.Actor), osUser())
		if err != nil {
			return err
		}
		if rows > 0 {
			a.Sayf("%d changes are not proposed again until the register's data changes", rows)
		} else {
			a.Sayf("the short listing of run %d is rejected; the next one is measured against the same as this one was", parent.ID)
		}
		if parent, err = runWithDecisions(ctx, a, parent.ID); err != nil {
			return err
		}
		out.printSummary(parent.Summary)
	}
	return nil
}

// runWithDecisions returns a run, and in its summary what has become of what it
// withheld.
func runWithDecisions(ctx context.Context, a *wiring.App, id runs.ID) (run runs.Run, err error) {
	if run, err = a.Store.Runs.Run(ctx, id); err != nil {
		return run, err
	}
	run.Summary.Decisions, err = a.Store.Runs.Decisions(ctx, id)
	return run, err
}
