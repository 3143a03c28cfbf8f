package postgres

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/profilesync/profilesync/connectors/postgres/dbsql"
)

// ErrPooled means that a connection is no session: a pooler gives each transaction
// to whichever session of the server is free. A lock would be left with a session
// that somebody else gets next, and notifications would reach nobody.
var ErrPooled = errors.New("the database is reached through a connection pooler in transaction mode: " +
	"profilesync needs a direct connection, or a pooler in session mode")

// ErrFewSessions means that the database was reached and then kept a connection
// waiting, as a pooler in session mode does while its pool is used up.
var ErrFewSessions = errors.New("the database keeps connections waiting: if it is reached through a connection pooler, " +
	"its pool is too small or used up; profilesync needs a session of the server for each of its connections, about 30 for each daemon")

const (
	// sessionRounds is how often CheckSession asks. Poolers hand out the session
	// that was used last, or the one that was not used for longest: the first
	// question shows the former, the second the latter.
	sessionRounds  = 8
	sessionTimeout = 20 * time.Second
)

// CheckSession returns ErrPooled unless two connections to the address are two
// sessions of the server, each the same from one statement to the next. That they
// are is certain of direct connections and of poolers in session mode. If there are
// no two sessions within 20 seconds, it returns ErrFewSessions. It locks nothing and
// changes nothing.
func CheckSession(ctx context.Context, url string) error {
	parsed, err := parse(url)
	if err != nil {
		return err
	}
	config := parsed.ConnConfig
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // a prepared statement would be left behind
	ctx, cancel := context.WithTimeout(ctx, sessionTimeout)
	defer cancel()
	var asked [2]*dbsql.Queries // of two connections that are open at the same time
	for i := range asked {
		conn, err := pgx.ConnectConfig(ctx, config)
		if i > 0 && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return ErrFewSessions
		}
		if err != nil {
			return fmt.Errorf("connecting to the database: %w", err)
		}
		defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
		asked[i] = dbsql.New(conn)
	}
	return compareSessions(ctx, asked)
}

func compareSessions(ctx context.Context, asked [2]*dbsql.Queries) error {
	var sessions [2]string
	for round := range sessionRounds {
		which := round / 2 % 2 // each twice in a row
		session, err := asked[which].ServerSession(ctx)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return ErrFewSessions
		}
		if err != nil {
			return Wrap(err, "asking for the session")
		}
		if sessions[which] != "" && sessions[which] != session || sessions[1-which] == session {
			return ErrPooled
		}
		sessions[which] = session
	}
	return nil
}

// IsOwner reports whether the program logged in as the owner of the tables, or as
// a superuser: nothing in the database keeps it from changing the audit then.
func (db *DB) IsOwner(ctx context.Context) (bool, error) {
	owns, err := db.q.OwnsAudit(ctx)
	return owns, Wrap(err, "looking at the database's role")
}

// ErrNotDaemon means that the database does not believe what the program says of its
// runs.
var ErrNotDaemon = errors.New("the database's login is no member of the daemon's role, so what runs write would count as edits: " +
	"log in as a member of it (README.md, \"Roles\")")

// RequireDaemon returns ErrNotDaemon if the program logged in neither as the daemon
// nor as the owner, even if it may write everything.
func (db *DB) RequireDaemon(ctx context.Context) error {
	believed, err := db.q.IsDaemon(ctx)
	if err == nil && !believed {
		return ErrNotDaemon
	}
	return Wrap(err, "looking at the database's role")
}

//go:embed session_settings.sql
var sessionSettings string

// startupParameters are those that must be stated as a session starts, and that
// poolers accept there.
var startupParameters = []string{"application_name", "client_encoding", "options", "replication"}

// setOnceOpen states all other parameters by the first statement of a session: a
// pooler in session mode refuses most of them, or drops them, where a session starts.
func setOnceOpen(config *pgx.ConnConfig) {
	settings := maps.Clone(config.RuntimeParams)
	config.RuntimeParams = make(map[string]string)
	for _, name := range startupParameters {
		if value, ok := settings[name]; ok {
			config.RuntimeParams[name] = value
		}
		delete(settings, name)
	}
	config.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		values, err := json.Marshal(settings)
		if err == nil {
			_, err = conn.ExecParams(ctx, sessionSettings, [][]byte{values}, nil, nil, nil).Close()
		}
		if err != nil {
			return fmt.Errorf("setting up a session: %w", err)
		}
		return nil
	}
}
