package e2e

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// connect connects to the site's database as another program would.
func (s *site) connect() *pgx.Conn {
	s.t.Helper()
	return pgtest.Connect(s.t, s.url)
}

// tryConnect is connect for a server that may be down.
func (s *site) tryConnect() (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(s.url)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["search_path"] = postgres.Schema
	return pgx.ConnectConfig(s.t.Context(), config)
}

// one returns the single value of a query.
func one[T any](s *site, query string, args ...any) (value T) {
	s.t.Helper()
	conn := s.connect()
	defer conn.Close(context.WithoutCancel(s.t.Context()))
	require.NoError(s.t, conn.QueryRow(s.t.Context(), query, args...).Scan(&value))
	return value
}

func (s *site) count(query string, args ...any) int {
	s.t.Helper()
	return one[int](s, query, args...)
}

// audit returns the number of rows in the audit.
func (s *site) audit() int {
	s.t.Helper()
	return s.count("select count(*) from change")
}

// field returns one column of a profile.
func (s *site) field(code, column string) string {
	s.t.Helper()
	return one[string](s, "select to_jsonb(p) ->> $2 from profile p where code = $1", code, column)
}

// edit changes a profile as the editing application does: by plain SQL on a
// separate connection.
func (s *site) edit(code, column, value string) {
	s.t.Helper()
	conn := s.connect()
	defer conn.Close(context.WithoutCancel(s.t.Context()))
	tag, err := conn.Exec(s.t.Context(), "update profile set "+column+" = $2 where code = $1", code, value)
	require.NoError(s.t, err)
	require.EqualValues(s.t, 1, tag.RowsAffected())
}

// everything lists every table that a run may write.
var everything = []string{
	"profile", "change", "upstream_record", "listing", "watermark", "quarantine", "upload", "upload_chunk", "run", "plan_row",
	"run_record", "mark",
}

// contents counts the rows of tables.
func (s *site) contents(tables ...string) map[string]int {
	s.t.Helper()
	counts := make(map[string]int, len(tables))
	for _, table := range tables {
		counts[table] = s.count("select count(*) from " + table)
	}
	return counts
}

// all returns the rows of a query, whose columns have the names of the fields.
func all[T any](s *site, query string, args ...any) []T {
	s.t.Helper()
	conn := s.connect()
	defer conn.Close(context.WithoutCancel(s.t.Context()))
	rows, err := conn.Query(s.t.Context(), query, args...)
	require.NoError(s.t, err)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	require.NoError(s.t, err)
	return found
}
