package commands

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// This file is about rehearsals: listings of a day to come (reconcile/RULES.md "Rehearsals").

// checkRehearsal refuses a rehearsal of anything but listings in files.
func (c *Plan) checkRehearsal() error {
	if c.rehearse = c.Rehearse; !c.Rehearse {
		return nil
	}
	switch {
	case len(c.Files) == 0:
		return Usage(errors.New("--rehearse needs --files: a register gives what it says today"))
	case c.Source != string(profile.SourceODS):
		return Usage(errors.New("--rehearse and --source ers cannot be used together: e-RS has no listings"))
	case len(c.ODS) > 0:
		return Usage(errors.New("--rehearse and --ods cannot be used together: a rehearsal is of a complete listing"))
	}
	return nil
}

// comingDayOf returns the day to come that the listing in a file speaks of.
func (f scopeFlags) comingDayOf(path string, today profile.Date) (day profile.Date, err error) {
	if f.AsOf != "" {
		day, err = profile.ParseDate(f.AsOf)
	} else {
		day, err = ods.DayOf(path)
	}
	switch {
	case err != nil:
		return day, fmt.Errorf("the day of a rehearsal: %w; give it with --as-of", err)
	case day.IsZero():
		return day, fmt.Errorf("--rehearse needs the day of %s: give it with --as-of", filepath.Base(path))
	case !day.After(today):
		return day, fmt.Errorf("--rehearse: %s is not a day to come (today is %s); plan it without --rehearse", day, today)
	default:
		return day, nil
	}
}

// rehearsed shows what of a rehearsal can be approved ahead, and what of it was.
func (c *runsWaiting) rehearsed(ctx context.Context, a *wiring.App, out *Printer, selection runs.Selection) error {
	if _, err := a.Store.Plans.Rehearsal(ctx, c.Plan); err != nil {
		return err
	}
	rows, err := a.Store.Plans.Rehearsed(ctx, c.Plan, selection)
	if err != nil {
		return err
	}
	boards, err := a.BoardNames(ctx)
	if err != nil {
		return err
	}
	left, digest := len(planstore.Undecided(rows)), planstore.Digest(rows)
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
	if selection.Digest = c.Digest; c.Digest == "" {
		return Usage(fmt.Errorf("--plan needs --digest, as `profilesync runs waiting --plan %s` prints it", c.Plan))
	}
	if err := a.Open(ctx); err != nil {
		return err
	}
	rehearsal, err := a.Store.Plans.Rehearsal(ctx, c.Plan)
	if err != nil {
		return err
	}
	span, err := c.span(rehearsal, a.Today())
	if err != nil {
		return Usage(err)
	}
	approval := runs.Run{Actor: ActorOr(c.Actor), OSUser: osUser()}
	if a.Settings.ApprovalByAnother {
		if err := runs.ByAnother(rehearsal, approval); err != nil {
			return err
		}
	}
	rows, err := a.Store.Plans.Approve(ctx, planstore.Approval{
		Plan: c.Plan, Selection: selection, Span: span, Actor: approval.Actor, OSUser: approval.OSUser,
	})
	if err != nil {
		return err
	}
	out.printAhead("approved ahead", ahead{Plan: c.Plan, Changes: rows, First: span.First, Last: span.Last, By: approval.Actor})
	return nil
}

func (c *runsApprove) span(rehearsal runs.Run, today profile.Date) (span runs.Span, err error) {
	span.First = rehearsal.AsOf
	if c.From != "" {
		if span.First, err = profile.ParseDate(c.From); err != nil {
			return span, fmt.Errorf("--from: %w", err)
		}
	}
	if c.Until == "" {
		return span, errors.New("--plan needs --until: the last day for which it is approved")
	}
	if span.Last, err = profile.ParseDate(c.Until); err != nil {
		return span, fmt.Errorf("--until: %w", err)
	}
	return span, span.Check(today)
}

// withdraw takes back what was approved of a rehearsal ahead.
func (c *runsReject) withdraw(ctx context.Context, a *wiring.App, out *Printer) error {
	selection, err := c.selection()
	if err != nil {
		return err
	}
	if err := a.Open(ctx); err != nil {
		return err
	}
	if _, err := a.Store.Plans.Rehearsal(ctx, c.Plan); err != nil {
		return err
	}
	rows, err := a.Store.Plans.Withdraw(ctx, c.Plan, selection, ActorOr(c.Actor))
	if err != nil {
		return err
	}
	out.printAhead("no longer approved", ahead{Plan: c.Plan, Changes: rows, By: ActorOr(c.Actor)})
	return nil
}

// ahead is a decision on changes of a rehearsal.
type ahead struct {
	Plan    runs.PlanID  `json:"plan"`
	Changes int          `json:"changes"`
	First   profile.Date `json:"first_day,omitzero"`
	Last    profile.Date `json:"last_day,omitzero"`
	By      string       `json:"by"`
}

func (out *Printer) printAhead(what string, d ahead) {
	rows := [][]string{{what, fmt.Sprintf("%d changes of %s, by %s", d.Changes, d.Plan, d.By)}}
	if !d.Last.IsZero() {
		rows = append(rows, []string{"for listings of", fmt.Sprintf("%s to %s", d.First, d.Last)})
	}
	out.Print(d, "", rows)
}
