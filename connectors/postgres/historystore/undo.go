package historystore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/historystore/historysql"
	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// ErrRunWorking means that a run of the register is working, so that nothing of it can
// be taken back now.
var ErrRunWorking = errors.New("a run of the register is working: try again when it has ended (`profilesync runs list`)")

// Wanted says which change is to be taken back, by whom and why.
type Wanted struct {
	Code          profile.ODSCode
	Field         profile.Field
	Change        int64 // by any of its rows; 0 for the newest
	Actor, Reason string
	Today         profile.Date
}

// Undo takes one change of a field back, with all of its fact, in one transaction with the
// audit of it. Errors are those of history.Told.Undo, ErrRunWorking, and
// postgres.ErrNotFound. A change is taken back only once.
func (s *Store) Undo(ctx context.Context, w Wanted) (back history.Reversal, err error) {
	err = pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		q := historysql.New(tx)
		if err := lock(ctx, q, w); err != nil {
			return err
		}
		told, err := readTold(ctx, tx, w.Code)
		if err != nil {
			return err
		}
		if back, err = told.Undo(w.Field, w.Change, w.Today); err != nil {
			return err
		}
		return takeBack(ctx, q, w, back)
	})
	var refused history.RefusedError
	var nothing history.NothingLeftError
	if errors.As(err, &refused) || errors.As(err, &nothing) || errors.Is(err, ErrRunWorking) {
		return back, err
	}
	return back, postgres.Wrap(err, fmt.Sprintf("undo of %s of %s", w.Field, w.Code))
}

// lock keeps everybody else from writing the profile; a run, too, if the register owns
// the field: what it has planned would otherwise start from what is taken back.
func lock(ctx context.Context, q *historysql.Queries, w Wanted) error {
	if w.Field.Owner() == profile.OwnedByODS {
		locked, err := q.TryLockRuns(ctx, string(profile.SourceODS))
		if err == nil && !locked {
			err = ErrRunWorking
		}
		if err != nil {
			return err
		}
	}
	found, err := q.LockProfile(ctx, w.Code)
	if err == nil && found == 0 {
		err = postgres.ErrNotFound
	}
	return err
}

func takeBack(ctx context.Context, q *historysql.Queries, w Wanted, back history.Reversal) error {
	if err := q.SetWriter(ctx, historysql.SetWriterParams{Actor: w.Actor, Reason: w.Reason}); err != nil {
		return err
	}
	if err := q.NoteTakenBack(ctx, back.Changes); err != nil {
		return err
	}
	if err := restoreValues(ctx, q, w.Code, back.Values); err != nil {
		return err
	}
	if err := restoreParts(ctx, q, w.Code, back); err != nil {
		return err
	}
	for _, m := range back.Marks {
		err := q.MarkTakenBack(ctx, historysql.MarkTakenBackParams{
			Code: w.Code, Field: m.Field.String(), Value: m.Value, RunID: m.Run, Actor: w.Actor,
		})
		if err != nil {
			return err
		}
	}
	if len(back.Marks) == 0 {
		return nil
	}
	return q.LookAgain(ctx, historysql.LookAgainParams{Source: profile.SourceODS, Code: w.Code})
}

func restoreValues(ctx context.Context, q *historysql.Queries, code profile.ODSCode, values []history.Value) error {
	if len(values) == 0 {
		return nil
	}
	former := map[string]any{}
	for _, v := range values {
		former[v.Field.String()] = v.Was
		if v.Field == profile.FieldHidden {
			hidden, err := strconv.ParseBool(v.Was)
			if err != nil {
				return err
			}
			former[v.Field.String()] = hidden
		}
	}
	text, err := json.Marshal(former)
	if err != nil {
		return err
	}
	_, err = q.RestoreValues(ctx, historysql.RestoreValuesParams{Former: text, Code: code})
	return err
}

func restoreParts(ctx context.Context, q *historysql.Queries, code profile.ODSCode, back history.Reversal) error {
	for _, p := range back.Remove {
		removed, err := q.RemovePart(ctx, historysql.RemovePartParams{Field: p.Field.String(), Code: code, Part: []byte(p.JSON)})
		if err == nil && removed != 1 {
			err = history.RefusedError(fmt.Sprintf("somebody is changing %s of %s: look again", p.Field, code))
		}
		if err != nil {
			return err
		}
	}
	for _, p := range back.Add {
		if err := q.AddPart(ctx, historysql.AddPartParams{Field: p.Field.String(), Code: code, Part: []byte(p.JSON)}); err != nil {
			return err
		}
	}
	return nil
}
