package remote

import (
	"context"
	"fmt"
	"net/url"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// selection selects from what waits.
type selection struct {
	Report string            `json:"report,omitempty"`
	Reason string            `json:"reason,omitempty"`
	Field  string            `json:"field,omitempty"`
	Type   string            `json:"type,omitempty"`
	Region string            `json:"region,omitempty"`
	ICB    string            `json:"icb,omitempty"`
	Codes  []profile.ODSCode `json:"codes,omitempty"`
	Run    runs.ID           `json:"run,omitempty"`
	Digest string            `json:"digest,omitempty"`
	All    bool              `json:"all,omitempty"`
	First  string            `json:"first_day,omitempty"`
	Last   string            `json:"last_day,omitempty"`
}

// selectionOf is a selection as the API wants it. A fact is named by one of its fields.
func selectionOf(s runs.Selection) selection {
	return selection{
		Report: s.Report, Reason: string(s.Reason), Field: s.Fact, Type: string(s.Type), Region: s.Region, ICB: s.ICB, Codes: s.Codes,
		Run: s.Run, Digest: s.Digest,
	}
}

func (s selection) query() url.Values {
	query := queryOf("report", s.Report, "reason", s.Reason, "field", s.Field, "type", s.Type, "region", s.Region, "icb", s.ICB,
		"codes", joined(s.Codes))
	if s.Run != 0 {
		query.Set("run", s.Run.String())
	}
	return query
}

// Waiting is actions.Actions.Waiting.
func (c *Client) Waiting(ctx context.Context, s runs.Selection) (rows []runstore.WaitingRow, digest string, err error) {
	type row struct {
		runstore.WaitingRow

		Fact string `json:"fact"`
	}
	type waitingPage struct {
		page[row]

		Digest string `json:"digest"`
	}
	err = walk(ctx, c, "/waiting", selectionOf(s).query(), all, func(p waitingPage) (int, string) {
		for _, r := range p.Items {
			r.WaitingRow.Fact = r.Fact
			rows = append(rows, r.WaitingRow)
		}
		digest = p.Digest
		return len(p.Items), p.Next
	})
	return rows, digest, err
}

func decisionOf(d actions.Decision) selection {
	body := selectionOf(d.Selection)
	body.All = d.All
	return body
}

// Approve is actions.Actions.Approve.
func (c *Client) Approve(ctx context.Context, d actions.Decision) (approvals []runs.Summary, err error) {
	made, err := post[started](ctx, c, "/waiting/approve", decisionOf(d))
	if err != nil {
		return nil, err
	}
	for _, s := range made.Items {
		if s, err = c.settled(ctx, s, d.Wait); err != nil {
			return approvals, err
		}
		approvals = append(approvals, s)
	}
	return approvals, made.Failed.err()
}

// AppliedNothing is actions.Actions.AppliedNothing.
func (c *Client) AppliedNothing(ctx context.Context, approval runs.Summary) (bool, error) {
	if len(approval.LeftOut) == 0 || approval.Changes != (runs.ChangeCounts{}) {
		return false, nil
	}
	shown, err := get[listedRun](ctx, c, "/runs/"+url.PathEscape(approval.Run), nil)
	return shown.Marks == 0, err
}

// Reject is actions.Actions.Reject.
func (c *Client) Reject(ctx context.Context, d actions.Decision) ([]actions.RejectedRun, error) {
	rejected, err := post[struct {
		Items  []actions.RejectedRun `json:"items"`
		Failed *failure              `json:"failed"`
	}](ctx, c, "/waiting/reject", decisionOf(d))
	if err == nil {
		err = rejected.Failed.err()
	}
	return rejected.Items, err
}

// PreviewUndo is actions.Actions.PreviewUndo.
func (c *Client) PreviewUndo(ctx context.Context, id runs.ID) (p actions.UndoPreview, err error) {
	if p.Run, err = c.Run(ctx, id); err != nil {
		return p, err
	}
	p.Reversal, err = get[runtext.Reversal](ctx, c, undoOf(id), nil)
	return p, err
}

// UndoRun is actions.Actions.UndoRun.
func (c *Client) UndoRun(ctx context.Context, p actions.UndoPreview, confirmed runs.ID, wait bool) (s runs.Summary, err error) {
	if err := p.Confirmed(confirmed); err != nil {
		return s, err
	}
	body := struct {
		Confirm runs.ID `json:"confirm,omitempty"`
		Digest  string  `json:"digest,omitempty"`
	}{confirmed, p.Reversal.Digest}
	if s, err = post[runs.Summary](ctx, c, undoOf(p.Run.ID), body); err != nil {
		return s, err
	}
	return c.settled(ctx, s, wait)
}

func undoOf(id runs.ID) string { return "/runs/" + id.String() + "/undo" }

// Rehearsed is actions.Actions.Rehearsed.
func (c *Client) Rehearsed(ctx context.Context, plan runs.PlanID, s runs.Selection) (
	rows []planstore.Rehearsed, left int, digest string, err error,
) {
	type row struct {
		planstore.Rehearsed

		Fact string `json:"fact"`
	}
	type rehearsedPage struct {
		page[row]

		Left   int    `json:"left"`
		Digest string `json:"digest"`
	}
	err = walk(ctx, c, fmt.Sprintf("/plans/%s/waiting", plan), selectionOf(s).query(), all, func(p rehearsedPage) (int, string) {
		for _, r := range p.Items {
			r.Rehearsed.Fact = r.Fact
			rows = append(rows, r.Rehearsed)
		}
		left, digest = p.Left, p.Digest
		return len(p.Items), p.Next
	})
	return rows, left, digest, err
}

// ApproveAhead is actions.Actions.ApproveAhead.
func (c *Client) ApproveAhead(ctx context.Context, r actions.AheadRequest) (done actions.Ahead, err error) {
	if err := r.Check(); err != nil {
		return done, err
	}
	body := selectionOf(r.Selection)
	body.First, body.Last = r.Span.First.String(), r.Span.Last.String()
	return post[actions.Ahead](ctx, c, fmt.Sprintf("/plans/%s/approve", r.Plan), body)
}

// WithdrawAhead is actions.Actions.WithdrawAhead.
func (c *Client) WithdrawAhead(ctx context.Context, plan runs.PlanID, s runs.Selection) (actions.Ahead, error) {
	return post[actions.Ahead](ctx, c, fmt.Sprintf("/plans/%s/withdraw", plan), selectionOf(s))
}
