package commands

import (
	"context"
	"fmt"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/cmd/internal/visible"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Plan shows what a reconciliation would do, and keeps it (reconcile/RULES.md "Plans").
type Plan struct {
	scopeFlags

	Rehearse bool `help:"The listing is of a day to come: compare it with today's profiles. Such a plan is never applied."`

	All     bool `help:"Every change; otherwise those of the first 20 profiles of each kind."`
	Changes bool `help:"With --format json: print the changes too, one object per line."`
}

// Help is shown by --help.
func (*Plan) Help() string {
	return `The numbers are those of the run that would follow: it takes the same path, but stops before
anything is written. What is withheld comes first, and addresses with another postcode come before
those that are only written in another way.

The plan is kept for a week, with the file it was made from, under a number of its own: P12.
"profilesync reconcile --plan P12" applies exactly what it shows, or refuses.

  profilesync plan --files edispensary_2025-04-10.csv --as-of 2025-04-10

With --rehearse, the listing is of a day to come, as one that the register gives out before a merger of
boards. Nothing of it can be applied; but what it would withhold can be approved ahead, for a span of
days ("profilesync runs waiting --plan P12", "profilesync runs approve --plan P12"):

  profilesync plan --files etr_2027-04-01.csv --as-of 2027-04-01 --rehearse`
}

// Run plans, and shows what was planned. What is read is kept with the plans only.
func (c *Plan) Run(ctx context.Context, a *wiring.App, out *Printer) error {
	c.rehearse = c.Rehearse
	var load, apply []string
	ctx, does := Acting(ctx, a, c.Actor)
	err := c.each(a, does, func(r actions.Request, shown func(actions.Outcome) error) error {
		return does.PlanEach(ctx, r, shown)
	}, func(o actions.Outcome) error {
		s := o.Summary
		out.printSummary(s)
		if o.Reference && s.State == runs.RunDone && !c.Rehearse {
			load = append(load, fmt.Sprintf("--files %s --as-of %s", o.File, s.AsOf))
		}
		if s.Plan == 0 {
			return nil
		}
		if !s.Rehearsal {
			apply = append(apply, fmt.Sprintf("--plan %s --wait", s.Plan))
		}
		return c.printChanges(ctx, does, out, o)
	})
	if !out.json && len(apply) > 0 {
		for _, flags := range append(load, apply...) {
			_, _ = fmt.Fprintf(out.to, "next: profilesync reconcile %s\n", visible.Line(flags))
		}
	}
	return err
}

// printChanges prints the changes of a plan: kind by kind, or with JSON all of them
// in the order of their digest.
func (c *Plan) printChanges(ctx context.Context, does Doer, out *Printer, planned actions.Outcome) error {
	if out.json {
		return c.printObjects(ctx, does, out, planned.Summary.Plan)
	}
	most := runtext.GroupShown
	if c.All {
		most = 0
	}
	changes, err := does.PlanChanges(ctx, planned.Summary.Plan, most)
	if err != nil {
		return err
	}
	boards, err := planned.Boards(ctx)
	if err != nil {
		return err
	}
	out.Gap()
	runtext.WriteGroups(out.to, runtext.PlanGroups(changes, boards))
	return nil
}

func (c *Plan) printObjects(ctx context.Context, does Doer, out *Printer, plan runs.PlanID) error {
	if !c.Changes {
		return nil
	}
	for page, err := range does.WholePlan(ctx, plan) {
		if err != nil {
			return err
		}
		for _, change := range page {
			out.Print(change, "", nil)
		}
	}
	return nil
}
