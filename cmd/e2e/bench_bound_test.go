package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// boundOfFirst measures COPY of the rows that the first run left, as bytes that
// are ready to send, into tables with the same indexes and checks but without
// the audit's triggers.
func (x *bench) boundOfFirst() (took time.Duration) {
	x.Helper()
	conn := x.connect()
	defer conn.Close(context.Background())
	for _, table := range []string{"profile", "upstream_record", "change"} {
		took += x.copyOf(conn, table)
	}
	return took
}

func (x *bench) copyOf(conn *pgx.Conn, table string) time.Duration {
	x.Helper()
	file, err := os.Create(filepath.Join(x.dir, table))
	require.NoError(x, err)
	defer file.Close()
	_, err = conn.PgConn().CopyTo(x.Context(), file, fmt.Sprintf("copy %s to stdout (format binary)", table))
	require.NoError(x, err)
	_, err = file.Seek(0, 0)
	require.NoError(x, err)
	x.exec(fmt.Sprintf("create table public.%[1]s (like profilesync.%[1]s including all)", table))
	defer x.exec(fmt.Sprintf("drop table public.%s", table))
	x.exec("checkpoint")
	began := time.Now()
	_, err = conn.PgConn().CopyFrom(x.Context(), file, fmt.Sprintf("copy public.%s from stdin (format binary)", table))
	require.NoError(x, err)
	return time.Since(began)
}

// boundOfSame measures finding out that a listing holds nothing new: splitting
// and hashing its bytes, copying the key and hash of every row into an unlogged
// table, and one statement that compares them with as many known ones.
func (x *bench) boundOfSame(path string) (took time.Duration) {
	x.Helper()
	file, err := os.Open(path)
	require.NoError(x, err)
	defer file.Close()
	listing, err := ods.OpenListing(path, reportBenched, file)
	require.NoError(x, err)
	defer listing.Close()
	conn := x.connect()
	defer conn.Close(context.Background())

	rows := make([]profile.Row, 0, x.size)
	began := time.Now()
	for row, err := range listing.Rows() {
		if err != nil { // require would cost as much as the hashing
			x.Fatal(err)
		}
		rows = append(rows, row)
	}
	took = time.Since(began)
	require.Len(x, rows, x.size)
	return took + x.copyAndCompare(conn, rows)
}

func (x *bench) copyAndCompare(conn *pgx.Conn, rows []profile.Row) time.Duration {
	x.Helper()
	x.exec(`create unlogged table public.staged (code text collate "C", raw_hash bytea);
		create table public.known as select code, raw_hash from profilesync.upstream_record;
		alter table public.known add primary key (code);
		analyze public.known`)
	defer x.exec("drop table public.staged, public.known")
	x.exec("checkpoint")
	began := time.Now()
	n, err := conn.CopyFrom(x.Context(), pgx.Identifier{"public", "staged"}, []string{"code", "raw_hash"},
		pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return []any{string(rows[i].Code), rows[i].Hash[:]}, nil }))
	require.NoError(x, err)
	require.EqualValues(x, x.size, n)
	var differing int
	require.NoError(x, conn.QueryRow(x.Context(), `select count(*) from public.staged s full join public.known k using (code)
		where s.raw_hash is distinct from k.raw_hash`).Scan(&differing))
	return time.Since(began)
}

func (x *bench) connect() *pgx.Conn {
	x.Helper()
	conn, err := pgx.Connect(x.Context(), x.url)
	require.NoError(x, err)
	_, err = conn.Exec(x.Context(), "set search_path = profilesync")
	require.NoError(x, err)
	return conn
}
