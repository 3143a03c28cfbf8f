package pushstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore/pushsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// pushedTo lists the sinks that have routes.
func pushedTo(routes push.Routes) (sinks []string) {
	for _, sink := range push.Sinks() {
		if routes[sink] != nil {
			sinks = append(sinks, string(sink))
		}
	}
	return sinks
}

// routeRows lists the routes: sink, type, name.
func routeRows(routes push.Routes) (sinks, types, names []string) {
	for _, sink := range pushedTo(routes) {
		for _, orgType := range profile.OrgTypes() {
			if route, ok := routes[push.Sink(sink)][orgType]; ok {
				sinks, types, names = append(sinks, sink), append(types, string(orgType)), append(names, route.Name)
			}
		}
	}
	return sinks, types, names
}

// Dispatch is one round of turning changes into pushes, in one transaction that
// no other process runs at the same time. The transaction itself holds the lock,
// so a process that loses the lock with its session also loses what it wrote.
type Dispatch struct {
	tx     pgx.Tx
	q      *pushsql.Queries
	routes push.Routes
}

// WithDispatch runs work in a round of its own. It reports false, and does
// nothing, while another process runs a round. The first round after the database was
// restored from a backup notes that each sink has to be read before it is sent anything, and
// ends all sessions: whoever was signed out after the backup is not signed in again.
func (s *Store) WithDispatch(ctx context.Context, routes push.Routes, work func(*Dispatch) error) (ours bool, err error) {
	err = s.inTx(ctx, func(q *pushsql.Queries, tx pgx.Tx) error {
		row, err := q.TryLockDispatch(ctx)
		if err != nil {
			return postgres.Wrap(err, "locking the dispatcher")
		}
		if ours = row.Locked; !ours {
			return nil
		}
		if row.Restored {
			if _, err := q.NoteRestored(ctx); err != nil {
				return postgres.Wrap(err, "noting that the database was restored")
			}
		}
		return work(&Dispatch{tx: tx, q: q, routes: routes})
	})
	return ours, err
}

// NoteProgress records that dispatching is making progress.
func (d *Dispatch) NoteProgress(ctx context.Context) error {
	return postgres.Wrap(d.q.NoteProgress(ctx, postgres.ActivityDispatch), "noting progress")
}

// Tx is the transaction in which the jobs of pushes are queued.
func (d *Dispatch) Tx() pgx.Tx { return d.tx }

// Enrol asks for a push of every profile to each newly configured sink, and to
// each sink that now accepts the profile's type.
func (d *Dispatch) Enrol(ctx context.Context) error {
	params := pushsql.EnrolProfilesParams{Sinks: pushedTo(d.routes)}
	params.RouteSinks, params.RouteTypes, params.Routes = routeRows(d.routes)
	if err := d.q.EnrolRoutes(ctx, pushsql.EnrolRoutesParams{Sinks: params.RouteSinks, Routes: params.Routes}); err != nil {
		return postgres.Wrap(err, "enrolling routes")
	}
	_, err := d.q.EnrolProfiles(ctx, params)
	return postgres.Wrap(err, "enrolling profiles")
}

// FindLost asks again for pushes whose jobs were discarded or cancelled, and for
// those of commands that were killed.
func (d *Dispatch) FindLost(ctx context.Context) error {
	return postgres.Wrap(d.q.FindLostPushes(ctx), "looking for lost pushes")
}

// FindLeftBehind asks again for pushes that changes asked for after the content
// of their last outcome was composed, and that are neither due nor carried by a
// job: the second line of defence. It returns how many there were, which should
// be 0.
func (d *Dispatch) FindLeftBehind(ctx context.Context) (int, error) {
	n, err := d.q.FindLeftBehind(ctx)
	return int(n), postgres.Wrap(err, "looking for pushes left behind")
}

// ReadChanges reads what changed since the last round, each change exactly once and
// none of them late, and asks for the pushes: at once for changes by runs and
// closures today, after editDelay for all others. Then it applies and
// ends holds.
func (d *Dispatch) ReadChanges(ctx context.Context, today profile.Date, editDelay time.Duration) error {
	params := pushsql.ReadChangesParams{Today: today.String(), EditDelay: editDelay, Sinks: pushedTo(d.routes)}
	params.RouteSinks, params.RouteTypes, params.Routes = routeRows(d.routes)
	if _, err := d.q.ReadChanges(ctx, params); err != nil {
		return postgres.Wrap(err, "reading changes")
	}
	return postgres.Wrap(d.q.HoldPushes(ctx, today), "holding pushes")
}

// DuePushes returns pushes to queue, the oldest of each route first, so that no more
// than most pushes of a route have jobs at a time.
func (d *Dispatch) DuePushes(ctx context.Context, most int) ([]push.Due, error) {
	rows, err := d.q.DuePushes(ctx, pushsql.DuePushesParams{Most: most, Sinks: pushedTo(d.routes)})
	if err != nil {
		return nil, postgres.Wrap(err, "looking for due pushes")
	}
	due := make([]push.Due, len(rows))
	for i, r := range rows {
		due[i] = push.Due(r)
	}
	return due, nil
}

// Causes returns what each of the pushes is queued for.
func (d *Dispatch) Causes(ctx context.Context, pushes []push.Due) ([]push.Cause, error) {
	params := pushsql.PushCausesParams{}
	for _, p := range pushes {
		params.Codes, params.Sinks = append(params.Codes, string(p.Code)), append(params.Sinks, string(p.Sink))
	}
	rows, err := d.q.PushCauses(ctx, params)
	if err != nil {
		return nil, postgres.Wrap(err, "looking for the causes of pushes")
	}
	causes := make([]push.Cause, len(rows))
	for i, r := range rows {
		causes[i] = push.Cause{Kind: push.CauseKind(r.Kind), ID: r.ID, At: r.At, Trace: r.Trace}
	}
	return causes, nil
}

// SetPushJobs records the jobs that carry the pushes.
func (d *Dispatch) SetPushJobs(ctx context.Context, pushes []push.Due, jobs []int64) error {
	params := pushsql.SetPushJobsParams{Jobs: jobs}
	for _, p := range pushes {
		params.Codes, params.Sinks = append(params.Codes, string(p.Code)), append(params.Sinks, string(p.Sink))
	}
	return postgres.Wrap(d.q.SetPushJobs(ctx, params), "noting the jobs of pushes")
}

// NextDue returns the time until the next push is due; ok is false when none is.
func (d *Dispatch) NextDue(ctx context.Context) (wait time.Duration, ok bool, err error) {
	seconds, err := d.q.NextDue(ctx, pushedTo(d.routes))
	if err != nil || seconds < 0 {
		return 0, false, postgres.Wrap(err, "looking for the next push")
	}
	return time.Duration(seconds * float64(time.Second)), true, nil
}

// Wakeups calls wake whenever a change or a request for a push is committed,
// until the context ends or the connection breaks.
func (s *Store) Wakeups(ctx context.Context, wake func()) error {
	conn, err := s.db.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("listening for changes: %w", err)
	}
	defer func() { _ = conn.Hijack().Close(context.WithoutCancel(ctx)) }()
	if err := pushsql.New(conn).ListenForWork(ctx); err != nil {
		return postgres.Wrap(err, "listening for changes")
	}
	wake() // for what was committed before it listened
	for {
		if _, err := conn.Conn().WaitForNotification(ctx); err != nil {
			return fmt.Errorf("listening for changes: %w", err)
		}
		wake()
	}
}
