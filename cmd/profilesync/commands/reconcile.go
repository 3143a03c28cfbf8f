package commands

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Reconcile brings the profiles in line with a register.
type Reconcile struct {
	scopeFlags
	Plan runs.PlanID `either:"what" placeholder:"PLAN" help:"Apply exactly what this plan shows (profilesync plan), or refuse."`
	Wait bool        `help:"Wait for the result. A running daemon does the work; if there is none, this command does."`
}

// Help is shown by --help.
func (*Reconcile) Help() string {
	return `Each listing is one run. Changes are applied; what looks wrong is withheld and waits
for "profilesync runs approve" (exit code 3). A closure must be seen on two different days.
Without --files, the reports of PROFILESYNC_ODS_REPORTS are pulled; what is pulled is for today.
No date after today is accepted.

  profilesync reconcile --wait
  profilesync reconcile --report epraccur --wait
  profilesync reconcile --files edispensary_2025-04-10.csv --as-of 2025-04-10 --wait
  profilesync reconcile --ods FA002 FA007 --wait
  profilesync reconcile --plan P12 --wait

A plan is applied once. If what would be done is no longer what the plan shows, the run is
refused, nothing is changed, and the differences are shown. What the plan pulled is pulled
again; the file it was made from is kept with it for a week.

The ICB and region of GP practices follow from their commissioners, by the report eccg. It is
pulled before each listing; without a network, load it from a file:

  profilesync reconcile --files eccg_2025-12-29.csv`
}

// Run stores the files first: a daemon cannot see the caller's paths.
func (c *Reconcile) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	ctx, does := Acting(ctx, a, c.Actor)
	if c.Plan != 0 {
		return c.applyPlan(ctx, a, does, out)
	}
	return c.each(a, does, func(r actions.Request, shown func(actions.Outcome) error) error {
		return does.ReconcileEach(ctx, r, c.Wait, shown)
	}, func(o actions.Outcome) error { out.printSummary(o.Summary); return nil })
}

// applyPlan applies exactly what a plan shows.
func (c *Reconcile) applyPlan(ctx context.Context, a *wiring.App, does Doer, out *Printer) error {
	if other := c.given(); other != "" {
		return Usagef("--plan and %s cannot be used together: the plan says what is read", other)
	}
	var summary runs.Summary
	err := WithProgress(a, does, func() (err error) { summary, err = does.ReconcilePlan(ctx, c.Plan, c.Wait); return err })
	if err != nil {
		return err
	}
	out.printSummary(summary)
	return exitOf(a, []runs.Summary{summary})
}
