package planstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/sethvargo/go-retry"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/planstore/plansql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Rehearsed is a change of a rehearsal that can be approved ahead, with the newest
// approval of it.
type Rehearsed struct {
	Code     profile.ODSCode     `json:"code"`
	Name     string              `json:"name"`
	Type     profile.OrgType     `json:"type"`
	Verb     runs.Verb           `json:"verb"`
	Field    string              `json:"field"`
	Fact     string              `json:"-"` // changes of one fact go together
	Old      string              `json:"old"`
	New      string              `json:"new"`
	Withheld runs.WithheldReason `json:"withheld"`
	State    State               `json:"state,omitempty"`
	By       string              `json:"approved_by,omitempty"`
	First    profile.Date        `json:"first_day,omitzero"`
	Last     profile.Date        `json:"last_day,omitzero"`
	Run      runs.ID             `json:"run,omitempty"` // that used it, or the undo that ended it
	EndedBy  string              `json:"ended_by,omitempty"`

	digest profile.Hash
}

// State is what has become of the approval of a change.
type State string

// The states. The zero value is that of a change that nobody has approved.
const (
	Unapproved State = ""
	Open       State = "open"
	Used       State = "used"
	Rejected   State = "rejected"  // the value was, in a run that withheld it
	Undone     State = "undone"    // the value was taken back by an undo
	Withdrawn  State = "withdrawn" // the approval was; the change can be approved again
)

// undecided reports whether the change can be approved.
func (r Rehearsed) undecided() bool { return r.State == Unapproved || r.State == Withdrawn }

// Fate says what has become of the change; empty while nobody has approved it.
func (r Rehearsed) Fate() string {
	switch r.State {
	case Open:
		return fmt.Sprintf("approved ahead by %s, %s to %s", r.By, r.First, r.Last)
	case Used:
		return fmt.Sprintf("approved ahead by %s, used by run %d", r.By, r.Run)
	case Rejected, Withdrawn:
		return fmt.Sprintf("approved ahead by %s, %s by %s", r.By, r.State, r.EndedBy)
	case Undone:
		return fmt.Sprintf("approved ahead by %s, undone by run %d", r.By, r.Run)
	default:
		return ""
	}
}

// Rehearsal returns who asked for a rehearsal, and of what. A plan that is none, or not
// kept any more, is an error.
func (s *Store) Rehearsal(ctx context.Context, id runs.PlanID) (runs.Run, error) {
	row, err := s.q.GetPlan(ctx, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return runs.Run{}, postgres.NotFoundError("there is no plan " + id.String())
	case err != nil:
		return runs.Run{}, postgres.Wrap(err, "plan "+id.String())
	case row.Kind != runs.RunRehearsal:
		return runs.Run{}, runs.Conflictf("plan %s is no rehearsal: nothing of it is approved ahead", id)
	case !row.Kept:
		return runs.Run{}, runs.Conflictf("rehearsal %s is no longer kept: rehearsals are kept until a week after their day", id)
	}
	return runs.Run{
		Kind: row.Kind, Source: row.Source, Report: row.Report, AsOf: row.AsOf, Plan: id, Actor: row.Actor, OSUser: row.OsUser,
	}, nil
}

// KeptRehearsal is a rehearsal that is kept.
type KeptRehearsal struct {
	Plan     runs.PlanID
	Source   profile.Source
	Report   string
	AsOf     profile.Date
	Actor    string
	At       time.Time
	Free     int // changes that can be approved ahead
	Approved int // changes that are, and that no run has used
}

// Rehearsals lists the rehearsals that are kept, the latest day first.
func (s *Store) Rehearsals(ctx context.Context, most int) ([]KeptRehearsal, error) {
	rows, err := s.q.ListRehearsals(ctx, most)
	list := make([]KeptRehearsal, len(rows))
	for i, r := range rows {
		list[i] = KeptRehearsal{
			Plan: r.ID, Source: r.Source, Report: r.Report, AsOf: r.AsOf, Actor: r.Actor, At: r.CreatedAt, Free: r.Free, Approved: r.Approved,
		}
	}
	return list, postgres.Wrap(err, "rehearsals")
}

// Rehearsed lists what of a rehearsal can be approved ahead, and what of that was, in
// the order in which people read it.
func (s *Store) Rehearsed(ctx context.Context, plan runs.PlanID, selection runs.Selection) ([]Rehearsed, error) {
	return rehearsed(ctx, s.q, plan, selection)
}

func rehearsed(ctx context.Context, q *plansql.Queries, plan runs.PlanID, s runs.Selection) ([]Rehearsed, error) {
	rows, err := q.SelectRehearsed(ctx, plansql.SelectRehearsedParams{
		PlanID: plan, Report: s.Report, Withheld: string(s.Reason), Fact: s.Fact, Type: string(s.Type), Region: s.Region, Icb: s.ICB,
		Codes: postgres.Texts(s.Codes),
	})
	list := make([]Rehearsed, len(rows))
	for i, r := range rows {
		list[i] = Rehearsed{
			Code: r.Code, Name: r.Name, Type: r.Type, Verb: r.Verb, Field: r.Field, Fact: r.Fact, Old: r.Old, New: r.New,
			Withheld: r.Withheld, State: State(r.State), By: r.Actor, First: r.FirstDay, Last: r.LastDay, Run: runs.ID(r.RunID),
			EndedBy: r.EndedBy, digest: r.Digest,
		}
	}
	return list, postgres.Wrap(err, "changes of rehearsal "+plan.String())
}

// Undecided returns the changes that can still be approved, by code and field.
func Undecided(rows []Rehearsed) []Rehearsed {
	open := slices.DeleteFunc(slices.Clone(rows), func(r Rehearsed) bool { return !r.undecided() })
	slices.SortFunc(open, func(a, b Rehearsed) int { return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Field, b.Field)) })
	return open
}

// Digest is the SHA-256 of what the changes would do that can still be approved, in hex.
func Digest(rows []Rehearsed) string {
	var digests []profile.Hash
	for _, r := range Undecided(rows) {
		digests = append(digests, r.digest)
	}
	return runs.DigestOfHashes(digests)
}

// Approval approves changes of a rehearsal ahead: exactly those of the digest.
type Approval struct {
	Plan      runs.PlanID
	Selection runs.Selection // its Digest is that of what was looked at
	Span      runs.Span
	Actor     string
	OSUser    string
}

// Approve approves changes ahead, and returns how many.
func (s *Store) Approve(ctx context.Context, a Approval) (rows int, err error) {
	err = pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		q := plansql.New(tx)
		if err := q.LockPlan(ctx, a.Plan); err != nil {
			return postgres.Wrap(err, "plan "+a.Plan.String())
		}
		selected, err := rehearsed(ctx, q, a.Plan, a.Selection)
		if err != nil {
			return err
		}
		open := Undecided(selected)
		rows = len(open)
		if digest := Digest(selected); rows == 0 {
			return nothingOpen(a.Plan, selected)
		} else if a.Selection.Digest != digest {
			return runs.Conflictf("plan %[1]s: what can be approved is not that: its digest is %[2]s; look again with "+
				"`profilesync runs waiting --plan %[1]s`", a.Plan, digest)
		}
		return a.store(ctx, q, open)
	})
	return rows, err
}

func (a Approval) store(ctx context.Context, q *plansql.Queries, open []Rehearsed) error {
	id, err := q.InsertApproval(ctx, plansql.InsertApprovalParams{
		PlanID: a.Plan, FirstDay: a.Span.First, LastDay: a.Span.Last, Digest: a.Selection.Digest, Actor: a.Actor, OsUser: a.OSUser,
	})
	if err != nil {
		return postgres.Wrap(err, "approving ahead")
	}
	codes, fields := keys(open)
	err = q.InsertApproved(ctx, plansql.InsertApprovedParams{ToApproval: id, PlanID: a.Plan, Codes: codes, Fields: fields})
	return postgres.Wrap(err, "approving ahead")
}

func keys(rows []Rehearsed) (codes, fields []string) {
	for _, r := range rows {
		codes, fields = append(codes, string(r.Code)), append(fields, r.Field)
	}
	return codes, fields
}

// nothingOpen says why nothing of a selection can be approved ahead.
func nothingOpen(plan runs.PlanID, selected []Rehearsed) error {
	if len(selected) == 0 {
		return runs.Conflictf("plan %s: nothing that is selected can be approved ahead", plan)
	}
	return runs.Conflictf("plan %s: nothing of this can be approved ahead: %s %s is already %s", plan, selected[0].Code, selected[0].Field,
		selected[0].Fate())
}

// busyError says that a run which is being planned may use what is to be withdrawn.
type busyError struct{ plan runs.PlanID }

// Conflict marks the error as one that looking again explains.
func (busyError) Conflict() {}

func (e busyError) Error() string {
	return fmt.Sprintf("plan %s: a run that is being planned may use what was approved ahead; try again", e.plan)
}

// How long a withdrawal is tried again while a run is being planned.
const (
	withdrawnWithin = 5 * time.Second
	withdrawnEvery  = 100 * time.Millisecond
)

// Withdraw takes approvals ahead back that no run has used, and returns of how many
// changes.
func (s *Store) Withdraw(ctx context.Context, plan runs.PlanID, selection runs.Selection, actor string) (rows int, err error) {
	pauses := retry.WithMaxDuration(withdrawnWithin, retry.NewConstant(withdrawnEvery))
	err = retry.Do(ctx, pauses, func(ctx context.Context) error {
		err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) (err error) {
			rows, err = withdraw(ctx, plansql.New(tx), plan, selection, actor)
			return err
		})
		if errors.As(err, new(busyError)) {
			return retry.RetryableError(err)
		}
		return err
	})
	return rows, err
}

func withdraw(ctx context.Context, q *plansql.Queries, plan runs.PlanID, selection runs.Selection, actor string) (int, error) {
	approvals, err := q.LockOpenOf(ctx, plan)
	if postgres.IsLocked(err) {
		return 0, busyError{plan}
	} else if err != nil {
		return 0, postgres.Wrap(err, "withdrawing")
	}
	selected, err := rehearsed(ctx, q, plan, selection)
	if err != nil {
		return 0, err
	}
	open := slices.DeleteFunc(selected, func(r Rehearsed) bool { return r.State != Open })
	if len(open) == 0 {
		return 0, runs.Conflictf("plan %s: nothing of this is approved ahead and not used yet", plan)
	}
	codes, fields := keys(open)
	rows := 0
	for _, approval := range each(approvals) {
		taken, err := q.Withdraw(ctx, plansql.WithdrawParams{ApprovalID: approval, Codes: codes, Fields: fields, Actor: actor})
		if err != nil {
			return 0, postgres.Wrap(err, "withdrawing")
		}
		rows += int(taken)
	}
	return rows, nil
}
