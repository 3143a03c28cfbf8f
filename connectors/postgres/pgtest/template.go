package pgtest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/profilesync/profilesync/connectors/postgres"
)

// makeTemplate returns the database that all others are copied from. It is made
// once per server and schema: its name contains the schema's fingerprint, and
// it gets that name only when it is complete.
func (s *server) makeTemplate(ctx context.Context) (string, error) {
	schema, err := postgres.SchemaFingerprint()
	if err != nil {
		return "", err
	}
	name := "pgtest_template_" + schema
	conn, err := s.admin.Acquire(ctx)
	if err != nil {
		return "", fmt.Errorf("connecting: %w", err)
	}
	defer conn.Release()
	// The test binaries of other packages start at the same moment.
	if _, err := conn.Exec(ctx, "select pg_advisory_lock(hashtext('pgtest'))"); err != nil {
		return "", fmt.Errorf("waiting for the template: %w", err)
	}
	defer func() { _, _ = conn.Exec(ctx, "select pg_advisory_unlock(hashtext('pgtest'))") }()
	var exists bool
	err = conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&exists)
	if err == nil && !exists {
		err = s.migrate(ctx, conn, name)
	}
	if err != nil {
		return "", fmt.Errorf("making the template: %w", err)
	}
	return name, nil
}

func (s *server) migrate(ctx context.Context, conn *pgxpool.Conn, name string) error {
	unfinished := name + "_new"
	for _, statement := range []string{"drop database if exists " + unfinished, "create database " + unfinished} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	address, err := at(s.url, unfinished)
	if err != nil {
		return err
	}
	if _, err := postgres.Migrate(ctx, address, postgres.ForPlay); err != nil {
		return err
	}
	for _, statement := range []string{
		// Nobody may be connected to a database that is being copied.
		"alter database " + unfinished + " with allow_connections false",
		"alter database " + unfinished + " rename to " + name,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
