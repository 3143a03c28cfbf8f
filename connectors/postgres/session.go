package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres/dbsqlc"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Session works the runs of one source, on a connection of its own. It holds
// the source's lock, so that two runs never overlap; Postgres frees the lock
// and drops the working tables when the session ends, however it ends.
//
// Its plan is one transaction, from BeginPlan to Seal or DiscardPlan.
type Session struct {
	conn *pgx.Conn
	q    *dbsqlc.Queries
	draft
}

// draft is a plan in the making.
type draft struct {
	run  runs.Run // with a number, also for a preview
	tx   pgx.Tx
	plan *dbsqlc.Queries // in the transaction of the plan
	rows int             // written to the plan
}

// lockRuns waits for the source's lock.
func (s *Store) lockRuns(ctx context.Context, source profile.Source) (*Session, error) {
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

// Start marks a run as being worked, and returns it as it stands.
func (x *Session) Start(ctx context.Context, id runs.ID) (runs.Run, error) {
	if err := x.q.StartRun(ctx, int64(id)); err != nil {
		return runs.Run{}, fmt.Errorf("starting run %d: %w", id, explain(err))
	}
	return getRun(ctx, x.q, id)
}

// beginPlan begins the transaction of a plan. A run that is not stored yet (a
// preview) gets a number that vanishes with its plan.
func (x *Session) beginPlan(ctx context.Context, run runs.Run) error {
	tx, err := x.conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("beginning a plan: %w", err)
	}
	x.draft = draft{run: run, tx: tx, plan: dbsqlc.New(tx)}
	if run.ID == 0 {
		if x.run.ID, err = insertRun(ctx, x.plan, run); err != nil {
			x.DiscardPlan()
			return wrap(err, "beginning a plan")
		}
	}
	return nil
}

// DiscardPlan leaves nothing of the plan. It does nothing after Seal, or before
// a plan was begun.
func (x *Session) DiscardPlan() {
	if x.tx != nil {
		_ = x.tx.Rollback(context.Background())
	}
}

// big plans make tables grow by so much that old statistics mislead.
const big = 5 * chunk

// Seal stores the plan: from here on the run is applied, also by another
// process when this one dies.
func (x *Session) Seal(ctx context.Context, summary runs.Summary, stamp runs.Stamp) error {
	stored, err := json.Marshal(summary)
	if err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	if x.rows >= big {
		if err := x.plan.AnalyzePlan(ctx); err != nil {
			return wrap(err, "sealing the plan")
		}
	}
	err = x.plan.SealPlan(ctx, dbsqlc.SealPlanParams{
		ID: int64(x.run.ID), Digest: summary.Digest, Etag: stamp.ETag, ListingDigest: stamp.Digest[:], Summary: stored,
	})
	if err != nil {
		return wrap(err, "sealing the plan")
	}
	return wrap(x.tx.Commit(ctx), "sealing the plan")
}

// summarise counts and digests what the plan would do now: without what is
// withheld by then.
func (x *Session) summarise(ctx context.Context) (summary runs.Summary, err error) {
	summary = runs.NewSummary(x.run)
	if summary.Digest, err = x.plan.PlanDigest(ctx, dbsqlc.PlanDigestParams{RunID: int64(x.run.ID)}); err != nil {
		return summary, wrap(err, "digesting the plan")
	}
	return summary, count(ctx, x.plan, x.run, &summary)
}
