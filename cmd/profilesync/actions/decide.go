package actions

import (
	"context"
	"fmt"
	"slices"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/jobs/runjobs"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Waiting lists what is selected of what waits, in the order in which people read it,
// and the digest of exactly that.
func (a *Actions) Waiting(ctx context.Context, s runs.Selection) (rows []runstore.WaitingRow, digest string, err error) {
	if err := a.Ready(ctx); err != nil {
		return nil, "", err
	}
	if s.Run != 0 {
		if _, err := a.App.Store.Runs.Run(ctx, s.Run); err != nil {
			return nil, "", err
		}
	}
	rows, err = a.App.Store.Runs.Waiting(ctx, s)
	return rows, runstore.WaitingDigest(rows), err
}

// Decision says on what is decided: on what waits of a run, on another selection, or on
// all that waits. The digest of the selection, if any, is that of what was looked at.
type Decision struct {
	runs.Selection

	All  bool
	Wait bool // for the runs that apply what is approved
}

// decided is what a decision is made on: the rows that are selected, and the runs
// that withheld them.
type decided struct {
	runs.Selection

	parents []runs.Run
	rows    []runstore.WaitingRow
}

// on returns what is selected. Of a run that is named it may be nothing: the
// decision itself says what was decided before.
func (a *Actions) on(ctx context.Context, d Decision) (on decided, err error) {
	on.Selection = d.Selection
	on.Digest = ""
	if d.Run == 0 && on.Whole() && !d.All {
		return on, &Error{Kind: Invalid, Text: "say what is decided on: a run, a selection as --field, or --all"}
	}
	if err := a.Ready(ctx); err != nil {
		return on, err
	}
	if on.rows, err = a.App.Store.Runs.Waiting(ctx, on.Selection); err != nil {
		return on, err
	}
	on.rows = slices.DeleteFunc(on.rows, func(row runstore.WaitingRow) bool { return row.Approved != 0 })
	if d.Run != 0 {
		run, err := a.ended(ctx, d.Run)
		on.parents = []runs.Run{run}
		return on, err
	}
	if on.parents, err = a.runsOf(ctx, on.rows); err != nil || len(on.parents) > 0 {
		return on, err
	}
	return on, a.nothingSelected(ctx)
}

// ended returns a run that is decided on, which must have ended.
func (a *Actions) ended(ctx context.Context, id runs.ID) (runs.Run, error) {
	run, err := a.App.Store.Runs.Run(ctx, id)
	if err == nil && !run.State.Ended() {
		err = conflict("run %d has not ended yet (%s); wait for it", run.ID, run.State)
	}
	return run, err
}

// runsOf returns the runs of rows, which are in the order of their runs.
func (a *Actions) runsOf(ctx context.Context, rows []runstore.WaitingRow) (of []runs.Run, err error) {
	for _, row := range rows {
		if n := len(of); n > 0 && of[n-1].ID == row.Run {
			continue
		}
		run, err := a.App.Store.Runs.Run(ctx, row.Run)
		if err != nil {
			return nil, err
		}
		of = append(of, run)
	}
	return of, nil
}

func (a *Actions) nothingSelected(ctx context.Context) error {
	others, err := a.App.Store.Runs.Waiting(ctx, runs.Selection{})
	switch {
	case err != nil:
		return err
	case len(others) == 0:
		return conflict("nothing waits for a decision")
	default:
		return conflict("nothing that is selected waits for a decision; %d others wait", len(others))
	}
}

// of returns the rows of one run, and the digest of exactly these.
func (on decided) of(run runs.ID) runs.Selection {
	rows := slices.DeleteFunc(slices.Clone(on.rows), func(row runstore.WaitingRow) bool { return row.Run != run })
	selection := on.Selection
	selection.Digest = runstore.WaitingDigest(rows)
	return selection
}

// checkDigest refuses a selection over several runs that is no longer what was looked
// at. That of one run is checked where its rows are locked.
func (d Decision) checkDigest(on decided) error {
	digest := runstore.WaitingDigest(on.rows)
	if d.Digest == "" || d.Run != 0 || d.Digest == digest {
		return nil
	}
	return conflict("what waits has changed since: its digest is %s; look again with `profilesync runs waiting`", digest)
}

// Approve applies what waits: one run for each run decided on. If one of them cannot be
// made, the summaries of those before it are returned with the error. What the setting
// APPROVAL_BY_ANOTHER forbids is refused.
func (a *Actions) Approve(ctx context.Context, d Decision) (approvals []runs.Summary, err error) {
	actor, err := a.who(ctx)
	if err != nil {
		return nil, err
	}
	before, err := a.before(ctx, d, actor)
	if err != nil {
		return nil, err
	}
	on, err := a.on(ctx, d)
	if err != nil && (len(before) == 0 || KindOf(err) != Conflict) {
		return nil, err
	}
	behind := on.behind(before)
	approval := runs.Run{Kind: runs.RunApprove, Actor: actor, OSUser: a.OSUser, Selection: on.Selection}
	if a.App.Settings.ApprovalByAnother {
		if err := a.App.RequireAnother(ctx, approval, on.rows, behind); err != nil {
			return nil, err
		}
	}
	if len(before) == 0 {
		if err := d.checkDigest(on); err != nil {
			return nil, err
		}
		return a.approve(ctx, d, approval, on, behind)
	}
	return a.approveAgain(ctx, d, approval, on, before, behind)
}

// approveAgain finds the runs of an approval that was begun before, and makes the others if
// they are sure to be what was looked at.
func (a *Actions) approveAgain(ctx context.Context, d Decision, approval runs.Run, on decided, before, behind []runs.Run) (
	approvals []runs.Summary, err error,
) {
	if d.Digest == "" || len(behind) == 0 {
		return a.approve(ctx, d, approval, on, append(before, behind...))
	}
	approvals, err = a.approve(ctx, d, approval, on, before)
	if err == nil {
		err = conflict("what else waits may not be what was looked at: look again with `profilesync runs waiting`")
	}
	return approvals, err
}

// approve makes the runs that approve, one for each run decided on.
func (a *Actions) approve(
	ctx context.Context,
	d Decision,
	approval runs.Run,
	on decided,
	parents []runs.Run,
) (made []runs.Summary, err error) {
	approval.Selection.Digest = d.Digest
	for _, parent := range parents {
		approval.Source, approval.Report, approval.Parent, approval.AsOf = parent.Source, parent.Report, parent.ID, parent.AsOf
		if d.Digest != "" && d.Run == 0 {
			approval.Selection = on.of(parent.ID)
		}
		summary, err := a.App.Submit(ctx, once(ctx, approval, d.Selection, d.All), d.Wait, a.progress())
		if err != nil {
			return made, err
		}
		made = append(made, summary)
	}
	return made, nil
}

// AppliedNothing reports whether all that an approval was to apply was left out.
func (a *Actions) AppliedNothing(ctx context.Context, approval runs.Summary) (bool, error) {
	if len(approval.LeftOut) == 0 || approval.Changes != (runs.ChangeCounts{}) {
		return false, nil
	}
	var id runs.ID
	if _, err := fmt.Sscan(approval.Run, &id); err != nil {
		return false, fmt.Errorf("run %s: %w", approval.Run, err)
	}
	marks, err := a.Marks(ctx, id)
	return marks == 0, err
}

// Marks counts the profiles that a run marked as missing.
func (a *Actions) Marks(ctx context.Context, id runs.ID) (int, error) {
	if err := a.Ready(ctx); err != nil {
		return 0, err
	}
	return a.App.Store.Runs.Marks(ctx, id)
}

// RejectedRun is what was rejected of one run.
type RejectedRun struct {
	Rows    int          `json:"rows"` // none: its short listing was rejected
	Summary runs.Summary `json:"summary"`
}

// Reject rejects what waits: it is not proposed again until the register's data change.
// If it fails for one run, what was rejected of those before it is returned with the
// error.
func (a *Actions) Reject(ctx context.Context, d Decision) (rejected []RejectedRun, err error) {
	actor, err := a.who(ctx)
	if err != nil {
		return nil, err
	}
	on, err := a.on(ctx, d)
	if err != nil {
		return nil, err
	}
	if err := d.checkDigest(on); err != nil {
		return nil, err
	}
	for _, parent := range on.parents {
		selection := on.Selection
		if selection.Digest = d.Digest; d.Digest != "" && d.Run == 0 {
			selection = on.of(parent.ID)
		}
		rows, err := a.App.Store.Runs.Reject(ctx, parent.ID, selection, actor, a.OSUser)
		if err != nil {
			return rejected, err
		}
		if parent, err = a.Run(ctx, parent.ID); err != nil {
			return rejected, err
		}
		rejected = append(rejected, RejectedRun{Rows: rows, Summary: parent.Summary})
	}
	return rejected, nil
}

// UndoPreview is what the undo of a run would take back.
type UndoPreview struct {
	Run      runs.Run
	Reversal runtext.Reversal
}

// Large reports whether the undo takes back more than a run may do unasked.
func (p UndoPreview) Large() bool { return len(p.Reversal.Beyond) > 0 }

// PreviewUndo returns what the undo of a run would take back, and changes nothing.
func (a *Actions) PreviewUndo(ctx context.Context, id runs.ID) (p UndoPreview, err error) {
	actor, err := a.Begin(ctx)
	if err != nil {
		return p, err
	}
	if p.Run, err = a.ended(ctx, id); err != nil {
		return p, err
	}
	var found runjobs.Reversal
	err = a.preview(ctx, a.App.Runs(a.App.Pull, a.progress()), func(r *runjobs.Runs) (err error) {
		found, err = r.PreviewUndo(ctx, a.undoOf(p.Run, actor))
		return err
	})
	if err != nil {
		return p, err
	}
	marks, err := a.App.Store.Runs.Marks(ctx, id)
	p.Reversal = runtext.Reversal{
		Summary: found.Summary, Marks: marks, Beyond: found.Beyond, Listing: p.Run.Kind == runs.RunListing,
		TakenBack: append([]runs.TakenBack{}, found.Rows...), More: found.More,
	}
	return p, err
}

// undoOf is the run that undoes another.
func (a *Actions) undoOf(parent runs.Run, actor string) runs.Run {
	return runs.Run{
		Kind: runs.RunUndo, Source: parent.Source, Report: parent.Report, Parent: parent.ID, AsOf: parent.AsOf, Actor: actor,
		OSUser: a.OSUser,
	}
}

// UndoRun undoes a run whose preview somebody has seen: what it would take back when its
// turn comes has to be the same, or it is refused. An undo that is large needs the run's
// number again, as the confirmation.
func (a *Actions) UndoRun(ctx context.Context, p UndoPreview, confirmed runs.ID, wait bool) (runs.Summary, error) {
	actor, err := a.Begin(ctx)
	if err != nil {
		return runs.Summary{}, err
	}
	if err := p.Confirmed(confirmed); err != nil {
		return runs.Summary{}, err
	}
	undo := once(ctx, a.undoOf(p.Run, actor))
	undo.Selection.Digest = p.Reversal.Digest
	return a.App.Submit(ctx, undo, wait, a.progress())
}

// Matches refuses the digest of another preview than this one; an empty one is any.
func (p UndoPreview) Matches(digest string) error {
	if digest == "" || digest == p.Reversal.Digest {
		return nil
	}
	return conflict("what the undo would take back has changed since you looked: look at it again")
}

// Confirmed refuses the number of another run, and none where the undo is large.
func (p UndoPreview) Confirmed(run runs.ID) error {
	switch {
	case run == p.Run.ID, run == 0 && !p.Large():
		return nil
	case run != 0:
		return invalid("confirm", " %s: the run to undo is %s", run, p.Run.ID)
	default:
		return &Error{Kind: Invalid, Text: fmt.Sprintf("nothing was changed: so large an undo needs --confirm %s", p.Run.ID)}
	}
}
