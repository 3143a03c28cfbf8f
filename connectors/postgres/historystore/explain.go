package historystore

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/historystore/historysql"
	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Explain returns everything that is stored of how a profile came to be what it is, as of
// one moment; postgres.ErrNotFound if there is no such profile.
func (s *Store) Explain(ctx context.Context, code profile.ODSCode) (all Explained, err error) {
	err = pgx.BeginTxFunc(ctx, s.db, oneMoment, func(tx pgx.Tx) error {
		if all.Told, err = readTold(ctx, tx, code); err != nil {
			return err
		}
		return read(ctx, tx, &all, readWithheld, readReasons, readAhead, readClosures, readPushes, readDrift)
	})
	return all, postgres.Wrap(err, "history of "+string(code))
}

func readTold(ctx context.Context, tx pgx.Tx, code profile.ODSCode) (told history.Told, err error) {
	if told.Now, err = standing(ctx, tx, code); err != nil {
		return told, err
	}
	if told.Changes, err = changes(ctx, tx, code); err != nil {
		return told, err
	}
	return told, read(ctx, tx, &told, readTakenBack, readRuns, readHolds)
}

// read makes the given readings, each of which adds what it read.
func read[T any](ctx context.Context, tx pgx.Tx, to *T, readings ...func(context.Context, *historysql.Queries, *T) error) error {
	for _, reading := range readings {
		if err := reading(ctx, historysql.New(tx), to); err != nil {
			return err
		}
	}
	return nil
}

func readTakenBack(ctx context.Context, q *historysql.Queries, told *history.Told) error {
	rows, err := q.TakenBack(ctx, told.Now.Code)
	for _, r := range rows {
		told.TakenBack = append(told.TakenBack, history.TakenBack{
			Change: r.ChangeID, Transaction: r.Transaction, Actor: r.Actor, Reason: r.Reason, At: r.At,
		})
	}
	return err
}

func readRuns(ctx context.Context, q *historysql.Queries, told *history.Told) error {
	rows, err := q.RunsBehind(ctx, told.Now.Code)
	told.Runs = make(map[runs.ID]history.Run, len(rows))
	for _, r := range rows {
		told.Runs[r.ID] = history.Run{
			ID: r.ID, Kind: r.Kind, Source: r.Source, Report: r.Report, Layout: r.Layout, AsOf: r.AsOf, Actor: r.Actor,
			Parent: runs.ID(r.Parent), At: r.At,
		}
	}
	return err
}

func readWithheld(ctx context.Context, q *historysql.Queries, told *Explained) error {
	rows, err := q.WithheldOf(ctx, historysql.WithheldOfParams{Runs: numbers(told.Runs), Code: told.Now.Code})
	for _, r := range rows {
		told.Withheld = append(told.Withheld, Withheld{
			Planned: Planned{Run: r.RunID, Field: r.Field}, Old: r.Old, New: r.New, Reason: r.Withheld, Waits: r.Waits,
			Decision: r.Decision, In: runs.ID(r.DecidedIn), By: r.DecidedBy, At: r.DecidedAt,
		})
	}
	return err
}

func readReasons(ctx context.Context, q *historysql.Queries, told *Explained) error {
	rows, err := q.ReasonsOf(ctx, historysql.ReasonsOfParams{Runs: numbers(told.Runs), Code: told.Now.Code})
	told.Reasons = make(map[Planned]runs.Reason, len(rows))
	for _, r := range rows {
		told.Reasons[Planned{Run: r.RunID, Field: r.Field}] = r.Reason
	}
	return err
}

func readAhead(ctx context.Context, q *historysql.Queries, told *Explained) error {
	rows, err := q.AheadOf(ctx, historysql.AheadOfParams{Runs: numbers(told.Runs), Code: told.Now.Code})
	told.Ahead = make(map[Planned]Ahead, len(rows))
	for _, r := range rows {
		told.Ahead[Planned{Run: runs.ID(r.RunID), Field: r.Field}] = Ahead{Plan: r.PlanID, By: r.Actor, At: r.CreatedAt}
	}
	return err
}

func readHolds(ctx context.Context, q *historysql.Queries, told *history.Told) error {
	rows, err := q.HoldsOf(ctx, told.Now.Code)
	for _, r := range rows {
		told.Holds = append(told.Holds, history.Hold{
			Field: r.Field, Sink: push.Sink(r.Sink), Until: r.Until, Reason: r.Reason, Actor: r.Actor, At: r.At, Removed: r.RemovedAt,
			RemovedBy: r.RemovedBy,
		})
	}
	return err
}

func readClosures(ctx context.Context, q *historysql.Queries, told *Explained) error {
	rows, err := q.ClosuresOf(ctx, string(told.Now.Code))
	for _, r := range rows {
		told.Closures = append(told.Closures, ClosureStep{
			Step: ClosureColumn(r.Field), By: r.By, Reason: r.Reason, At: r.At, Successor: profile.ODSCode(r.Successor),
		})
	}
	return err
}

func readPushes(ctx context.Context, q *historysql.Queries, told *Explained) error {
	rows, err := q.PushesOf(ctx, told.Now.Code)
	if err != nil {
		return err
	}
	for _, r := range rows {
		p := Push{
			Sink: r.Sink, Route: r.Route, State: r.State, Reason: r.Reason, Number: r.Sequence, SentAt: r.SentAt, Unclear: r.Unclear,
			AcceptedNumber: r.AcceptedSequence, Accepted: r.AcceptedAt, SeenAt: r.SeenAt, LeftOut: map[string]string{},
		}
		var left []struct {
			Field  string `json:"field"`
			Reason string `json:"reason"`
		}
		if err := json.Unmarshal(r.LeftOut, &left); err != nil {
			return fmt.Errorf("what the push to %s left out: %w", r.Sink, err)
		}
		for _, l := range left {
			p.LeftOut[l.Field] = l.Reason
		}
		if err := json.Unmarshal(r.Sent, &p.Sent); err != nil {
			return fmt.Errorf("what was sent to %s: %w", r.Sink, err)
		}
		told.Pushes = append(told.Pushes, p)
	}
	return nil
}

func readDrift(ctx context.Context, q *historysql.Queries, told *Explained) error {
	rows, err := q.DriftOf(ctx, told.Now.Code)
	for _, r := range rows {
		told.Drift = append(told.Drift, Drift{
			Sink: r.Sink, Entry: r.Entry, Field: r.Field, Want: r.Want, Shown: r.Shown, At: r.StartedAt,
		})
	}
	return err
}

func numbers(of map[runs.ID]history.Run) []int64 {
	ids := make([]int64, 0, len(of))
	for id := range of {
		ids = append(ids, int64(id))
	}
	return ids
}
