package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/sethvargo/go-retry"

	"github.com/profilesync/profilesync/connectors/postgres/dbsql"
)

const versionTable = Schema + ".schema_version"

//go:embed migrations/*.sql
var migrations embed.FS

// Migration is one step that Migrate took.
type Migration struct {
	Version int64  `json:"version"`
	Name    string `json:"migration"`
}

// Purpose is what a database is created for.
type Purpose bool

const (
	// ForProduction keeps the real time, whatever a session says.
	ForProduction Purpose = false
	// ForDemo is for demos and tests: Options.PlayedNow may be another time.
	ForDemo Purpose = true
)

// Migrate brings the schema up to date, forwards only: first ours, then the job
// queue's. It is safe to run while the previous version of the program is
// running, and several times at once. The purpose is that of a schema that it
// creates; one that exists keeps its own.
func Migrate(ctx context.Context, url string, purpose Purpose) ([]Migration, error) {
	pool, err := ownersPool(ctx, url)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	unlock, err := lockMigrations(ctx, pool)
	if err != nil {
		return nil, err
	}
	defer unlock()
	for _, schema := range []string{Schema, RiverSchema} {
		if err := createSchema(ctx, pool, schema); err != nil {
			return nil, err
		}
	}
	ours, err := migrateOurs(ctx, pool)
	if err != nil {
		return nil, err
	}
	if purpose == ForDemo && len(ours) > 0 && ours[0].Version == 1 {
		if err := dbsql.New(pool).MarkAsPlayed(ctx); err != nil {
			return nil, fmt.Errorf("marking the database as a demo's or a test's: %w", err)
		}
	}
	rivers, err := migrateRiver(ctx, pool)
	return append(ours, rivers...), err
}

//go:embed become_owner.sql
var becomeOwner string

// ownersPool connects as who migrates: as the owner of the schema, where another
// role owns it of which this one is a member. What a migration makes is the owner's
// then, whoever runs it.
func ownersPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := poolConfig(url, time.Time{}, nil, noLimits)
	if err != nil {
		return nil, err
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		registerTypes(conn.TypeMap())
		_, err := conn.Exec(ctx, becomeOwner, Schema)
		return Wrap(err, "becoming the owner of the schema")
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	return pool, nil
}

// createSchema asks first: who may not create schemas may still migrate.
func createSchema(ctx context.Context, pool *pgxpool.Pool, name string) error {
	exists, err := dbsql.New(pool).SchemaExists(ctx, name)
	if err == nil && !exists {
		_, err = pool.Exec(ctx, "create schema if not exists "+name)
	}
	if err != nil {
		return fmt.Errorf("creating schema %s: %w", name, err)
	}
	return nil
}

// lockMigrations waits until no other process migrates. It polls, since a
// waiting statement would block an index being built concurrently.
func lockMigrations(ctx context.Context, pool *pgxpool.Pool) (unlock func(), err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	unlock = func() { _ = conn.Hijack().Close(context.WithoutCancel(ctx)) }
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		locked, err := dbsql.New(conn).TryLockMigrations(ctx)
		switch {
		case err != nil:
			unlock()
			return nil, fmt.Errorf("waiting for other migrations: %w", err)
		case locked:
			return unlock, nil
		}
		select {
		case <-ctx.Done():
			unlock()
			return nil, fmt.Errorf("waiting for other migrations: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// How long a migration is tried again that gives way to a daemon at work: longer than a
// run of a complete listing holds its tables.
const (
	migratedWithin = 30 * time.Minute
	migratedEvery  = 3 * time.Second
)

func migrateOurs(ctx context.Context, pool *pgxpool.Pool) (done []Migration, err error) {
	db := stdlib.OpenDBFromPool(pool)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := gooseProvider(db)
	if err != nil {
		return nil, err
	}
	pauses := retry.WithMaxDuration(migratedWithin, retry.NewConstant(migratedEvery))
	err = retry.Do(ctx, pauses, func(ctx context.Context) error {
		results, err := provider.Up(ctx)
		if partial, ok := errors.AsType[*goose.PartialError](err); ok {
			results = partial.Applied
		}
		for _, r := range results {
			done = append(done, Migration{Name: r.Source.Path, Version: r.Source.Version})
		}
		if IsLocked(err) || isDeadlock(err) {
			return retry.RetryableError(err)
		}
		return err
	})
	switch {
	case IsLocked(err):
		return nil, fmt.Errorf(
			"migrating: something holds a table for more than %v: wait for it to end, and migrate again: %w",
			migratedWithin,
			err,
		)
	case err != nil:
		return nil, fmt.Errorf("migrating: %w", err)
	}
	return done, nil
}

func gooseProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("embedded migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithTableName(versionTable))
	if err != nil {
		return nil, fmt.Errorf("preparing the migrations: %w", err)
	}
	return provider, nil
}

func migrateRiver(ctx context.Context, pool *pgxpool.Pool) ([]Migration, error) {
	migrator, err := riverMigrator(pool)
	if err != nil {
		return nil, err
	}
	result, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return nil, fmt.Errorf("migrating the job queue: %w", err)
	}
	done := make([]Migration, 0, len(result.Versions))
	for _, v := range result.Versions {
		done = append(done, Migration{Name: "river: " + v.Name, Version: int64(v.Version)})
	}
	return done, nil
}

func riverMigrator(pool *pgxpool.Pool) (*rivermigrate.Migrator[pgx.Tx], error) {
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: RiverSchema})
	if err != nil {
		return nil, fmt.Errorf("preparing the job queue's migrations: %w", err)
	}
	return migrator, nil
}

// SchemaVersion is the version of our schema in a database.
type SchemaVersion struct {
	Is     int64 `json:"is"`     // 0: it was never migrated
	Needed int64 `json:"needed"` // by this program
}

// Current reports whether the schema is the one that this program needs, or a newer
// one (a newer version is being rolled out).
func (v SchemaVersion) Current() bool { return v.Is >= v.Needed }

// SchemaVersion reads the version of the schema.
func (db *DB) SchemaVersion(ctx context.Context) (v SchemaVersion, err error) {
	std := stdlib.OpenDBFromPool(db.Pool)
	defer func() { err = errors.Join(err, std.Close()) }()
	provider, err := gooseProvider(std)
	if err != nil {
		return v, err
	}
	sources := provider.ListSources()
	v.Needed = sources[len(sources)-1].Version
	versions, err := database.NewStore(goose.DialectPostgres, versionTable)
	if err != nil {
		return v, fmt.Errorf("reading the schema's version: %w", err)
	}
	v.Is, err = versions.GetLatestVersion(ctx, std)
	if err != nil && db.Ping(ctx) == nil {
		return SchemaVersion{Needed: v.Needed}, nil // the table is not there
	}
	if err != nil {
		return v, fmt.Errorf("reading the schema's version: %w", err)
	}
	return v, nil
}

// Ready returns nil when the database answers and its schema is the one that
// this program needs, or a newer one.
func (db *DB) Ready(ctx context.Context) error {
	v, err := db.SchemaVersion(ctx)
	if err == nil && !v.Current() {
		return ErrNotMigrated
	}
	return err
}

// SchemaFingerprint identifies the schema that Migrate makes, ours and the job
// queue's: short, hex, and different after any change to a migration.
func SchemaFingerprint() (string, error) {
	hash := sha256.New()
	err := fs.WalkDir(migrations, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := migrations.ReadFile(path)
		_, _ = fmt.Fprintf(hash, "%s %d %s", path, len(content), content) // never fails
		return err
	})
	if err != nil {
		return "", fmt.Errorf("embedded migrations: %w", err)
	}
	migrator, err := riverMigrator(nil)
	if err != nil {
		return "", err
	}
	for _, v := range migrator.AllVersions() {
		_, _ = fmt.Fprintf(hash, "river %d %s", v.Version, v.Name)
	}
	return hex.EncodeToString(hash.Sum(nil)[:8]), nil
}
