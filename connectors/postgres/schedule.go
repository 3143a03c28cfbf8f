package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/profilesync/profilesync/connectors/postgres/dbsqlc"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// What must never stop, as it stands in the table of progress.
const (
	ActivityDispatch = "dispatch"
	ActivityTick     = "tick"
)

// Ledger is the record of what was due, within one transaction.
type Ledger struct {
	tx pgx.Tx
	q  *dbsqlc.Queries
}

// WithLedger gives work the ledger, to itself: no two processes queue the same
// tick.
func (db *DB) WithLedger(ctx context.Context, work func(*Ledger) error) error {
	err := inTx(ctx, db, func(q *dbsqlc.Queries, tx pgx.Tx) error {
		if err := errors.Join(q.LimitLedger(ctx), q.LockSchedules(ctx)); err != nil {
			return fmt.Errorf("locking the schedules: %w", explain(err))
		}
		if err := work(&Ledger{tx: tx, q: q}); err != nil {
			return err
		}
		return q.NoteProgress(ctx, ActivityTick)
	})
	return err
}

// Tx is the transaction in which jobs that are due are queued.
func (l *Ledger) Tx() pgx.Tx { return l.tx }

// Last returns when a schedule was due last; ok is false for one never seen.
func (l *Ledger) Last(ctx context.Context, name string) (due time.Time, ok bool, err error) {
	last, err := l.q.LastDue(ctx, name)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("schedule %s: %w", name, err)
	}
	return last.Time, true, nil
}

// Record says that a schedule was due, and which job was queued for it; 0 for
// none.
func (l *Ledger) Record(ctx context.Context, name string, due time.Time, job int64) error {
	err := l.q.InsertScheduleRun(ctx, dbsqlc.InsertScheduleRunParams{
		Name: name, DueAt: pgtype.Timestamptz{Time: due, Valid: true}, JobID: optional(job),
	})
	return wrap(err, "schedule "+name)
}

// RunOfJob returns the run that a job began, or 0.
func (s *Store) RunOfJob(ctx context.Context, job int64) (runs.ID, error) {
	id, err := s.q.RunOfJob(ctx, &job)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return runs.ID(id), wrap(err, "looking for the run of a job")
}

// LastETag is the entity tag of the last accepted listing of a report; empty
// where there is none.
func (s *Store) LastETag(ctx context.Context, source profile.Source, report string) (string, error) {
	last, err := s.q.LastListing(ctx, dbsqlc.LastListingParams{Source: string(source), Report: report})
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return last.Etag, wrap(err, "reading the last listing")
}

// Prune removes what nobody needs any more: plans of runs that ended and entries
// of the ledger from before an instant, and uploads without a run.
func (s *Store) Prune(ctx context.Context, before time.Time) error {
	at := pgtype.Timestamptz{Time: before, Valid: true}
	if _, err := s.q.PrunePlans(ctx, at); err != nil {
		return wrap(err, "removing old plans")
	}
	if err := s.q.PruneUploads(ctx); err != nil {
		return wrap(err, "removing old uploads")
	}
	if err := s.q.PruneSchedules(ctx, at); err != nil {
		return wrap(err, "removing old schedule entries")
	}
	return wrap(s.q.PruneProcesses(ctx), "removing old processes")
}

// Watermark is how far an incremental pull has come; zero where it never ran.
func (s *Store) Watermark(ctx context.Context, source profile.Source, stream string) (profile.Date, error) {
	until, err := s.q.GetWatermark(ctx, dbsqlc.GetWatermarkParams{Source: string(source), Stream: stream})
	if errors.Is(err, pgx.ErrNoRows) {
		return profile.Date{}, nil
	}
	return fromDate(until), wrap(err, "reading the watermark")
}
