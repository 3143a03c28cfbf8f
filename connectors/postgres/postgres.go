// Package postgres is the store: the one place that speaks SQL. Statements
// stand in queries/*.sql, the schema in migrations/*.sql; dbsqlc is generated
// from both by `make generate`.
package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/profilesync/profilesync/connectors/postgres/dbsqlc"
	"github.com/profilesync/profilesync/reconcile"
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
	pool *pgxpool.Pool
	q    *dbsqlc.Queries
}

// Open connects to the database. A playedNow that is not zero becomes the
// present of every trigger and default (PROFILESYNC_NOW).
func Open(ctx context.Context, url string, playedNow time.Time) (*Store, error) {
	config, err := poolConfig(url, playedNow)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	return &Store{pool: pool, q: dbsqlc.New(pool)}, nil
}

func poolConfig(url string, playedNow time.Time) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err)
	}
	if err := requireTLS(config.ConnConfig); err != nil {
		return nil, err
	}
	params := config.ConnConfig.RuntimeParams
	params["search_path"] = Schema
	params["application_name"] = "profilesync"
	params["timezone"] = "UTC"
	params["plan_cache_mode"] = "force_custom_plan" // a plan made while a table was empty would be kept when it has grown
	if !playedNow.IsZero() {
		params["profilesync.now"] = playedNow.Format(time.RFC3339Nano)
	}
	return config, nil
}

// requireTLS refuses a connection that leaves this machine without proof of who
// is at the other end.
func requireTLS(config *pgx.ConnConfig) error {
	type end struct {
		host string
		tls  *tls.Config
	}
	ends := []end{{config.Host, config.TLSConfig}}
	for _, f := range config.Fallbacks {
		ends = append(ends, end{f.Host, f.TLSConfig})
	}
	for _, e := range ends {
		if !local(e.host) && (e.tls == nil || e.tls.InsecureSkipVerify) {
			return fmt.Errorf("database address: host %s is another machine; add sslmode=verify-full", e.host)
		}
	}
	return nil
}

// local reports whether a host is this machine: a socket or a loopback address.
func local(host string) bool {
	address, err := netip.ParseAddr(host)
	return filepath.IsAbs(host) || host == "localhost" || err == nil && address.IsLoopback()
}

// RiverPool opens the job queue's own connections: it must never wait behind
// ours.
func RiverPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := poolConfig(url, time.Time{})
	if err != nil {
		return nil, err
	}
	config.MaxConns = 6
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting the job queue: %w", err)
	}
	return pool, nil
}

// Close ends every connection.
func (s *Store) Close() { s.pool.Close() }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

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

func toDate(d reconcile.Date) pgtype.Date {
	return pgtype.Date{Time: d.Time(), Valid: !d.IsZero()}
}

func fromDate(d pgtype.Date) reconcile.Date {
	if !d.Valid {
		return reconcile.Date{}
	}
	return reconcile.DateIn(d.Time, time.UTC)
}

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}
