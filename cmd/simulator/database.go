package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres/local"
)

// markFile marks a folder whose database belongs to the simulator, which may empty
// it.
const markFile = "played-by-simulator"

// freeWithin is how long to wait for the cluster to stop, which takes a moment
// after its last user has gone.
const freeWithin = 20 * time.Second

// openEmptyDatabase opens the private cluster of a folder with an empty database, and
// holds it open so that it does not stop between two commands. A folder whose
// cluster is not the simulator's, or is in use, is refused.
func openEmptyDatabase(ctx context.Context, dir string) (*local.Cluster, error) {
	place := filepath.Join(dir, "postgres")
	if err := markFolder(dir, place); err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, freeWithin)
	defer cancel()
	if err := local.Wait(waiting, place); err != nil {
		if ctx.Err() == nil {
			err = errors.New("another program uses it (make run, or a command that has not ended): stop that first, or give another --dir")
		}
		return nil, fmt.Errorf("database under %s: %w", dir, err)
	}
	cluster, err := local.Open(ctx, local.Options{Dir: place})
	if err != nil {
		return nil, err
	}
	if err := recreateDatabase(ctx, cluster.URL()); err != nil {
		return nil, errors.Join(fmt.Errorf("emptying the database under %s: %w", dir, err), cluster.Close())
	}
	return cluster, nil
}

// markFolder makes the folder and marks it, unless it holds a database that the
// simulator did not make.
func markFolder(dir, place string) error {
	marked := filepath.Join(dir, markFile)
	_, unmarked := os.Stat(marked)
	if _, err := os.Stat(place); err == nil && unmarked != nil {
		return fmt.Errorf("%s holds a database that the simulator did not make; give another --dir", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the user who runs Postgres for root must get in
		return fmt.Errorf("--dir: %w", err)
	}
	if err := os.WriteFile(marked, []byte("The database beside this file is emptied by make demo and make run.\n"), 0o600); err != nil {
		return fmt.Errorf("--dir: %w", err)
	}
	return nil
}

// recreateDatabase drops the database and creates it again. The cluster stays: its
// data may be outside the folder (see local.Cluster.Warnings), so that removing files
// would not do.
func recreateDatabase(ctx context.Context, url string) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return err
	}
	name := pgx.Identifier{config.Database}.Sanitize()
	config.Database = "postgres"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "drop database if exists "+name+" with (force)")
	if err == nil {
		_, err = conn.Exec(ctx, "create database "+name)
	}
	return errors.Join(err, conn.Close(ctx))
}
