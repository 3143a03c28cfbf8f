package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres/dbsql"
)

// ErrProcessEnded means that this process was silent for so long that it was
// declared dead, and its work was given to others. It may continue only under a
// new name.
var ErrProcessEnded = errors.New("this process was declared dead, and its work was given to others")

// Process is this program as the database knows it: its sessions and jobs carry
// the name. A name is used once: a process that was declared dead takes a new
// one. A nil Process has no work that another could take over.
type Process struct {
	mutex sync.Mutex
	name  string
}

// NewProcess returns a process with a name that is unique across machines.
func NewProcess() *Process {
	p := new(Process)
	p.Rename()
	return p
}

// Rename takes a new name. No work may be in progress under the old one.
func (p *Process) Rename() {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.name = fmt.Sprintf("%.24s-%d-%.8s", host, os.Getpid(), rand.Text())
}

// Name is the current name.
func (p *Process) Name() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.name
}

// application is the application_name of the process's sessions, 63 bytes at
// most.
func (p *Process) application() string {
	if p == nil {
		return applicationName
	}
	return applicationOf(p.Name())
}

const applicationName = "profilesync"

func applicationOf(process string) string { return applicationName + "/" + process }

// Announcement shows every other program that a process is alive, for as long as
// its session is. The session holds the process's lock; the server ends the
// session after 10 seconds of silence, whatever the cause.
type Announcement struct {
	conn   *pgx.Conn
	q      *dbsql.Queries
	name   string
	id     int64
	server uint32 // the server's process id of the session
}

// Announce announces the process of the store; commands look for one that is a
// daemon. It replaces an earlier announcement whose connection was lost. It
// returns ErrProcessEnded for a process that was declared dead.
func (db *DB) Announce(ctx context.Context, daemon bool, earlier *Announcement) (*Announcement, error) {
	conn, err := db.connect(ctx, livingLimits, nil)
	if err != nil {
		return nil, Wrap(err, "announcing the process")
	}
	a := &Announcement{conn: conn, q: dbsql.New(conn), name: db.process.Name(), server: conn.PgConn().PID()}
	if err := a.take(ctx, daemon, earlier); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		return nil, Wrap(err, "announcing the process")
	}
	return a, nil
}

func (a *Announcement) take(ctx context.Context, daemon bool, earlier *Announcement) (err error) {
	a.id, err = a.q.AnnounceProcess(ctx, a.name)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrProcessEnded
	}
	if err != nil {
		return explain(err)
	}
	if application := applicationOf(a.name); earlier != nil && earlier.name == a.name { // it may still hold the lock
		if err := a.q.TerminateSession(ctx, dbsql.TerminateSessionParams{
			Pid: int(earlier.server), Application: &application,
		}); err != nil {
			return err
		}
	}
	if err := a.q.LockProcess(ctx, a.name); err != nil {
		return err
	}
	if daemon {
		if err := a.q.ShareDaemonLock(ctx); err != nil {
			return err
		}
	}
	return a.Renew(ctx) // if it was declared dead, that was before it took the lock
}

// ID is the number of the process.
func (a *Announcement) ID() int64 { return a.id }

// Renew shows that the process is alive. It returns ErrProcessEnded if the
// process was declared dead, and another error if the connection is lost: call
// Announce again then.
func (a *Announcement) Renew(ctx context.Context) error {
	seen, err := a.q.SeeProcess(ctx, a.name)
	if err == nil && seen == 0 {
		return ErrProcessEnded
	}
	return explain(err)
}

// Stop records that the process has no more work, and ends its announcement.
func (a *Announcement) Stop(ctx context.Context) error {
	return errors.Join(a.q.StopProcess(ctx, a.name), a.Close(ctx))
}

// Close ends the announcement; a few seconds later the process counts as dead.
func (a *Announcement) Close(ctx context.Context) error { return a.conn.Close(ctx) }

// DaemonRuns reports whether a daemon is running on this database.
func (db *DB) DaemonRuns(ctx context.Context) (bool, error) {
	running, err := db.q.DaemonIsRunning(ctx)
	if err != nil {
		return false, fmt.Errorf("looking for a daemon: %w", err)
	}
	return *running, nil
}

// Process is the name of the process that uses this store.
func (db *DB) Process() string { return db.process.Name() }

// silence is how long a process without its lock may be silent. One that lost
// its connection announces itself again within a second or two.
const silence = 4 * time.Second

// ClearGone finds dead processes and makes their jobs available again; it calls
// recovered for each job. First the process is marked as ended: from then on the
// database admits no session of it. Then its sessions are terminated, and its
// work is given away only when none is left: a dead process can no longer write,
// even if it comes back.
func (db *DB) ClearGone(ctx context.Context, recovered func(job int64, kind, process string)) error {
	if err := db.q.NoteUnannounced(ctx); err != nil {
		return Wrap(err, "looking for unannounced processes")
	}
	if err := db.q.EndGoneProcesses(ctx, dbsql.EndGoneProcessesParams{Grace: silence, Judge: db.process.Name()}); err != nil {
		return Wrap(err, "looking for processes that are gone")
	}
	ended, err := db.q.UnclearedProcesses(ctx)
	if err != nil {
		return Wrap(err, "looking for processes that are gone")
	}
	for _, name := range ended {
		jobs, bad := db.clear(ctx, name)
		err = errors.Join(err, Wrap(bad, "clearing process "+name)) // the next one may succeed
		for _, job := range jobs {
			recovered(job.ID, job.Kind, name)
		}
	}
	return err
}

// clear gives away the work of a process that has ended, once it has no session
// left; until then the next call tries again.
func (db *DB) clear(ctx context.Context, name string) (recovered []dbsql.RecoverJobsOfRow, err error) {
	application := applicationOf(name)
	if err := db.q.TerminateSessions(ctx, &application); err != nil {
		return nil, err
	}
	sessions, err := db.q.CountSessions(ctx, &application)
	if err != nil || sessions > 0 {
		return nil, err
	}
	err = pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		q := dbsql.New(tx)
		if recovered, err = q.RecoverJobsOf(ctx, name); err != nil {
			return err
		}
		return q.ClearProcess(ctx, name)
	})
	return recovered, err
}

// RunningJobs calls each for the jobs that, according to the queue, the process
// of the store is working and took longer ago than age.
func (db *DB) RunningJobs(ctx context.Context, age time.Duration, each func(job int64, attempt int, kind string)) error {
	rows, err := db.q.RunningJobsOf(ctx, dbsql.RunningJobsOfParams{Process: db.process.Name(), Age: age})
	for _, r := range rows {
		each(r.ID, r.Attempt, r.Kind)
	}
	return Wrap(err, "reading running jobs")
}

// RecoverJob makes a job available again that the process of the store took and
// is not working. It reports false if that is no longer the case.
func (db *DB) RecoverJob(ctx context.Context, job int64, attempt int) (bool, error) {
	n, err := db.q.RecoverJob(ctx, dbsql.RecoverJobParams{ID: job, Attempt: attempt, Process: db.process.Name()})
	return n > 0, Wrap(err, fmt.Sprintf("making job %d available again", job))
}

// RecordDone completes a job whose work is done, if the queue could not. It
// reports false if the job is no longer running.
func (db *DB) RecordDone(ctx context.Context, job int64, attempt int) (bool, error) {
	n, err := db.q.RecordDoneJob(ctx, dbsql.RecordDoneJobParams{ID: job, Attempt: attempt, Process: db.process.Name()})
	return n > 0, Wrap(err, fmt.Sprintf("completing job %d", job))
}
