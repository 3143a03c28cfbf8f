package runstore

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Session works the runs of one source, on a connection of its own. It holds
// the source's lock, so that two runs never overlap; Postgres frees the lock
// and drops the working tables when the session ends, however it ends.
//
// Its plan is one transaction, from OpenPlan to Seal or DiscardPlan.
type Session struct {
	*postgres.Conn

	db *postgres.DB
	q  *runsql.Queries
	draft
}

// draft is a plan that is not sealed yet.
type draft struct {
	run   runs.Run // has a number even for a preview
	tx    pgx.Tx
	plan  *runsql.Queries // in the transaction of the plan
	rows  int             // written to the plan
	ahead int             // of them approved ahead
}

// Lock waits for the source's lock.
func (s *Store) Lock(ctx context.Context, source profile.Source) (*Session, error) {
	conn, err := s.db.ConnectForRun(ctx)
	if err != nil {
		return nil, postgres.Wrap(err, "a run")
	}
	session := &Session{Conn: conn, db: s.db, q: runsql.New(conn)}
	if err := session.q.LockRunsOf(ctx, string(source)); err != nil {
		session.Close()
		return nil, postgres.Wrap(err, "locking the source")
	}
	return session, nil
}

// Run returns a run in its current state.
func (x *Session) Run(ctx context.Context, id runs.ID) (runs.Run, error) { return getRun(ctx, x.q, id) }

// Start marks a run as being worked, and returns it in its current state.
func (x *Session) Start(ctx context.Context, id runs.ID) (runs.Run, error) {
	if err := x.q.StartRun(ctx, id); err != nil {
		return runs.Run{}, postgres.Wrap(err, fmt.Sprintf("starting run %d", id))
	}
	return getRun(ctx, x.q, id)
}

// OpenPlan begins the transaction of a plan. A run that is not stored yet (a
// preview) gets a number that vanishes with its plan.
func (x *Session) OpenPlan(ctx context.Context, run runs.Run) error {
	tx, err := x.Begin(ctx)
	if err != nil {
		return fmt.Errorf("beginning a plan: %w", err)
	}
	x.draft = draft{run: run, tx: tx, plan: runsql.New(tx)}
	if run.ID == 0 {
		if x.run.ID, err = insertRun(ctx, x.plan, run, true); err != nil {
			x.DiscardPlan()
			return postgres.Wrap(err, "beginning a plan")
		}
	}
	return nil
}

// Planned is the run being planned; it has a number even for a preview.
func (x *Session) Planned() runs.Run { return x.run }

// Plan is the transaction of the plan.
func (x *Session) Plan() pgx.Tx { return x.tx }

// DiscardPlan rolls the plan back. It does nothing after Seal, or before a plan
// was begun.
func (x *Session) DiscardPlan() {
	if x.tx != nil {
		_ = x.tx.Rollback(context.Background())
	}
}

// big plans make tables grow by so much that old statistics mislead.
const big = 5 * chunk

// Seal stores the plan: from here on the run is applied, by another process if
// this one dies.
func (x *Session) Seal(ctx context.Context, summary runs.Summary, stamp runs.Stamp) error {
	stored, err := json.Marshal(summary)
	if err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	if x.rows >= big {
		if err := x.plan.AnalyzePlan(ctx); err != nil {
			return postgres.Wrap(err, "sealing the plan")
		}
	}
	err = x.plan.SealPlan(ctx, runsql.SealPlanParams{
		ID: x.run.ID, Digest: summary.Digest, Etag: stamp.ETag, ListingDigest: stamp.Digest, Boards: stamp.Boards, Layout: stamp.Layout,
		Summary: stored,
	})
	if err != nil {
		return postgres.Wrap(err, "sealing the plan")
	}
	if x.ahead > 0 {
		if err := planstore.UseUp(ctx, x.tx, x.run.ID); err != nil {
			return err
		}
	}
	if err := x.forgetBytes(ctx); err != nil {
		return postgres.Wrap(err, "sealing the plan")
	}
	return postgres.Wrap(x.tx.Commit(ctx), "sealing the plan")
}

// forgetBytes has the next listing of the report read completely, unless this run
// becomes the one that it is compared with: the bytes of the last accepted one no
// longer say what is accepted of its records.
func (x *Session) forgetBytes(ctx context.Context) error {
	if x.rows == 0 || !x.run.Kind.Pulls() {
		return nil
	}
	return x.plan.ForgetBytes(ctx, runsql.ForgetBytesParams{Source: x.run.Source, Report: x.run.Report})
}

// Summarise counts and digests what the plan would do now, without the changes
// withheld so far. A decision names what it leaves out.
func (x *Session) Summarise(ctx context.Context) (summary runs.Summary, err error) {
	summary = runs.NewSummary(x.run)
	if summary.Digest, err = x.plan.PlanDigest(ctx, runsql.PlanDigestParams{RunID: x.run.ID}); err != nil {
		return summary, postgres.Wrap(err, "digesting the plan")
	}
	if err := countWaiting(ctx, x.plan, x.run, &summary); err != nil {
		return summary, err
	}
	if err := nameLeftOut(ctx, x.plan, x.run.ID, &summary); err != nil {
		return summary, err
	}
	if summary.ApprovedAhead, err = planstore.Count(ctx, x.tx, x.run.ID); err != nil {
		return summary, err
	}
	return summary, count(ctx, x.plan, x.run, &summary)
}
