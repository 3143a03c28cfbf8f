package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/profilesync/profilesync/connectors/postgres/dbsqlc"
	"github.com/profilesync/profilesync/reconcile/profile"
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

	q       *dbsqlc.Queries
	process *Process
}

// Store is what no room of the store holds yet.
type Store struct {
	*DB

	pool *pgxpool.Pool
	q    *dbsqlc.Queries
}

// Options say how a store is opened; the zero value serves most commands.
type Options struct {
	// PlayedNow becomes the present of every trigger and default
	// (PROFILESYNC_NOW); zero is the real time.
	PlayedNow time.Time
	// Process is who works through this store; nil for a program that works
	// nothing that another could take over.
	Process *Process
	// MaxConnections bounds the pool; 0 leaves it to the address, or to the number
	// of processors.
	MaxConnections int32
}

// Open connects to the database.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
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
	return &Store{DB: newDB(pool, o.Process), pool: pool, q: dbsqlc.New(pool)}, nil
}

func newDB(pool *pgxpool.Pool, process *Process) *DB {
	return &DB{Pool: pool, q: dbsqlc.New(pool), process: process}
}

// beginner is a connection or a pool.
type beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// inTx runs work in one transaction.
func inTx(ctx context.Context, db beginner, work func(*dbsqlc.Queries, pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error { return work(dbsqlc.New(tx), tx) })
}

func toDate(d profile.Date) pgtype.Date {
	return pgtype.Date{Time: d.Time(), Valid: !d.IsZero()}
}

func fromDate(d pgtype.Date) profile.Date {
	if !d.Valid {
		return profile.Date{}
	}
	return profile.DateIn(d.Time, time.UTC)
}

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}

func toInterval(d time.Duration) pgtype.Interval {
	return pgtype.Interval{Microseconds: d.Microseconds(), Valid: true}
}
