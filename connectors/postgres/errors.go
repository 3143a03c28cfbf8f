package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNotFound says that the database holds no such thing.
var ErrNotFound = errors.New("not found")

// ErrNotMigrated says that the schema is older than this program.
var ErrNotMigrated = errors.New("the database is not migrated: run `profilesync migrate`")

// Wrap says what was being done when a statement failed; nil stays nil. A query
// for one row that found none becomes ErrNotFound, and a missing table
// ErrNotMigrated: the two errors that people can do something about.
func Wrap(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, explain(err))
}

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
