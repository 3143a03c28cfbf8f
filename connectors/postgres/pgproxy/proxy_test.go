package pgproxy_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	insertNote = "-- name: InsertNote :one\ninsert into public.note (text) values ($1) returning text"
	countNotes = "-- name: CountNotes :one\nselect count(*) from public.note"
	patience   = 30 * time.Second
)

// world is a database, a line to it that breaks, and a client at its far end.
type world struct {
	*testing.T
	direct *pgx.Conn   // bypasses the line
	asking *sync.Mutex // of direct: a condition that was waited for may still be asking
	line   *pgproxy.Proxy
	client *pgx.Conn // through the line
}

func newWorld(t *testing.T) world {
	t.Helper()
	url := pgtest.Empty(t)
	w := world{T: t, direct: pgtest.Connect(t, url), asking: new(sync.Mutex), line: pgproxy.New(t, url)}
	_, err := w.direct.Exec(t.Context(), "create table public.note (text text primary key)")
	require.NoError(t, err)
	w.client = w.connect()
	return w
}

// connect opens a connection through the line.
func (w world) connect() *pgx.Conn {
	w.Helper()
	conn, err := pgx.Connect(w.Context(), w.line.URL())
	require.NoError(w, err)
	w.Cleanup(func() { _ = conn.Close(context.WithoutCancel(w.Context())) })
	return conn
}

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// write writes a note as sqlc's code does: prepared, and named in a comment.
func (w world) write(to querier, text string) error {
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	return to.QueryRow(ctx, insertNote, text).Scan(new(string))
}

// writeInTx writes a note in a transaction and commits it.
func (w world) writeInTx(text string) error {
	return pgx.BeginFunc(w.Context(), w.client, func(tx pgx.Tx) error {
		require.NoError(w, w.write(tx, text), "only the commit goes wrong")
		return nil
	})
}

// requireNotes counts the committed notes over the direct connection.
func (w world) requireNotes(want int) {
	w.Helper()
	var notes int
	require.NoError(w, w.direct.QueryRow(w.Context(), "select count(*) from public.note").Scan(&notes))
	require.Equal(w, want, notes)
}

// requireHangs requires that no answer comes within a time that is ample for
// one.
func (w world) requireHangs(work func(ctx context.Context) error) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 300*time.Millisecond)
	defer cancel()
	require.ErrorIs(w, work(ctx), context.DeadlineExceeded)
}

func TestTheLineCarriesEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rows := make([][]any, 50_000)
	for i := range rows {
		rows[i] = []any{time.Unix(int64(i), 0).String()}
	}
	n, err := w.client.CopyFrom(t.Context(), pgx.Identifier{"public", "note"}, []string{"text"}, pgx.CopyFromRows(rows))
	require.NoError(t, err)
	require.EqualValues(t, len(rows), n)
	batch := &pgx.Batch{}
	for range 100 {
		batch.Queue(countNotes)
	}
	batch.Queue("insert into nowhere values (1)")
	results := w.client.SendBatch(t.Context(), batch)
	require.ErrorContains(t, results.Close(), "nowhere")
	texts, err := w.client.Query(t.Context(), "select text from public.note")
	require.NoError(t, err)
	all, err := pgx.CollectRows(texts, pgx.RowTo[string])
	require.NoError(t, err)
	require.Len(t, all, len(rows))
	require.ErrorContains(t, w.write(w.client, all[0]), "duplicate key")
	require.NoError(t, w.client.Ping(t.Context()), "the connection is intact")
}

func TestACommitIsDoneAndItsAnswerLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seenByOthers := -1
	lost := w.line.SwallowCommitAfter("InsertNote", 1, func() {
		assert.NoError(t, w.direct.QueryRow(t.Context(), "select count(*) from public.note").Scan(&seenByOthers))
	})
	require.NoError(t, pgx.BeginFunc(t.Context(), w.client, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), countNotes).Scan(new(int))
	}), "another transaction")
	require.Zero(t, lost.Happened())

	require.Error(t, w.writeInTx("one"))
	require.Equal(t, 1, lost.Happened())
	require.Equal(t, 1, seenByOthers, "committed before the client knew of anything")
	require.True(t, w.client.IsClosed())
	w.requireNotes(1)

	w.client = w.connect()
	require.NoError(t, w.writeInTx("two"), "only one was asked for")
	require.Equal(t, 1, lost.Happened())
}

func TestACommitIsDoneAndItsAnswerLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	committed, goOn := make(chan struct{}), make(chan struct{})
	late := w.line.HoldCommitAfter("InsertNote", 1, func() {
		close(committed)
		<-goOn
	})
	answer := make(chan error)
	go func() { answer <- w.writeInTx("one") }()
	<-committed
	w.requireNotes(1)
	require.Empty(t, answer)
	close(goOn)
	require.NoError(t, <-answer)
	require.Equal(t, 1, late.Happened())
}

func TestAStatementThatCommitsByItselfIsSwallowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.write(w.client, "prepared before"))
	lost := w.line.SwallowCommitAfter("InsertNote", 2)
	for range 2 {
		require.Error(t, w.write(w.connect(), time.Now().String()))
	}
	require.Equal(t, 2, lost.Happened())
	require.NoError(t, w.write(w.client, "the third"))
	w.requireNotes(4)
}

func TestOnlyWhatIsCommittedIsSwallowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lost := w.line.SwallowCommitAfter("InsertNote", 1)
	tx, err := w.client.Begin(t.Context())
	require.NoError(t, err)
	require.NoError(t, w.write(tx, "one"))
	require.NoError(t, tx.Rollback(t.Context()))

	_, err = w.direct.Exec(t.Context(), "insert into public.note values ('one')")
	require.NoError(t, err)
	require.ErrorContains(t, w.write(w.client, "one"), "duplicate key", "alone")
	tx, err = w.client.Begin(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, w.write(tx, "one"), "duplicate key", "in a transaction")
	require.ErrorIs(t, tx.Commit(t.Context()), pgx.ErrTxCommitRollback)
	require.Zero(t, lost.Happened())
	w.requireNotes(1)
}

func TestASilentLineKeepsEveryConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.line.Silence()
	require.Equal(t, 1, w.line.Silenced(), "the client's")
	w.requireHangs(w.client.Ping)
	w.requireHangs(func(ctx context.Context) error {
		_, err := pgx.Connect(ctx, w.line.URL())
		return err
	})
	require.Greater(t, w.line.Silenced(), 1, "the new one too")

	require.NoError(t, w.client.PgConn().Conn().Close())
	require.Never(t, func() bool { return w.sessions() == 0 }, 300*time.Millisecond, 5*time.Millisecond, "the server sees no end")
	w.line.Restore()
	require.Eventually(t, func() bool { return w.sessions() == 0 }, patience, 5*time.Millisecond, "now the server sees it")
	silenced := w.line.Silenced()
	require.NoError(t, w.connect().Ping(t.Context()))
	require.Equal(t, silenced, w.line.Silenced())
}

// sessions counts the sessions opened through the line, as the server sees
// them.
func (w world) sessions() (n int) {
	w.Helper()
	w.asking.Lock()
	defer w.asking.Unlock()
	const query = `select count(*) from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`
	require.NoError(w, w.direct.QueryRow(w.Context(), query).Scan(&n))
	return n
}

func TestAClientOnASilentLineDoesNotHearThatItsSessionEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.line.Silence()
	_, err := w.direct.Exec(t.Context(),
		"select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return w.sessions() == 0 }, patience, 5*time.Millisecond)
	w.requireHangs(w.client.Ping)
}

func TestTheLineFallsSilentInATransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	silence := w.line.SilenceWhen("InsertNote")
	require.NoError(t, w.client.Ping(t.Context()))
	tx, err := w.client.Begin(t.Context())
	require.NoError(t, err)
	require.Zero(t, silence.Happened())
	w.requireHangs(func(ctx context.Context) error { return tx.QueryRow(ctx, insertNote, "one").Scan(new(string)) })
	require.Equal(t, 1, silence.Happened())
	w.requireNotes(0)

	_, err = w.direct.Exec(t.Context(), "set lock_timeout = '300ms'")
	require.NoError(t, err)
	require.ErrorContains(t, w.write(w.direct, "one"), "lock timeout", "the transaction holds its lock, though its client has gone")

	w.line.Restore()
	require.NoError(t, w.write(w.connect(), "one"), "the lock was held until now")
	w.requireNotes(1)
}

func TestEveryConnectionIsReset(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.connect()
	require.Equal(t, 2, w.line.Reset())
	for _, conn := range []*pgx.Conn{w.client, other} {
		require.ErrorContains(t, conn.Ping(t.Context()), "connection reset by peer")
	}
	require.NoError(t, w.connect().Ping(t.Context()))
}

func TestNewConnectionsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.line.Refuse()
	require.Error(t, w.client.Ping(t.Context()))
	_, err := pgx.Connect(t.Context(), w.line.URL())
	require.ErrorContains(t, err, "connection refused")
	w.line.Restore()
	require.NoError(t, w.connect().Ping(t.Context()))
}
