package accessstore

import (
	"cmp"
	"context"
	"errors"
	"math"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore/accesssql"
)

// Outcome is what became of an action.
type Outcome string

// The outcomes.
const (
	Begun     Outcome = "begun"     // it is being done, or was cut off
	Done      Outcome = "done"      //
	Refused   Outcome = "refused"   // the request was wrong, or came too late
	Failed    Outcome = "failed"    // it could not be done
	Forbidden Outcome = "forbidden" // the actor may not do it; it was not begun
)

// Action is something that somebody did, or tried to do.
type Action struct {
	ID        int64     `json:"id"`
	At        time.Time `json:"at"`
	Actor     string    `json:"actor"`
	Person    bool      `json:"person"`
	Verb      string    `json:"verb"`
	Operation string    `json:"operation"`
	Subject   string    `json:"subject,omitempty"`
	Request   string    `json:"request,omitempty"`
	Outcome   Outcome   `json:"outcome"`
	Ended     time.Time `json:"ended,omitzero"`
}

// BeginAction writes that an action begins, and returns its id.
func (s *Store) BeginAction(ctx context.Context, a Action) (int64, error) {
	id, err := s.q.BeginAction(ctx, accesssql.BeginActionParams{
		Actor: a.Actor, Person: a.Person, Verb: a.Verb, Operation: a.Operation, Subject: a.Subject, Request: a.Request,
	})
	return id, postgres.Wrap(err, "auditing "+a.Operation)
}

// ForbidAction writes that an action was not begun, since the actor may not do it.
func (s *Store) ForbidAction(ctx context.Context, a Action) error {
	return postgres.Wrap(s.q.NoteAction(ctx, accesssql.NoteActionParams{
		Actor: a.Actor, Person: a.Person, Verb: a.Verb, Operation: a.Operation, Subject: a.Subject, Request: a.Request,
		Outcome: string(Forbidden),
	}), "auditing "+a.Operation)
}

var errEnded = errors.New("its outcome is known already")

// EndAction writes the outcome of an action that was begun, once.
func (s *Store) EndAction(ctx context.Context, id int64, outcome Outcome) error {
	ended, err := s.q.EndAction(ctx, accesssql.EndActionParams{ID: id, Outcome: string(outcome)})
	if err == nil && ended == 0 {
		err = errEnded
	}
	return postgres.Wrap(err, "auditing the outcome of an action")
}

// ActionFilter selects actions.
type ActionFilter struct {
	Actor  string // empty for all
	Before int64  // only what came before this action; 0 for all
	Most   int    // at most so many
}

// Actions lists actions, the newest first.
func (s *Store) Actions(ctx context.Context, f ActionFilter) ([]Action, error) {
	rows, err := s.listActions(ctx, f)
	list := make([]Action, len(rows))
	for i, r := range rows {
		list[i] = Action{
			ID: r.ID, At: r.At, Actor: r.Actor, Person: r.Person, Verb: r.Verb, Operation: r.Operation, Subject: r.Subject,
			Request: r.Request, Outcome: Outcome(r.Outcome), Ended: r.EndedAt,
		}
	}
	return list, postgres.Wrap(err, "listing actions")
}

func (s *Store) listActions(ctx context.Context, f ActionFilter) ([]accesssql.Action, error) {
	before := cmp.Or(f.Before, math.MaxInt64)
	if f.Actor == "" {
		return s.q.ListActions(ctx, accesssql.ListActionsParams{Before: before, Most: f.Most})
	}
	return s.q.ListActionsOf(ctx, accesssql.ListActionsOfParams{Actor: f.Actor, Before: before, Most: f.Most})
}
