package pgtest

import (
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
)

// Database is the new database of one test: the program's access to it, and a
// separate connection for plain SQL, like the editing application's.
type Database struct {
	testing.TB

	URL string
	DB  *postgres.DB
	SQL *pgx.Conn
}

// New returns a new migrated database without data.
func New(tb testing.TB) *Database {
	tb.Helper()
	address := URL(tb)
	return &Database{TB: tb, URL: address, DB: OpenURL(tb, address), SQL: Connect(tb, address)}
}

// Exec runs plain SQL.
func (d *Database) Exec(sql string, args ...any) {
	d.Helper()
	_, err := d.SQL.Exec(d.Context(), sql, args...)
	require.NoError(d, err, sql)
}

// One returns the single value of a query.
func One[T any](d *Database, sql string, args ...any) (value T) {
	d.Helper()
	require.NoError(d, d.SQL.QueryRow(d.Context(), sql, args...).Scan(&value), sql)
	return value
}

// All returns the values of a query with one column.
func All[T any](d *Database, sql string, args ...any) []T {
	d.Helper()
	rows, err := d.SQL.Query(d.Context(), sql, args...)
	require.NoError(d, err, sql)
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	require.NoError(d, err, sql)
	return values
}

// NoTransaction returns a function that waits until no other session is in a
// transaction. It may be called from any goroutine.
func (d *Database) NoTransaction() func() {
	conn, mutex := Connect(d.TB, d.URL), sync.Mutex{}
	open := func() (transactions int) {
		mutex.Lock()
		defer mutex.Unlock()
		err := conn.QueryRow(d.Context(), `select count(*) from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null`).Scan(&transactions)
		if err != nil {
			d.Errorf("looking for transactions: %v", err)
		}
		return transactions
	}
	return func() {
		for deadline := time.After(5 * time.Second); open() > 0; {
			select {
			case <-deadline:
				d.Error("a transaction waits for somebody outside")
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}
