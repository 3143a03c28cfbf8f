package commands

import (
	"context"
	"fmt"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// This file is about rehearsals: listings of a day to come (reconcile/RULES.md "Rehearsals").

// rehearsed shows what of a rehearsal can be approved ahead, and what of it was.
func (c *runsWaiting) rehearsed(ctx context.Context, a *wiring.App, out *Printer, selection runs.Selection) error {
	ctx, does := Acting(ctx, a, "")
	rows, left, digest, err := does.Rehearsed(ctx, c.Plan, selection)
	if err != nil {
		return err
	}
	boards, err := does.BoardNames(ctx)
	if err != nil {
		return err
	}
	if out.json {
		out.Print(struct {
			Waiting int    `json:"waiting"`
			Digest  string `json:"digest"`
		}{left, digest}, "", nil)
		for _, row := range rows {
			out.Print(row, "", nil)
		}
		return nil
	}
	runtext.WriteGroups(out.to, runtext.RehearsedGroups(rows, boards, c.All))
	if left == 0 {
		_, _ = fmt.Fprintln(out.to, "nothing is left that can be approved ahead")
		return nil
	}
	_, _ = fmt.Fprintf(out.to, "%d changes can be approved ahead; digest %s\n", left, digest)
	return nil
}

// approveAhead approves what is selected of a rehearsal for a span of days.
func (c *runsApprove) approveAhead(ctx context.Context, a *wiring.App, out *Printer) error {
	selection, err := c.selection()
	if err != nil {
		return err
	}
	selection.Digest = c.Digest
	request := actions.AheadRequest{Plan: c.Plan, Selection: selection}
	if request.Span.First, err = dayFlag("--from", c.From); err != nil {
		return err
	}
	if request.Span.Last, err = dayFlag("--until", c.Until); err != nil {
		return err
	}
	ctx, does := Acting(ctx, a, c.Actor)
	done, err := does.ApproveAhead(ctx, request)
	if err == nil {
		out.printAhead("approved ahead", done)
	}
	return err
}

// withdraw takes back what was approved of a rehearsal ahead.
func (c *runsReject) withdraw(ctx context.Context, a *wiring.App, out *Printer) error {
	selection, err := c.selection()
	if err != nil {
		return err
	}
	ctx, does := Acting(ctx, a, c.Actor)
	done, err := does.WithdrawAhead(ctx, c.Plan, selection)
	if err == nil {
		out.printAhead("no longer approved", done)
	}
	return err
}

func (out *Printer) printAhead(what string, d actions.Ahead) {
	rows := [][]string{{what, fmt.Sprintf("%d changes of %s, by %s", d.Changes, d.Plan, d.By)}}
	if !d.Last.IsZero() {
		rows = append(rows, []string{"for listings of", fmt.Sprintf("%s to %s", d.First, d.Last)})
	}
	out.Print(d, "", rows)
}
