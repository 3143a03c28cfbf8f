package remote

import (
	"context"
	"iter"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// started are what runs or plans say of themselves.
type started struct {
	Items  []runs.Summary `json:"items"`
	Failed *failure       `json:"failed"`
}

// failure says why the rest of what was asked for was not done.
type failure struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// err is the error that it says; nil if everything was done.
func (f *failure) err() error {
	if f == nil {
		return nil
	}
	return &actions.Error{Kind: kinds[f.Status], Text: f.Detail}
}

// wanted is what is planned or reconciled.
type wanted struct {
	Source string            `json:"source,omitempty"`
	Codes  []profile.ODSCode `json:"codes,omitempty"`
	Report string            `json:"report,omitempty"`
	Plan   string            `json:"plan,omitempty"`
}

// PlanEach is actions.Actions.PlanEach. Each file is planned for itself: the file of a report
// that others are read with has to be reconciled before.
func (c *Client) PlanEach(ctx context.Context, r actions.Request, shown func(actions.Outcome) error) error {
	return c.each(ctx, r, "/plans", true, func(o actions.Outcome) error {
		o.Boards = c.BoardNames
		return shown(o)
	})
}

// ReconcileEach is actions.Actions.ReconcileEach.
func (c *Client) ReconcileEach(ctx context.Context, r actions.Request, wait bool, shown func(actions.Outcome) error) error {
	return c.each(ctx, r, "/runs", false, func(o actions.Outcome) (err error) {
		if o.Summary, err = c.settled(ctx, o.Summary, wait); err != nil {
			return err
		}
		return shown(o)
	})
}

// each has everything planned, or reconciled, that a request asks for.
func (c *Client) each(ctx context.Context, r actions.Request, path string, plans bool, do func(actions.Outcome) error) error {
	if len(r.Files) == 0 {
		return c.pull(ctx, r, path, do)
	}
	scopes, err := (&actions.Actions{App: c.app}).Scopes(ctx, r) // in their order
	if err != nil {
		return err
	}
	if plans && len(scopes) > 1 && slices.ContainsFunc(scopes, actions.Scope.IsReference) {
		return &actions.Error{Kind: actions.Invalid, Field: "files", Text: ": a file that others are read with is not kept for a plan " +
			"of several files without the database (PROFILESYNC_SERVER is set): reconcile it first, and plan the others then"}
	}
	for _, s := range scopes {
		query := queryOf("name", filepath.Base(s.File.Path), "report", r.Report, "as_of", r.AsOf.String(), "codes", joined(r.Codes),
			"rehearse", yes(r.Rehearse))
		made, err := ask[started](ctx, c, request{method: http.MethodPost, path: path + "/file", query: query, file: s.File.Path})
		if err != nil {
			return err
		}
		for _, summary := range made.Items {
			if err := do(actions.Outcome{Summary: summary, File: s.File.Path, Reference: s.IsReference()}); err != nil {
				return err
			}
		}
		if err := made.Failed.err(); err != nil {
			return err
		}
	}
	return nil
}

// pull is each, without files.
func (c *Client) pull(ctx context.Context, r actions.Request, path string, do func(actions.Outcome) error) error {
	if err := r.CheckPull(c.app.Today()); err != nil {
		return err
	}
	made, err := post[started](ctx, c, path, wanted{Source: string(r.Source), Codes: r.Codes, Report: r.Report})
	if err != nil {
		return err
	}
	for _, summary := range made.Items {
		if err := do(actions.Outcome{Summary: summary}); err != nil {
			return err
		}
	}
	return made.Failed.err()
}

func joined(codes []profile.ODSCode) string {
	texts := make([]string, len(codes))
	for i, code := range codes {
		texts[i] = string(code)
	}
	return strings.Join(texts, ",")
}

// ReconcilePlan is actions.Actions.ReconcilePlan.
func (c *Client) ReconcilePlan(ctx context.Context, plan runs.PlanID, wait bool) (summary runs.Summary, err error) {
	made, err := post[started](ctx, c, "/runs", wanted{Plan: plan.String()})
	if err != nil || len(made.Items) == 0 {
		return summary, err
	}
	return c.settled(ctx, made.Items[0], wait)
}

// planChange is a change among those of its kind.
type planChange struct {
	planstore.Change

	Fact     string `json:"fact"`
	Profiles int    `json:"profiles"`
}

// PlanChanges is actions.Actions.PlanChanges.
func (c *Client) PlanChanges(ctx context.Context, plan runs.PlanID, most int) ([]planstore.Shown, error) {
	changes, err := list[planChange](ctx, c, changesOf(plan), queryOf("most", strconv.Itoa(most)), all)
	shown := make([]planstore.Shown, len(changes))
	for i, change := range changes {
		shown[i] = planstore.Shown{Change: change.Change, Fact: change.Fact, Profiles: change.Profiles}
	}
	return shown, err
}

// WholePlan is actions.Actions.WholePlan.
func (c *Client) WholePlan(ctx context.Context, plan runs.PlanID) iter.Seq2[[]planstore.Change, error] {
	return func(yield func([]planstore.Change, error) bool) {
		changes, err := list[planstore.Change](ctx, c, changesOf(plan), queryOf("whole", yes(true)), all)
		yield(changes, err)
	}
}

func changesOf(plan runs.PlanID) string { return "/plans/" + plan.String() + "/changes" }

// listedRun is a run as the API shows it.
type listedRun struct {
	Run     runs.ID      `json:"run"`
	Kind    runs.Kind    `json:"kind"`
	Parent  runs.ID      `json:"parent"`
	At      time.Time    `json:"at"`
	Ended   time.Time    `json:"ended_at"`
	By      string       `json:"by"`
	Summary runs.Summary `json:"summary"`
	Marks   int          `json:"marks"`
}

func (l listedRun) run() runs.Run {
	s := l.Summary
	return runs.Run{
		ID: l.Run, Kind: l.Kind, Parent: l.Parent, Actor: l.By, Source: s.Source, Report: s.Report, AsOf: s.AsOf, State: s.State, Summary: s,
	}
}

// Runs is actions.Actions.Runs.
func (c *Client) Runs(ctx context.Context, f runstore.RunFilter) ([]runstore.RunLine, error) {
	listed, err := list[listedRun](ctx, c, "/runs", queryOf("source", string(f.Source)), f.Most)
	lines := make([]runstore.RunLine, len(listed))
	for i, l := range listed {
		lines[i] = runstore.RunLine{Run: l.run(), CreatedAt: l.At, EndedAt: l.Ended}
	}
	return lines, err
}

// Run is actions.Actions.Run.
func (c *Client) Run(ctx context.Context, id runs.ID) (runs.Run, error) {
	shown, err := get[listedRun](ctx, c, "/runs/"+id.String(), nil)
	return shown.run(), err
}

// RunRows is actions.Actions.RunRows.
func (c *Client) RunRows(ctx context.Context, id runs.ID, withheld bool, most int) (rows []runstore.Planned, more int, err error) {
	type rowPage struct {
		page[runstore.Planned]

		Rows int `json:"rows"`
	}
	err = walk(ctx, c, "/runs/"+id.String()+"/rows", queryOf("withheld", yes(withheld)), most, func(p rowPage) (int, string) {
		rows = append(rows, p.Items...)
		more = p.Rows - len(rows)
		return len(p.Items), p.Next
	})
	return rows, more, err
}

// CancelRun is actions.Actions.CancelRun.
func (c *Client) CancelRun(ctx context.Context, id runs.ID) (run runs.Run, err error) {
	run.Summary, err = post[runs.Summary](ctx, c, "/runs/"+id.String()+"/cancel", nil)
	return run, err
}
