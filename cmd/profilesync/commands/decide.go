package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// selectionFlags select from what waits for a decision.
type selectionFlags struct {
	ID     runs.ID     `arg:"" optional:"" name:"run" either:"what" help:"The run that withheld it. Default: every run."`
	Plan   runs.PlanID `either:"what" placeholder:"PLAN" help:"Of this rehearsal, instead of a run (profilesync plan --rehearse)."`
	Report string      `enum:"${run_reports}," default:"" placeholder:"REPORT" help:"Only of this report."`
	Reason string      `enum:"${reasons}," default:"" placeholder:"REASON" help:"Only what was withheld for this reason."`
	Field  string      `enum:"${fields}," default:"" placeholder:"FIELD" help:"Only this field, and those that go with it; status: removals."`
	Type   string      `enum:"${types}," default:"" placeholder:"TYPE" help:"Only profiles of this type."`
	Region string      `placeholder:"CODE" help:"Only profiles of this region."`
	ICB    string      `name:"icb" placeholder:"CODE" help:"Only profiles of this integrated care board."`
	Code   []string    `placeholder:"CODE" help:"Only these organisations; repeat or separate with commas."`
}

func (f selectionFlags) selection() (runs.Selection, error) {
	if f.Plan != 0 && f.ID != 0 {
		return runs.Selection{}, Usage(errors.New("--plan and a run cannot be used together"))
	}
	codes, err := ParseCodes(f.Code)
	if err != nil {
		return runs.Selection{}, err
	}
	selection := runs.Selection{Run: f.ID, Report: f.Report, Region: f.Region, ICB: f.ICB, Codes: codes}
	for _, flag := range []struct {
		name, value string
		parse       func(string) error
	}{
		{"report", f.Report, wiring.CheckReport},
		{"reason", f.Reason, func(s string) (err error) { selection.Reason, err = runs.ParseWithheldReason(s); return err }},
		{"type", f.Type, func(s string) (err error) { selection.Type, err = profile.ParseOrgType(s); return err }},
		{"field", f.Field, func(s string) error {
			field, err := profile.ParseField(s)
			selection.Fact = field.Fact().String()
			return err
		}},
	} {
		if flag.value == "" {
			continue
		}
		if err := flag.parse(flag.value); err != nil {
			return selection, Usagef("--%s: %w", flag.name, err)
		}
	}
	return selection, nil
}

// requireKnown returns an error for a region or board of no profile, where nothing was
// selected.
func (f selectionFlags) requireKnown(ctx context.Context, a *wiring.App) error {
	return cmp.Or(RequireArea(ctx, a, "region", f.Region), RequireArea(ctx, a, "icb", f.ICB))
}

// orUnknown returns the error of a decision, or what is wrong with its flags: of an
// unknown region nothing waits.
func (f selectionFlags) orUnknown(ctx context.Context, a *wiring.App, err error) error {
	if actions.KindOf(err) != actions.Conflict {
		return err
	}
	return cmp.Or(f.requireKnown(ctx, a), err)
}

type runsWaiting struct {
	selectionFlags

	All bool `help:"Every change; otherwise those of the first 20 profiles of each kind."`
}

// Help is shown by --help.
func (*runsWaiting) Help() string {
	return `No run applies what waits: it waits until a person approves or rejects it, the register says
something else, or the profile says it already. The digest printed at the end stands for exactly the
changes selected: give it to runs approve --digest, and nothing else is approved.

With --plan, what a rehearsal would withhold and can be approved ahead, and what of it was: missing
marks cannot, nor can what a person has undone before.`
}

func (c *runsWaiting) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	selection, err := c.selection()
	if err != nil {
		return err
	}
	if c.Plan != 0 {
		return c.rehearsed(ctx, a, out, selection)
	}
	ctx, does := Acting(ctx, a, "")
	waiting, digest, err := does.Waiting(ctx, selection)
	if err == nil && len(waiting) == 0 {
		err = c.requireKnown(ctx, a)
	}
	if err != nil {
		return err
	}
	boards, err := does.BoardNames(ctx)
	if err != nil {
		return err
	}
	out.printWaiting(waiting, digest, boards, c.All)
	return nil
}

// printWaiting prints what waits, kind by kind, and its digest.
func (out *Printer) printWaiting(waiting []runstore.WaitingRow, digest string, boards runtext.Boards, all bool) {
	if out.json {
		out.Print(struct {
			Waiting int    `json:"waiting"`
			Digest  string `json:"digest"`
		}{len(waiting), digest}, "", nil)
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
	_, _ = fmt.Fprintf(out.to, "%d changes wait; digest %s\n", len(waiting), digest)
}

// deciderFlags say on what a decision is made, and by whom.
type deciderFlags struct {
	selectionFlags

	All   bool   `either:"what" help:"Everything that waits, of every run. Without it, a run or another selection is needed."`
	Actor string `placeholder:"NAME" help:"Who decides, for the audit. Default: the operating-system user."`
}

// decision is what the flags say.
func (f deciderFlags) decision() (actions.Decision, error) {
	selection, err := f.selection()
	return actions.Decision{Selection: selection, All: f.All, Wait: true}, err
}

type runsApprove struct {
	deciderFlags

	Digest string `placeholder:"DIGEST" help:"Approve only if exactly this waits, as runs waiting printed it."`
	From   string `placeholder:"YYYY-MM-DD" help:"With --plan: the first day for which it is approved. Default: the day of the rehearsal."`
	Until  string `placeholder:"YYYY-MM-DD" help:"With --plan: the last day for which it is approved."`
}

// Help is shown by --help.
func (*runsApprove) Help() string {
	return `What waits is planned again from the stored records, as of its run's own day. Rows that would
now do something else are left out and listed; they go on waiting. The approval is a separate run for
each run decided on, which can be undone.

With --plan, changes of a rehearsal are approved ahead, for runs whose listing is of a day from --from
until --until. Such a run applies, once, what is the same by then: the whole field with those that go
together with it, its old value and its new one. Anything else is measured together with it, and waits.

  profilesync runs approve --plan P12 --digest DIGEST --from 2026-04-09 --until 2026-04-20`
}

func (c *runsApprove) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	if c.Plan != 0 {
		return c.approveAhead(ctx, a, out)
	}
	if c.From != "" || c.Until != "" {
		return Usage(errors.New("--from and --until are for what is approved ahead: give --plan"))
	}
	return c.approve(ctx, a, out)
}

func (c *runsApprove) approve(ctx context.Context, a *wiring.App, out *Printer) error {
	decision, err := c.decision()
	if err != nil {
		return err
	}
	decision.Digest = c.Digest
	ctx, does := Acting(ctx, a, c.Actor)
	var summaries []runs.Summary
	err = WithProgress(a, does, func() (err error) { summaries, err = does.Approve(ctx, decision); return err })
	for _, summary := range summaries {
		out.printSummary(summary)
	}
	if err != nil {
		return c.orUnknown(ctx, a, err)
	}
	if err := exitOf(a, summaries); err != nil {
		return err
	}
	return exitOfApprovals(ctx, does, summaries)
}

// exitOfApprovals says which approvals applied nothing: all that they were to apply
// was left out.
func exitOfApprovals(ctx context.Context, does Doer, approvals []runs.Summary) error {
	for _, s := range approvals {
		nothing, err := does.AppliedNothing(ctx, s)
		if err != nil {
			return err
		}
		if nothing {
			return ExitError{ExitAwaits, fmt.Sprintf("run %s applied nothing: all %d changes were left out", s.Run, len(s.LeftOut))}
		}
	}
	return nil
}

type runsReject struct{ deciderFlags }

// Help is shown by --help.
func (*runsReject) Help() string {
	return `With --plan, what was approved of a rehearsal ahead, and no run has used, is approved no longer.`
}

func (c *runsReject) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	if c.Plan != 0 {
		return c.withdraw(ctx, a, out)
	}
	decision, err := c.decision()
	if err != nil {
		return err
	}
	ctx, does := Acting(ctx, a, c.Actor)
	rejected, err := does.Reject(ctx, decision)
	for _, r := range rejected {
		if r.Rows > 0 {
			a.Sayf("%d changes are not proposed again until the register's data changes", r.Rows)
		} else {
			a.Sayf("the short listing of run %s is rejected; the next one is measured against the same as this one was", r.Summary.Run)
		}
		out.printSummary(r.Summary)
	}
	if err != nil {
		return c.orUnknown(ctx, a, err)
	}
	return nil
}
