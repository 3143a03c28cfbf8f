package casestore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/casestore/casesql"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Listed is a case as lists show it.
type Listed struct {
	ID       int64             `json:"case"`
	Kind     cases.Kind        `json:"kind"`
	State    cases.State       `json:"state"`
	Title    string            `json:"title"`
	Next     string            `json:"next"`
	Owner    cases.Owner       `json:"owner"` // by now
	Subject  string            `json:"subject"`
	About    string            `json:"about,omitempty"`
	Code     profile.ODSCode   `json:"code,omitempty"`
	Board    profile.ODSCode   `json:"board,omitempty"`
	Facts    map[string]string `json:"facts"`
	Since    time.Time         `json:"since"`
	Opened   time.Time         `json:"opened_at"`
	Openings int               `json:"openings"`
	Deadline profile.Date      `json:"deadline"`
	WaitsFor string            `json:"waits_for,omitempty"`
	Until    profile.Date      `json:"until,omitzero"`
	Reason   string            `json:"reason,omitempty"`
	By       string            `json:"decided_by,omitempty"`
	Gone     time.Time         `json:"gone_at,omitzero"`
}

// Filter picks cases; empty parts pick all that stand.
type Filter struct {
	ID     int64
	Kinds  []cases.Kind
	Code   profile.ODSCode
	Board  profile.ODSCode
	Opened time.Time // those that opened until then; zero for any
	Gone   bool      // those that are gone, too
}

// List lists cases: what holds up most, and what is due first, comes first.
func (s *Store) List(ctx context.Context, f Filter, at cases.Moment) ([]Listed, error) {
	if f.Opened.IsZero() {
		f.Opened = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	rows, err := s.q.ListCases(ctx, casesql.ListCasesParams{
		ID: f.ID, Gone: f.Gone, Kinds: postgres.Texts(f.Kinds), Code: string(f.Code), Board: string(f.Board), OpenedBefore: f.Opened,
		OrderOfKinds: postgres.Texts(cases.Kinds()),
	})
	listed := make([]Listed, len(rows))
	for i, r := range rows {
		var bad error
		listed[i], bad = toListed(r, at)
		err = errors.Join(err, bad)
	}
	return listed, postgres.Wrap(err, "listing cases")
}

func toListed(r casesql.Case, at cases.Moment) (Listed, error) {
	stored, err := toStored(r)
	return Listed{
		ID: r.ID, Kind: r.Kind, State: r.State, Title: stored.Title(), Next: stored.Next(), Owner: stored.Owner(at),
		Subject: r.Subject, About: r.About, Code: r.Code, Board: r.Board, Facts: stored.Facts, Since: r.Since, Opened: r.OpenedAt,
		Openings: r.Openings, Deadline: r.Deadline, WaitsFor: r.WaitsFor, Until: r.Until, Reason: r.Reason, By: r.DecidedBy, Gone: r.GoneAt,
	}, err
}

// Step is one step in the history of a case.
type Step struct {
	At       time.Time         `json:"at"`
	Step     string            `json:"step"`
	Actor    string            `json:"actor"`
	Role     string            `json:"database_role"`
	WaitsFor string            `json:"waits_for,omitempty"`
	Until    profile.Date      `json:"until,omitzero"`
	Reason   string            `json:"reason,omitempty"`
	Facts    map[string]string `json:"facts"`
}

// Told is who was told of a case.
type Told struct {
	To     string       `json:"to"` // an account as u-4711, or a list as list-QOX
	News   cases.News   `json:"news"`
	Day    profile.Date `json:"day"`
	Letter string       `json:"letter"` // the state of the letter; left-out if that did not tell it after all
}

// History returns every step of a case, and who was told of it, in order.
func (s *Store) History(ctx context.Context, id int64) (steps []Step, told []Told, err error) {
	rows, err := s.q.StepsOfCase(ctx, id)
	for _, r := range rows {
		step := Step{
			At: r.At, Step: r.Step, Actor: r.Actor, Role: r.DatabaseRole, WaitsFor: r.WaitsFor, Until: r.Until, Reason: r.Reason,
		}
		err = errors.Join(err, json.Unmarshal(r.Facts, &step.Facts))
		steps = append(steps, step)
	}
	if err != nil {
		return nil, nil, postgres.Wrap(err, "reading the history of a case")
	}
	letters, err := s.q.ToldOfCase(ctx, id)
	for _, r := range letters {
		told = append(told, Told{To: r.Recipient, News: r.News, Day: r.Day, Letter: r.State})
	}
	return steps, told, postgres.Wrap(err, "reading who was told of a case")
}

// Decision is what a person decides about a case: that it waits for somebody until a
// day, that it is set aside until a day, or that it is open again.
type Decision struct {
	State    cases.State // Waiting, SetAside or Open
	WaitsFor string      // for Waiting
	Until    profile.Date
	Reason   string
	Actor    string
}

// ErrMoved means that the case is not as the person saw it: it has gone meanwhile.
var ErrMoved = errors.New("it has gone meanwhile")

// Decide stores what a person decided about a case as they saw it.
func (s *Store) Decide(ctx context.Context, seen Listed, d Decision) error {
	return postgres.Wrap(pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		q := casesql.New(tx)
		if err := q.SetWriter(ctx, casesql.SetWriterParams{Actor: d.Actor, Reason: d.Reason}); err != nil {
			return err
		}
		params := casesql.DecideCaseParams{
			ID: seen.ID, Openings: seen.Openings, State: d.State, WaitsFor: d.WaitsFor, Until: d.Until, Reason: d.Reason, Actor: d.Actor,
		}
		decided, err := q.DecideCase(ctx, params)
		if err == nil && decided == 0 {
			err = ErrMoved
		}
		return err
	}), fmt.Sprintf("deciding on case %d", seen.ID))
}
