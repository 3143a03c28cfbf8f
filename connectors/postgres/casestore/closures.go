package casestore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/casestore/casesql"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// idleDays is after how many days without any activity of its people a place may have
// closed (reconcile/RULES.md "Closed in reality").
const idleDays = 180

// Closure is what stands about a place that has closed although the register says that
// it is open (reconcile/RULES.md "Closed in reality").
type Closure struct {
	Code        profile.ODSCode `json:"code"`
	Said        time.Time       `json:"said_at"`
	SaidBy      string          `json:"said_by"`
	Reason      string          `json:"reason"`                 // why it was last said, confirmed or taken back
	Confirmed   time.Time       `json:"confirmed_at,omitzero"`  // since when sinks are told; zero before
	ConfirmedBy string          `json:"confirmed_by,omitempty"` // empty before
	Successor   profile.ODSCode `json:"successor,omitempty"`
}

// ClosureState is how far a closure has come.
type ClosureState string

// The states of a closure.
const (
	ClosureSaid      ClosureState = "said"
	ClosureConfirmed ClosureState = "confirmed"
	ClosureTakenBack ClosureState = "taken-back"
)

// ClosureStates lists every state.
func ClosureStates() []ClosureState {
	return []ClosureState{ClosureSaid, ClosureConfirmed, ClosureTakenBack}
}

// ListedClosure is a closure as lists show it.
type ListedClosure struct {
	State ClosureState `json:"state"`
	Closure

	Name        string         `json:"name"`
	Status      profile.Status `json:"status"`                  // as the register has it
	TakenBack   time.Time      `json:"taken_back_at,omitzero"`  // zero while it stands
	TakenBackBy string         `json:"taken_back_by,omitempty"` // empty while it stands
}

// Last returns who took the last step, and when.
func (c ListedClosure) Last() (by string, at time.Time) {
	switch c.State {
	case ClosureTakenBack:
		return c.TakenBackBy, c.TakenBack
	case ClosureConfirmed:
		return c.ConfirmedBy, c.Confirmed
	default:
		return c.SaidBy, c.Said
	}
}

// ClosureFilter picks closures; empty parts pick all that stand.
type ClosureFilter struct {
	Code      profile.ODSCode
	State     ClosureState
	TakenBack bool // those that were taken back, too
	Most      int
}

// Closures lists closures, the newest first.
func (s *Store) Closures(ctx context.Context, f ClosureFilter) ([]ListedClosure, error) {
	rows, err := s.q.Closures(ctx, casesql.ClosuresParams{
		Code: string(f.Code), State: string(f.State), TakenBack: f.TakenBack, Most: min(f.Most, 1<<30),
	})
	listed := make([]ListedClosure, len(rows))
	for i, r := range rows {
		listed[i] = ListedClosure{
			State: ClosureState(r.State),
			Closure: Closure{
				Code: r.Code, Said: r.Said, SaidBy: r.SaidBy, Reason: r.Reason, Confirmed: r.Confirmed, ConfirmedBy: r.ConfirmedBy,
				Successor: r.Successor,
			},
			Name: r.Name, Status: r.Status, TakenBack: r.TakenBack, TakenBackBy: r.TakenBackBy,
		}
	}
	return listed, postgres.Wrap(err, "listing closures")
}

// ClosureStep is a step of a closure: who takes it, and why.
type ClosureStep struct {
	Code          profile.ODSCode
	Successor     profile.ODSCode // of Confirm: the place that follows; empty for none
	Actor, Reason string          // neither is empty
}

// The refusals of Say, Confirm and TakeBack.
var (
	ErrClosedAlready = errors.New("the register says that it has closed, so there is nothing to say")
	ErrNotSaid       = errors.New("nobody has said that it has closed, so there is nothing to take back")
	ErrBadSuccessor  = errors.New("the place that follows must be another one that is open")
	ErrOtherFollows  = errors.New("it is confirmed already, and not with that place that follows: take it back first")
)

// Say notes a board's word that a place has closed. What stands already is returned as it
// is. Errors are ErrClosedAlready and postgres.ErrNotFound.
func (s *Store) Say(ctx context.Context, step ClosureStep) (stands Closure, err error) {
	err = s.closure(ctx, step, func(q *casesql.Queries, is standingClosure) error {
		if stands = is.Closure; is.found {
			return nil
		}
		if is.Status == profile.StatusClosed {
			return ErrClosedAlready
		}
		if err := q.SayClosed(ctx, casesql.SayClosedParams{Code: step.Code, Actor: step.Actor, Reason: step.Reason}); err != nil {
			return err
		}
		stands, err = readClosure(ctx, q, step.Code)
		return err
	})
	return stands, err
}

// Confirm hides the profile of a place that has closed, and has sinks told that it is
// closed. What was confirmed already is returned as it is. Errors are ErrClosedAlready,
// ErrBadSuccessor, ErrOtherFollows and postgres.ErrNotFound.
func (s *Store) Confirm(ctx context.Context, step ClosureStep) (stands Closure, err error) {
	err = s.closure(ctx, step, func(q *casesql.Queries, is standingClosure) error {
		if stands = is.Closure; !stands.Confirmed.IsZero() {
			return stands.refuseOther(step.Successor)
		}
		if is.Status == profile.StatusClosed {
			return ErrClosedAlready
		}
		if err := follows(ctx, q, step); err != nil {
			return err
		}
		if !is.found {
			err := q.SayClosed(ctx, casesql.SayClosedParams{Code: step.Code, Actor: step.Actor, Reason: step.Reason})
			if err != nil {
				return err
			}
		}
		if err := q.Hide(ctx, step.Code); err != nil {
			return err
		}
		err := all(1)(q.ConfirmClosed(ctx, casesql.ConfirmClosedParams{
			Code: step.Code, Actor: step.Actor, Reason: step.Reason, Successor: step.Successor, Hides: !is.Hidden,
		}))
		if err != nil {
			return err
		}
		if stands, err = readClosure(ctx, q, step.Code); err != nil {
			return err
		}
		return q.PushClosure(ctx, step.Code)
	})
	return stands, err
}

// TakeBack ends what was said and confirmed: sinks are told what the register says. The
// profile is shown again if the confirmation hid it and nobody has changed that since.
// Errors are ErrNotSaid and postgres.ErrNotFound.
func (s *Store) TakeBack(ctx context.Context, step ClosureStep) (was Closure, err error) {
	err = s.closure(ctx, step, func(q *casesql.Queries, is standingClosure) error {
		if was = is.Closure; !is.found {
			return ErrNotSaid
		}
		if err := q.ShowAgain(ctx, step.Code); err != nil {
			return err
		}
		params := casesql.TakeClosedBackParams{Code: step.Code, Actor: step.Actor, Reason: step.Reason}
		if err := all(1)(q.TakeClosedBack(ctx, params)); err != nil || was.Confirmed.IsZero() {
			return err
		}
		return q.PushClosure(ctx, step.Code)
	})
	return was, err
}

// standingClosure is a profile, and what stands about its closure.
type standingClosure struct {
	Closure

	Status profile.Status
	Hidden bool
	found  bool // somebody has said that it has closed
}

// closure takes a step in one transaction that keeps everybody else from writing the profile.
func (s *Store) closure(ctx context.Context, step ClosureStep, take func(*casesql.Queries, standingClosure) error) error {
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		q := casesql.New(tx)
		if err := q.SetWriter(ctx, casesql.SetWriterParams{Actor: step.Actor, Reason: step.Reason}); err != nil {
			return err
		}
		locked, err := q.LockProfileToClose(ctx, step.Code)
		if errors.Is(err, pgx.ErrNoRows) {
			err = postgres.ErrNotFound
		}
		if err != nil {
			return err
		}
		is := standingClosure{Status: locked.Status, Hidden: locked.Hidden}
		is.Closure, err = readClosure(ctx, q, step.Code)
		if is.found = err == nil; !is.found && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		return take(q, is)
	})
	for _, refusal := range []error{ErrClosedAlready, ErrNotSaid, ErrBadSuccessor, ErrOtherFollows} {
		if errors.Is(err, refusal) {
			return fmt.Errorf("%s: %w", step.Code, err)
		}
	}
	return postgres.Wrap(err, "closure of "+string(step.Code))
}

func readClosure(ctx context.Context, q *casesql.Queries, code profile.ODSCode) (Closure, error) {
	r, err := q.StandingClosure(ctx, code)
	if err != nil {
		return Closure{}, err
	}
	return Closure(r), nil
}

// refuseOther refuses another successor than the one that was confirmed.
func (c Closure) refuseOther(successor profile.ODSCode) error {
	if successor != "" && successor != c.Successor {
		return ErrOtherFollows
	}
	return nil
}

// follows checks that the place that follows is another one that is open.
func follows(ctx context.Context, q *casesql.Queries, step ClosureStep) error {
	if step.Successor == "" {
		return nil
	}
	open, err := q.IsOpen(ctx, step.Successor)
	if err == nil && (!open || step.Successor == step.Code) {
		err = ErrBadSuccessor
	}
	return err
}
