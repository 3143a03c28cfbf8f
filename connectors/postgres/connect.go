package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/profilesync/profilesync/connectors/postgres/dbsql"
)

// limits are the timeouts that the server itself enforces: no session may hold
// a lock or a transaction for longer than its work can need, whatever happens
// to its client. Zero means no limit.
type limits struct {
	idle              time.Duration // between two statements outside a transaction
	idleInTransaction time.Duration // between two statements of a transaction
	lock              time.Duration // waiting for one lock
	statement         time.Duration // one statement
}

var (
	// workLimits are for short transactions, and for freezing a report, whose
	// statements take minutes if a million rows changed.
	workLimits = limits{idleInTransaction: time.Minute, lock: time.Minute, statement: 30 * time.Minute}
	// queueLimits are for the job queue: when its own time limits expire, it tries
	// again.
	queueLimits = limits{idleInTransaction: 30 * time.Second, lock: 30 * time.Second, statement: 5 * time.Minute}
	// runLimits are for runs: a run may wait long for the source's lock, and reads
	// and compares between two statements.
	runLimits = limits{idleInTransaction: 10 * time.Minute}
	// readLimits are for reading reports into files.
	readLimits = limits{idleInTransaction: time.Minute, lock: 10 * time.Second, statement: 5 * time.Minute}
	// livingLimits are for the session by which a process shows that it is alive:
	// it sends a statement every second.
	livingLimits = limits{idle: 10 * time.Second, lock: 15 * time.Second, statement: 15 * time.Second}
	// noLimits are for migrations.
	noLimits = limits{}
)

func (l limits) set(params map[string]string) {
	for name, limit := range map[string]time.Duration{
		"idle_session_timeout": l.idle, "idle_in_transaction_session_timeout": l.idleInTransaction,
		"lock_timeout": l.lock, "statement_timeout": l.statement,
	} {
		params[name] = strconv.FormatInt(limit.Milliseconds(), 10)
	}
}

// poolConfig is how a pool connects. Every session of a process carries its
// name, and a process that has ended gets no new sessions.
func poolConfig(url string, playedNow time.Time, process *Process, l limits) (*pgxpool.Config, error) {
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	params := config.ConnConfig.RuntimeParams
	params["search_path"] = Schema
	params["application_name"] = process.application()
	params["timezone"] = "UTC"
	params["plan_cache_mode"] = "force_custom_plan" // a plan made for an empty table must not outlive its growth
	// A machine that vanishes closes no connection: the server's keepalives
	// notice, and free its locks.
	params["tcp_keepalives_idle"], params["tcp_keepalives_interval"], params["tcp_keepalives_count"] = "5", "5", "2"
	params["tcp_user_timeout"] = "15000"
	l.set(params)
	if !playedNow.IsZero() {
		params["profilesync.now"] = playedNow.Format(time.RFC3339Nano)
	}
	config.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
		c.RuntimeParams["application_name"] = process.application()
		setOnceOpen(c)
		return nil
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		registerTypes(conn.TypeMap())
		return process.admit(ctx, conn)
	}
	return config, nil
}

// connect opens a separate session, outside the pool.
func (db *DB) connect(ctx context.Context, l limits, params map[string]string) (*pgx.Conn, error) {
	config := db.Config().ConnConfig
	config.RuntimeParams["application_name"] = db.process.application()
	l.set(config.RuntimeParams)
	maps.Copy(config.RuntimeParams, params)
	setOnceOpen(config)
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	registerTypes(conn.TypeMap())
	if err := db.process.admit(ctx, conn); err != nil {
		_ = conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

// ConnectOnce opens a single connection, as the role of the address, for statements
// that no process works.
func ConnectOnce(ctx context.Context, url string) (*pgx.Conn, error) {
	config, err := poolConfig(url, time.Time{}, nil, noLimits)
	if err != nil {
		return nil, err
	}
	setOnceOpen(config.ConnConfig)
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	return conn, nil
}

// Conn is a separate connection, outside the pool, that holds a lock for as long
// as it is open: Postgres frees the lock when the connection ends, however it
// ends.
type Conn struct{ *pgx.Conn }

// Connect opens a connection for short transactions.
func (db *DB) Connect(ctx context.Context) (*Conn, error) {
	conn, err := db.connect(ctx, workLimits, nil)
	if err != nil {
		return nil, err
	}
	return &Conn{conn}, nil
}

// ConnectForRun opens a connection for a run, which may wait and compute for long
// between its statements, and whose working tables stay in memory.
func (db *DB) ConnectForRun(ctx context.Context) (*Conn, error) {
	conn, err := db.connect(ctx, runLimits, map[string]string{"temp_buffers": "64MB"})
	if err != nil {
		return nil, err
	}
	return &Conn{conn}, nil
}

// Alive reports whether the connection is still open, and so its lock still
// held.
func (c *Conn) Alive() bool { return !c.IsClosed() }

// Close frees the lock before it returns: the server notices the end of a
// connection only a moment later, and until then the next process would find the
// lock held.
func (c *Conn) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = dbsql.New(c).UnlockAll(ctx) // fails on a broken connection, whose end frees the lock as well
	_ = c.Conn.Close(ctx)
}

// admit refuses a session to a process that has ended. The session's name is in
// the server's list of sessions before admit checks: so either admit sees that
// the process was ended, or the process that ended it sees this session and
// terminates it.
func (p *Process) admit(ctx context.Context, conn *pgx.Conn) error {
	if p == nil {
		return nil
	}
	ended, err := dbsql.New(conn).ProcessHasEnded(ctx, p.Name())
	switch {
	case err == nil && ended:
		return ErrProcessEnded
	case errors.Is(explain(err), ErrNotMigrated):
		return nil // not migrated yet
	default:
		return Wrap(err, "announcing a session")
	}
}

// QueueConnections is how many connections RiverPool opens at most.
const QueueConnections = 6

// RiverPool opens separate connections for the job queue: it must never wait
// for ours.
func RiverPool(ctx context.Context, url string, process *Process) (*pgxpool.Pool, error) {
	config, err := poolConfig(url, time.Time{}, process, queueLimits)
	if err != nil {
		return nil, err
	}
	config.MaxConns, config.AfterConnect = QueueConnections, process.admit // in its statements a zero time is not null
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting the job queue: %w", err)
	}
	return pool, nil
}
