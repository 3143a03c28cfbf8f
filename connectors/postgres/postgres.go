package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/profilesync/profilesync/connectors/postgres/dbsql"
)

// Schema holds our tables; RiverSchema holds those of the job queue.
const (
	Schema      = "profilesync"
	RiverSchema = "river"
)

// DB is our database: a pool of connections, and the process that works through
// them. The stores of the rooms speak to it.
type DB struct {
	*pgxpool.Pool

	q       *dbsql.Queries
	process *Process
}

// Options say how the database is opened; the zero value serves most commands.
type Options struct {
	// PlayedNow becomes the present of every trigger and default
	// (PROFILESYNC_NOW); zero is the real time.
	PlayedNow time.Time
	// Process is who works through it; nil for a program that works
	// nothing that another could take over.
	Process *Process
	// MaxConnections bounds the pool; 0 leaves it to the address, or to the number
	// of processors.
	MaxConnections int32
}

// Open connects to the database.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	config, err := poolConfig(url, o.PlayedNow, o.Process, workLimits)
	if err != nil {
		return nil, err
	}
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
	return newDB(pool, o.Process), nil
}

func newDB(pool *pgxpool.Pool, process *Process) *DB {
	return &DB{Pool: pool, q: dbsql.New(pool), process: process}
}

// optional is an id as a column holds it that may be empty.
func optional(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

// Texts are values as a statement takes them that casts its parameter to text[].
func Texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}
