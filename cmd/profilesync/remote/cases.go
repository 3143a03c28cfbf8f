package remote

import (
	"context"
	"fmt"
	"strconv"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Cases is actions.Actions.Cases, of one kind at most.
func (c *Client) Cases(ctx context.Context, f casestore.Filter, owner cases.Owner) ([]casestore.Listed, error) {
	query := queryOf("owner", string(owner), "board", string(f.Board), "code", string(f.Code), "gone", yes(f.Gone))
	if len(f.Kinds) > 0 {
		query.Set("kind", string(f.Kinds[0]))
	}
	if !f.Opened.IsZero() {
		days := profile.DateIn(f.Opened, profile.London()).DaysUntil(c.app.Today())
		query.Set("days", strconv.Itoa(days))
	}
	return list[casestore.Listed](ctx, c, "/cases", query, all)
}

// ShowCase is actions.Actions.ShowCase.
func (c *Client) ShowCase(ctx context.Context, id int64) (actions.ShownCase, error) {
	if id < 1 {
		return actions.ShownCase{}, noCase(id)
	}
	return get[actions.ShownCase](ctx, c, caseOf(id, ""), nil)
}

func caseOf(id int64, more string) string { return "/cases/" + strconv.FormatInt(id, 10) + more }

func noCase(id int64) error {
	return &actions.Error{Kind: actions.Missing, Text: fmt.Sprintf("case %d: there is none", id)}
}

// DecideCase is actions.Actions.DecideCase.
func (c *Client) DecideCase(ctx context.Context, id int64, d actions.CaseDecision) (l casestore.Listed, err error) {
	if id < 1 {
		return l, noCase(id)
	}
	body := struct {
		For    string `json:"for,omitempty"`
		Until  string `json:"until"`
		Reason string `json:"reason,omitempty"`
	}{d.WaitsFor, d.Until.String(), d.Reason}
	switch d.State {
	case cases.Waiting:
		return post[casestore.Listed](ctx, c, caseOf(id, "/wait"), body)
	case cases.SetAside:
		return post[casestore.Listed](ctx, c, caseOf(id, "/set-aside"), body)
	default:
		return post[casestore.Listed](ctx, c, caseOf(id, "/resume"), nil)
	}
}

// Closures is actions.Actions.Closures.
func (c *Client) Closures(ctx context.Context, f casestore.ClosureFilter) ([]casestore.ListedClosure, error) {
	query := queryOf("code", string(f.Code), "state", string(f.State), "all", yes(f.TakenBack))
	return list[casestore.ListedClosure](ctx, c, "/closures", query, f.Most)
}

// SayClosed is actions.Actions.SayClosed.
func (c *Client) SayClosed(ctx context.Context, s actions.ClosureStep) (casestore.Closure, error) {
	return c.closure(ctx, s, "say")
}

// ConfirmClosed is actions.Actions.ConfirmClosed.
func (c *Client) ConfirmClosed(ctx context.Context, s actions.ClosureStep) (casestore.Closure, error) {
	return c.closure(ctx, s, "confirm")
}

// TakeClosedBack is actions.Actions.TakeClosedBack.
func (c *Client) TakeClosedBack(ctx context.Context, s actions.ClosureStep) (casestore.Closure, error) {
	return c.closure(ctx, s, "take-back")
}

func (c *Client) closure(ctx context.Context, s actions.ClosureStep, step string) (casestore.Closure, error) {
	body := struct {
		Reason    string          `json:"reason"`
		Successor profile.ODSCode `json:"successor,omitempty"`
	}{s.Reason, s.Successor}
	return post[casestore.Closure](ctx, c, "/closures/"+string(s.Code)+"/"+step, body)
}

// LookAtCases is actions.Actions.LookAtCases.
func (c *Client) LookAtCases(ctx context.Context) (actions.LookedAtCases, error) {
	return post[actions.LookedAtCases](ctx, c, "/cases/look", nil)
}

// PreviewCaseLetters is actions.Actions.PreviewCaseLetters.
func (c *Client) PreviewCaseLetters(ctx context.Context) (due actions.CaseLetters, err error) {
	type letterPage struct {
		page[actions.CaseLetter]

		Untold int `json:"untold"`
	}
	due.Letters = []actions.CaseLetter{}
	err = walk(ctx, c, "/case-letters", nil, all, func(p letterPage) (int, string) {
		due.Letters, due.Untold = append(due.Letters, p.Items...), p.Untold
		return len(p.Items), p.Next
	})
	return due, err
}

// PostCaseLetters is actions.Actions.PostCaseLetters.
func (c *Client) PostCaseLetters(ctx context.Context) (actions.PostedCaseLetters, error) {
	return post[actions.PostedCaseLetters](ctx, c, "/case-letters", nil)
}
