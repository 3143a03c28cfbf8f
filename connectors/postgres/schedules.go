package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres/dbsql"
)

// The activities that must never stop, as named in the table of progress.
const (
	ActivityDispatch = "dispatch"
	ActivityTick     = "tick"
)

// Ledger is the record of which schedules were due, within one transaction.
type Ledger struct {
	tx pgx.Tx
	q  *dbsql.Queries
}

// WithLedger runs work with exclusive use of the ledger, so that no two
// processes queue the same tick.
func (db *DB) WithLedger(ctx context.Context, work func(*Ledger) error) error {
	err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		q := dbsql.New(tx)
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

// Last returns when a schedule was last due; ok is false if it has no entry.
func (l *Ledger) Last(ctx context.Context, name string) (due time.Time, ok bool, err error) {
	last, err := l.q.LastDue(ctx, name)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("schedule %s: %w", name, err)
	}
	return last, true, nil
}

// Record stores that a schedule was due, and the id of the job queued for it; 0
// for none.
func (l *Ledger) Record(ctx context.Context, name string, due time.Time, job int64) error {
	err := l.q.InsertScheduleRun(ctx, dbsql.InsertScheduleRunParams{
		Name: name, DueAt: due, JobID: optional(job),
	})
	return Wrap(err, "schedule "+name)
}

// Prune removes entries of the ledger from before an instant, and processes
// whose work was given away.
func (db *DB) Prune(ctx context.Context, before time.Time) error {
	if err := db.q.PruneSchedules(ctx, before); err != nil {
		return Wrap(err, "removing old schedule entries")
	}
	return Wrap(db.q.PruneProcesses(ctx), "removing old processes")
}
