package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/profilesync/profilesync/connectors/postgres/dbsql"
)

// Schema holds our tables; RiverSchema holds those of the job queue.
const (
	Schema      = "profilesync"
	RiverSchema = "river"
)

// DB is our database: a pool of connections, and the process that uses them.
// The stores of the rooms use it.
type DB struct {
	*pgxpool.Pool

	q       *dbsql.Queries
	process *Process
}

// Options say how to open the database; the zero value suits most commands.
type Options struct {
	// PlayedNow is the current time for all triggers and defaults
	// (PROFILESYNC_NOW); zero means the real time.
	PlayedNow time.Time
	// Process is the process that uses it; nil for a program without work that
	// another could take over.
	Process *Process
	// MaxConnections limits the pool; with 0 the address decides, or the number of
	// processors.
	MaxConnections int32
	// Tracer is told of every statement of the pool; nil: nothing is.
	Tracer pgx.QueryTracer
}

// Open connects to the database.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	config, err := poolConfig(url, o.PlayedNow, o.Process, workLimits)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.Tracer = o.Tracer
	if o.MaxConnections > 0 {
		config.MaxConns = o.MaxConnections
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	if !o.PlayedNow.IsZero() {
		if err := mayPlay(ctx, pool); err != nil {
			pool.Close()
			return nil, err
		}
	}
	return newDB(pool, o.Process), nil
}

// mayPlay returns ErrNotPlayed for a database that was not created to play another
// present. One that is not migrated yet may still become one.
func mayPlay(ctx context.Context, pool *pgxpool.Pool) error {
	plays, err := dbsql.New(pool).PlaysNow(ctx)
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == "42883":
		return nil
	case err != nil:
		return fmt.Errorf("looking whether the database may play another present: %w", err)
	case !plays:
		return ErrNotPlayed
	}
	return nil
}

func newDB(pool *pgxpool.Pool, process *Process) *DB {
	return &DB{Pool: pool, q: dbsql.New(pool), process: process}
}

// optional is an id for a column that may be null.
func optional(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

// All is how many rows are asked for where all are wanted: no list has as many.
const All = 1 << 30

// Before is the time before which a page of a list begins that has the newest first; a
// zero time is the beginning.
func Before(at time.Time) time.Time {
	if at.IsZero() {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return at
}

// Texts returns values in the form of a text[] parameter.
func Texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}
