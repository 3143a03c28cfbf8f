package pgtest

import (
	"context"
	"encoding/hex"
	"fmt"
	"hash/fnv"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/roles"
)

// makeTemplate returns the database that all others are copied from. It is made
// once per server and schema: its name contains the schema's fingerprint, and
// it gets that name only when it is complete.
func (s *server) makeTemplate(ctx context.Context) (string, error) {
	schema, err := postgres.SchemaFingerprint()
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("pgtest_template_%s_%s", schema, rightsFingerprint())
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

// rightsFingerprint is short and different after any change to the table of rights.
func rightsFingerprint() string {
	hash := fnv.New32a()
	_, _ = fmt.Fprintf(hash, "%q", roles.Rights()) // never fails
	return hex.EncodeToString(hash.Sum(nil))
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
	if _, err := postgres.Migrate(ctx, address, postgres.ForDemo); err != nil {
		return err
	}
	if s.roles.Daemon != "" {
		if _, err := roles.Grant(ctx, address, s.roles); err != nil {
			return err
		}
		// There is no password: the throw-away cluster trusts this machine.
		for _, role := range []string{s.roles.Daemon, s.roles.Editor, s.roles.Reader, s.roles.Console} {
			if _, err := conn.Exec(ctx, "alter role "+role+" login"); err != nil {
				return err
			}
		}
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
