package postgres

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres/dbsqlc"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// staging creates the working tables of a run.
//
//go:embed staging.sql
var staging string

// Session works the runs of one source, on a connection of its own. It holds
// the source's lock, so that two runs never overlap; Postgres frees the lock
// and drops the working tables when the session ends, however it ends.
type Session struct {
	conn *pgx.Conn
	q    *dbsqlc.Queries
}

// Session waits for the source's lock.
func (s *Store) Session(ctx context.Context, source profile.Source) (*Session, error) {
	conn, err := s.connect(ctx, runLimits, map[string]string{"temp_buffers": "64MB"}) // a staged listing stays in memory
	if err != nil {
		return nil, wrap(err, "a run")
	}
	session := &Session{conn: conn, q: dbsqlc.New(conn)}
	if err := session.q.LockRunsOf(ctx, string(source)); err != nil {
		session.Close()
		return nil, fmt.Errorf("locking the source: %w", explain(err))
	}
	return session, nil
}

// Alive reports whether the connection, and so the lock, still stands.
func (x *Session) Alive() bool { return !x.conn.IsClosed() }

// Close frees the lock before it returns: the server notices that a connection
// has ended a moment later, and until then the next run would find it held.
func (x *Session) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = x.q.UnlockAll(ctx) // fails on a broken connection, whose end frees the lock as well
	_ = x.conn.Close(ctx)
}

// Run returns a run as it stands, and marks it as being worked.
func (x *Session) Run(ctx context.Context, id runs.ID) (runs.Run, error) {
	if err := x.q.StartRun(ctx, int64(id)); err != nil {
		return runs.Run{}, fmt.Errorf("starting run %d: %w", id, explain(err))
	}
	return getRun(ctx, x.q, id)
}

// Draft begins to plan a run, in one transaction: unless Seal is called,
// nothing of it remains. A run that is not stored yet (a preview) gets a number
// that vanishes with the draft. The types are those the run's report covers.
func (x *Session) Draft(ctx context.Context, run runs.Run, types []profile.OrgType) (*Draft, error) {
	tx, err := x.conn.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("beginning a plan: %w", err)
	}
	d := &Draft{tx: tx, q: dbsqlc.New(tx), run: run, types: types}
	if err := d.prepare(ctx); err != nil {
		d.Discard()
		return nil, err
	}
	return d, nil
}
