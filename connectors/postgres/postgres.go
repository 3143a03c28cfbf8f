package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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

// ErrNotFound says that the database holds no such thing.
var ErrNotFound = errors.New("not found")

// ErrNotMigrated says that the schema is older than this program.
var ErrNotMigrated = errors.New("the database is not migrated: run `profilesync migrate`")

// Store is our database.
type Store struct {
	pool    *pgxpool.Pool
	q       *dbsqlc.Queries
	process *Process
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
	return &Store{pool: pool, q: dbsqlc.New(pool), process: o.Process}, nil
}

// Close ends every connection.
func (s *Store) Close() { s.pool.Close() }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// Pool is how the store's connections stand.
func (s *Store) Pool() *pgxpool.Stat { return s.pool.Stat() }

// beginner is a connection or a pool.
type beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// inTx runs work in one transaction.
func inTx(ctx context.Context, db beginner, work func(*dbsqlc.Queries, pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error { return work(dbsqlc.New(tx), tx) })
}

// explain turns the errors people can do something about into words.
func explain(err error) error {
	var pg *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case errors.As(err, &pg) && pg.Code == "42P01":
		return fmt.Errorf("%w (%s)", ErrNotMigrated, pg.Message)
	default:
		return err
	}
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
