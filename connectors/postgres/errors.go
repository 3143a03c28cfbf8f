package postgres

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNotFound means that the database has no such row.
var ErrNotFound = errors.New("not found")

// NotFoundError is an ErrNotFound in words of its own.
type NotFoundError string

func (e NotFoundError) Error() string { return string(e) }

// Is makes it an ErrNotFound.
func (NotFoundError) Is(target error) bool { return target == ErrNotFound }

// ErrNotMigrated means that the schema is older than this program.
var ErrNotMigrated = errors.New("the database is not migrated: run `profilesync migrate`")

// ErrNotPlayed means that the database was not created for a demo or a test.
var ErrNotPlayed = errors.New("PROFILESYNC_NOW: the database keeps the real time, since it was not created with PROFILESYNC_MODE " +
	"demo or test: unset it, or use one that was")

// ErrNoText means that a text had bytes that the database takes in no text: a zero byte, or
// no UTF-8.
var ErrNoText = errors.New("a text holds characters that cannot be kept: type it again")

// Wrap adds to an error what was being done when a statement failed; nil stays
// nil. A query for one row that found none becomes ErrNotFound, and a missing
// table becomes ErrNotMigrated, and what no text may hold ErrNoText: the errors that people
// can act on.
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
	case errors.As(err, &pg) && (pg.Code == "22021" || pg.Code == "22P05"):
		return ErrNoText // which the server's message would repeat
	case errors.As(err, &pg) && pg.Code == "42P01":
		return fmt.Errorf("%w (%s)", ErrNotMigrated, pg.Message)
	default:
		return err
	}
}

// IsLocked reports whether a statement with nowait found a row that somebody else
// is changing.
func IsLocked(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "55P03"
}

func isDeadlock(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "40P01"
}

// IsOfAddress reports whether a connection failed for what the database's address says:
// nobody answers there, or whoever does knows no such database or refuses the login. A
// server that is full or just starting is at the right address.
func IsOfAddress(err error) bool {
	var connect *pgconn.ConnectError
	var pg *pgconn.PgError
	switch {
	case !errors.As(err, &connect):
		return false
	case errors.As(err, &pg):
		return strings.HasPrefix(pg.Code, "28") || pg.Code == "3D000"
	default:
		return true
	}
}
