package runstore

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
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func (x *OrganisationSession) loadWaiting(ctx context.Context, codes []profile.ODSCode, at map[profile.ODSCode]*runs.Item) error {
	rows, err := x.plan.LoadWaiting(ctx, runsql.LoadWaitingParams{
		Codes: postgres.Texts(codes), Source: x.run.Source, Report: x.run.Report,
	})
	for _, row := range rows {
		at[row.Code].Waiting = append(at[row.Code].Waiting, runs.Waiting{
			Change: runs.Change{
				Code: row.Code, Type: row.Type, Verb: row.Verb, Field: fact(row.Field), Old: row.Old, New: row.New, Reason: row.Reason,
				Undone: row.Undone, Since: runs.ID(row.SinceRun),
			},
			Run: row.RunID, Withheld: row.Withheld,
		})
	}
	return postgres.Wrap(err, "loading what waits")
}

// EndedRow is a row of an earlier run that no longer waits.
type EndedRow struct {
	Run      runs.ID
	Code     profile.ODSCode
	Field    string
	Replaced bool // the same new value waits in the run that is planned
}

// EndWaiting takes rows off the list: the run that is planned found something
// else.
func (x *Session) EndWaiting(ctx context.Context, ended []EndedRow) error {
	if len(ended) == 0 {
		return nil
	}
	params := runsql.EndRowsParams{RunID: &x.run.ID}
	for _, row := range ended {
		decision := runs.Withdrawn
		if row.Replaced {
			decision = runs.Replaced
		}
		params.Runs, params.Codes = append(params.Runs, int64(row.Run)), append(params.Codes, string(row.Code))
		params.Fields, params.Decisions = append(params.Fields, row.Field), append(params.Decisions, string(decision))
	}
	return postgres.Wrap(x.plan.EndRows(ctx, params), "withdrawing what waited")
}

// TurnBackWaiting reverses what the parent of an undo did to the list of what
// waits: what it withheld waits no longer, and what it took off waits again.
func (x *Session) TurnBackWaiting(ctx context.Context) error {
	err := x.plan.EndUndone(ctx, runsql.EndUndoneParams{RunID: &x.run.ID, ParentID: x.run.Parent})
	if err == nil {
		err = x.plan.WaitAgain(ctx, runsql.WaitAgainParams{RunID: &x.run.ID, ParentID: &x.run.Parent})
	}
	return postgres.Wrap(err, "reversing what waits")
}

// LiftedRow is a rejection of a field that holds no more.
type LiftedRow struct {
	Code  profile.ODSCode
	Field string
}

// Lift ends rejections: the run that is planned found that the register says
// something else.
func (x *Session) Lift(ctx context.Context, lifted []LiftedRow) error {
	if len(lifted) == 0 {
		return nil
	}
	params := runsql.LiftRejectionsParams{RunID: &x.run.ID}
	for _, row := range lifted {
		params.Codes, params.Fields = append(params.Codes, string(row.Code)), append(params.Fields, row.Field)
	}
	return postgres.Wrap(x.plan.LiftRejections(ctx, params), "lifting rejections")
}

// WaitingRow is a row that waits for a decision, as people see it.
type WaitingRow struct {
	Run      runs.ID             `json:"run"`
	Report   string              `json:"report"`
	Code     profile.ODSCode     `json:"code"`
	Name     string              `json:"name"`
	Type     profile.OrgType     `json:"type"`
	Verb     runs.Verb           `json:"verb"`
	Field    string              `json:"field"`
	Fact     string              `json:"-"` // changes of one fact go together
	Old      string              `json:"old"`
	New      string              `json:"new"`
	Withheld runs.WithheldReason `json:"withheld"`
	SinceRun runs.ID             `json:"since_run"`
	Since    time.Time           `json:"since"`
	By       string              `json:"by"`          // who asked for the run
	Approved runs.ID             `json:"approved_in"` // the run that will apply it; 0 while nobody has decided

	digest profile.Hash
}

// Waiting lists the rows that wait, in the order in which people read them: run by
// run, kind by kind, and of addresses first those of another postcode.
func (s *Store) Waiting(ctx context.Context, selection runs.Selection) ([]WaitingRow, error) {
	rows, err := s.q.ListWaiting(ctx, runsql.ListWaitingParams(selectionOf(selection)))
	waiting := make([]WaitingRow, len(rows))
	for i, r := range rows {
		waiting[i] = WaitingRow{
			Run: r.RunID, Report: r.Report, Code: r.Code, Name: r.Name, Type: r.Type, Verb: r.Verb, Field: r.Field, Fact: r.Fact, Old: r.Old,
			New: r.New, Withheld: r.Withheld, SinceRun: runs.ID(r.SinceRun), Since: r.Since, By: r.Actor, Approved: runs.ID(r.DecidedIn),
			digest: r.Digest,
		}
	}
	return waiting, postgres.Wrap(err, "listing what waits")
}

// WaitingRun is how much waits of a run.
type WaitingRun struct {
	Run    runs.ID
	Report string
	Reason runs.WithheldReason // one of them
	Rows   int
}

// WaitingByRun counts what waits of each run, and nobody has decided on.
func (s *Store) WaitingByRun(ctx context.Context) ([]WaitingRun, error) {
	rows, err := s.q.CountWaitingByRun(ctx)
	list := make([]WaitingRun, len(rows))
	for i, r := range rows {
		list[i] = WaitingRun{Run: r.RunID, Report: r.Report, Reason: runs.WithheldReason(r.Withheld), Rows: r.Rows}
	}
	return list, postgres.Wrap(err, "counting what waits")
}

// WaitingDigest is the SHA-256 of what rows would do, in hex. Rows that an approval
// is about to apply are decided on, and do not count.
func WaitingDigest(rows []WaitingRow) string {
	undecided := slices.DeleteFunc(slices.Clone(rows), func(row WaitingRow) bool { return row.Approved != 0 })
	sorted := slices.SortedFunc(slices.Values(undecided), func(a, b WaitingRow) int {
		return cmp.Or(cmp.Compare(a.Run, b.Run), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Field, b.Field))
	})
	digests := make([]profile.Hash, len(sorted))
	for i, row := range sorted {
		digests[i] = row.digest
	}
	return runs.DigestOfHashes(digests)
}

// selectionOf is what the statements that select rows are given.
func selectionOf(s runs.Selection) runsql.SelectWaitingParams {
	return runsql.SelectWaitingParams{
		RunID: int64(s.Run), Report: s.Report, Withheld: string(s.Reason), Fact: s.Fact, Type: string(s.Type), Region: s.Region, Icb: s.ICB,
		Codes: postgres.Texts(s.Codes),
	}
}

// approve gives an approval the rows that it is to apply.
func approve(ctx context.Context, q *runsql.Queries, id runs.ID, run runs.Run) error {
	parent, err := getRun(ctx, q, run.Parent)
	if err != nil {
		return err
	}
	_, _, err = decide(ctx, q, parent, run.Selection, runs.Approved, id, run.Actor, run.OSUser)
	return err
}

// busyError says that somebody else is changing what waits of a run.
type busyError struct{ run runs.ID }

// Conflict marks the error as one that looking again explains.
func (busyError) Conflict() {}

func (e busyError) Error() string {
	return fmt.Sprintf("run %d: another run, or another person, is changing what waits of it at this moment; try again", e.run)
}

// How long a decision is tried again while somebody else changes what waits: a
// command that was killed is noticed by Postgres within that time.
const (
	decidedWithin = 5 * time.Second
	decidedEvery  = 100 * time.Millisecond
)

// decideInTx runs work in one transaction, and again while others change what
// waits, each time from the start.
func (s *Store) decideInTx(ctx context.Context, work func(*runsql.Queries, pgx.Tx) error) error {
	pauses := retry.WithMaxDuration(decidedWithin, retry.NewConstant(decidedEvery))
	return retry.Do(ctx, pauses, func(ctx context.Context) error {
		err := inTx(ctx, s.db, work)
		if errors.As(err, new(busyError)) {
			return retry.RetryableError(err)
		}
		return err
	})
}

// decide records a decision on the selected rows of a run that nobody has
// decided on, and returns their codes and fields. A short listing may be decided on
// although no row of it waits.
//
// While it holds rows it waits for nobody: a run that is being planned ends rows
// in the order of its listing, and each would wait for the other.
func decide(ctx context.Context, q *runsql.Queries, parent runs.Run, selection runs.Selection,
	decision runs.Decision, in runs.ID, actor, osUser string,
) (codes, fields []string, err error) {
	selection.Run = parent.ID
	rows, err := q.SelectWaiting(ctx, selectionOf(selection))
	if postgres.IsLocked(err) {
		return nil, nil, busyError{parent.ID}
	}
	if err != nil {
		return nil, nil, postgres.Wrap(err, "selecting what waits")
	}
	if len(rows) == 0 {
		if !selection.Whole() || !parent.Summary.Short() {
			return nil, nil, nothingWaits(ctx, q, selection)
		}
		return nil, nil, decideShort(ctx, q, parent.ID, decision, in, actor, osUser)
	}
	digests := make([]profile.Hash, len(rows))
	for i, row := range rows {
		digests[i], codes, fields = row.Digest, append(codes, string(row.Code)), append(fields, row.Field)
	}
	if digest := runs.DigestOfHashes(digests); selection.Digest != "" && selection.Digest != digest {
		return nil, nil, runs.Conflictf("run %d: what waits has changed since: its digest is %s; look again with `profilesync runs waiting`",
			parent.ID, digest)
	}
	if decision == runs.Rejected {
		err := q.RejectRows(ctx, runsql.RejectRowsParams{RunID: parent.ID, Codes: codes, Fields: fields, Actor: actor})
		if err != nil {
			return nil, nil, postgres.Wrap(err, "remembering what was rejected")
		}
	}
	err = q.DecideRows(ctx, runsql.DecideRowsParams{
		RunID: parent.ID, Codes: codes, Fields: fields, Decision: decision, DecidedIn: int64(in), Actor: actor, OsUser: osUser,
	})
	return codes, fields, postgres.Wrap(err, "recording the decision")
}

// decideShort records a decision on a short listing of which no row waits. It is
// decided on once: if not as a whole, then by its rows.
func decideShort(ctx context.Context, q *runsql.Queries, run runs.ID, decision runs.Decision, in runs.ID, actor, osUser string) error {
	if err := q.LockDecided(ctx, run); postgres.IsLocked(err) {
		return busyError{run}
	} else if err != nil {
		return postgres.Wrap(err, "locking the run")
	}
	made, err := q.DecisionOnShort(ctx, runsql.DecisionOnShortParams{RunID: run, Approval: in})
	switch {
	case err != nil:
		return postgres.Wrap(err, "looking for decisions")
	case made.RowsDecided:
		return nothingWaits(ctx, q, runs.Selection{Run: run})
	case made.RejectedBy != "":
		return runs.DecidedError{Run: run, Made: runs.DecisionCount{Decision: runs.Rejected, By: made.RejectedBy}}
	case made.ApprovedIn != 0:
		return runs.DecidedError{Run: run, Made: runs.DecisionCount{
			Decision: runs.Approved, By: made.ApprovedBy, Run: runs.ID(made.ApprovedIn),
		}}
	case decision == runs.Rejected:
		err = q.RejectShort(ctx, runsql.RejectShortParams{RunID: run, Actor: actor, OsUser: osUser})
	}
	return postgres.Wrap(err, "recording the decision")
}

// nothingWaits says why there is nothing of a run to decide on.
func nothingWaits(ctx context.Context, q *runsql.Queries, selection runs.Selection) error {
	decisions, err := q.DecisionsOn(ctx, runsql.DecisionsOnParams(selectionOf(selection)))
	if err != nil {
		return postgres.Wrap(err, "looking for decisions")
	}
	others, err := q.CountUndecided(ctx, selection.Run)
	if err != nil {
		return postgres.Wrap(err, "counting what waits")
	}
	made := make([]runs.DecisionCount, len(decisions))
	for i, d := range decisions {
		made[i] = runs.DecisionCount{
			Decision: d.Decision, By: d.DecidedBy, Run: runs.ID(d.DecidedIn), UndoneBy: runs.ID(d.UndoneBy), Rows: d.Rows,
		}
	}
	return runs.NothingWaits(selection, made, others)
}

// Reject rejects changes that a run withheld: they are not proposed again until
// upstream sends a different value. It returns how many rows wait no longer; none,
// if a short listing was rejected of which no row waited. If nothing of the
// selection waits, the error names what was decided.
func (s *Store) Reject(ctx context.Context, id runs.ID, selection runs.Selection, actor, osUser string) (rows int, err error) {
	err = s.decideInTx(ctx, func(q *runsql.Queries, tx pgx.Tx) error {
		run, err := getRun(ctx, q, id)
		if err != nil {
			return err
		}
		codes, fields, err := decide(ctx, q, run, selection, runs.Rejected, 0, actor, osUser)
		if err != nil {
			return err
		}
		rows = len(codes)
		if err := planstore.EndRejected(ctx, tx, id, codes, fields, actor); postgres.IsLocked(err) {
			return busyError{id}
		} else if err != nil {
			return err
		}
		return postgres.Wrap(q.RecountWaiting(ctx, id), "counting what waits")
	})
	return rows, err
}

// Decisions counts what has become of the rows that a run withheld.
func (s *Store) Decisions(ctx context.Context, id runs.ID) (map[string]int, error) {
	rows, err := s.q.CountDecisions(ctx, id)
	counts := make(map[string]int, len(rows))
	for _, row := range rows {
		counts[row.Decision] = row.Count
	}
	return counts, postgres.Wrap(err, "counting decisions")
}
