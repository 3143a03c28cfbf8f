package postgres_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// busy keeps sessions of a pooler in use while do runs.
func busy(t *testing.T, address string, do func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{}, 3)
	for range cap(done) {
		conn, err := pgx.Connect(ctx, address)
		require.NoError(t, err)
		go func() {
			defer func() { _ = conn.Close(context.WithoutCancel(ctx)); done <- struct{}{} }()
			for ctx.Err() == nil {
				_, _ = conn.Exec(ctx, "select pg_sleep(0.001)", pgx.QueryExecModeSimpleProtocol)
			}
		}()
	}
	do()
	cancel()
	for range cap(done) {
		<-done
	}
}

func TestAPoolerInTransactionModeIsRecognised(t *testing.T) {
	t.Parallel()
	for ready := range 6 {
		for _, roundRobin := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d ready, round robin %v", ready, roundRobin), func(t *testing.T) {
				t.Parallel()
				address := pgproxy.NewPooler(t, pgtest.Empty(t), pgproxy.PoolerOptions{Ready: ready, RoundRobin: roundRobin})
				require.ErrorIs(t, postgres.CheckSession(t.Context(), address), postgres.ErrPooled)
				busy(t, address, func() {
					for range 10 {
						require.ErrorIs(t, postgres.CheckSession(t.Context(), address), postgres.ErrPooled, "while others work")
					}
				})
			})
		}
	}
}

func TestDirectConnectionsAreSessions(t *testing.T) {
	t.Parallel()
	address := pgtest.Empty(t)
	busy(t, address, func() {
		for range 50 {
			require.NoError(t, postgres.CheckSession(t.Context(), address))
		}
	})
}

// TestAPoolerInSessionModeWillDo: it refuses most parameters where a session
// starts, so they must reach it later.
func TestAPoolerInSessionModeWillDo(t *testing.T) {
	t.Parallel()
	requireWorks(t, pgproxy.NewPooler(t, pgtest.URL(t), pgproxy.PoolerOptions{InSessionMode: true}))
}

// TestAPoolerWithTooFewSessionsIsNamed: it greets every client, and lets those wait
// for whom it has no session.
func TestAPoolerWithTooFewSessionsIsNamed(t *testing.T) {
	t.Parallel()
	address := pgproxy.NewPooler(t, pgtest.URL(t), pgproxy.PoolerOptions{InSessionMode: true, Most: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	require.ErrorIs(t, postgres.CheckSession(ctx, address), postgres.ErrFewSessions)
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	require.NoError(t, conn.Ping(t.Context()), "what was checked gave its session back")
	ctx, cancel = context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	require.ErrorIs(t, postgres.CheckSession(ctx, address), postgres.ErrFewSessions, "somebody else has it")
	require.NoError(t, conn.Close(t.Context()))
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, postgres.CheckSession(ctx, address), context.Canceled)
	wide := pgproxy.NewPooler(t, pgtest.URL(t), pgproxy.PoolerOptions{InSessionMode: true, Most: 2})
	require.NoError(t, postgres.CheckSession(t.Context(), wide))
}

func requireWorks(t *testing.T, address string) {
	t.Helper()
	for range 20 {
		require.NoError(t, postgres.CheckSession(t.Context(), address))
	}
	db, err := postgres.Open(t.Context(), address, postgres.Options{Process: postgres.NewProcess()})
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.Ready(t.Context()))
	var path, zone, limit string
	require.NoError(t, db.QueryRow(t.Context(),
		"select current_setting('search_path'), current_setting('timezone'), current_setting('lock_timeout')").Scan(&path, &zone, &limit))
	require.Equal(t, []string{postgres.Schema, "UTC", "1min"}, []string{path, zone, limit})
	conn, err := db.ConnectForRun(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.QueryRow(t.Context(), "select current_setting('temp_buffers')").Scan(&limit))
	require.Equal(t, "64MB", limit)
}

// TestPgBouncer says the same of the real one.
func TestPgBouncer(t *testing.T) {
	t.Parallel()
	t.Run("transaction", func(t *testing.T) {
		t.Parallel()
		address := pgBouncer(t, pgtest.URL(t), "transaction", 30)
		require.ErrorIs(t, postgres.CheckSession(t.Context(), address), postgres.ErrPooled)
		busy(t, address, func() {
			for range 20 {
				require.ErrorIs(t, postgres.CheckSession(t.Context(), address), postgres.ErrPooled, "while others work")
			}
		})
	})
	t.Run("session", func(t *testing.T) {
		t.Parallel()
		requireWorks(t, pgBouncer(t, pgtest.URL(t), "session", 30))
	})
	t.Run("session, with a pool of one", func(t *testing.T) {
		t.Parallel()
		address := pgBouncer(t, pgtest.URL(t), "session", 1)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		require.ErrorIs(t, postgres.CheckSession(ctx, address), postgres.ErrFewSessions)
	})
}

// pgBouncer starts one in front of a database and returns the address by way of it.
func pgBouncer(t *testing.T, address, mode string, size int) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil {
			t.Skip("NOT TRIED: PgBouncer is not installed (apt-get install pgbouncer); a pooler of our own stands for it")
		}
	}
	config, err := pgconn.ParseConfig(address)
	require.NoError(t, err)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	require.NoError(t, listener.Close())
	dir, err := os.MkdirTemp("", "pgbouncer-") //nolint:usetesting // another user reads it
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	file := filepath.Join(dir, "pgbouncer.ini")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join([]string{
		"[databases]", fmt.Sprintf("%s = host=%s port=%d user=%s", config.Database, config.Host, config.Port, config.User),
		"[pgbouncer]", "listen_addr=127.0.0.1", "listen_port=" + strconv.Itoa(port), "unix_socket_dir=", "auth_type=any",
		"pool_mode=" + mode, "max_client_conn=100", "default_pool_size=" + strconv.Itoa(size),
	}, "\n")), 0o644))
	cmd := exec.CommandContext(t.Context(), program, "-q", file)
	if os.Geteuid() == 0 { // as which it refuses to run; only the owner can enter the folder of the server's socket
		info, err := os.Stat(config.Host)
		require.NoError(t, err)
		owner, ok := info.Sys().(*syscall.Stat_t)
		require.True(t, ok)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Wait() })
	u, err := url.Parse("postgres://" + config.User + "@127.0.0.1:" + strconv.Itoa(port) + "/" + config.Database + "?sslmode=disable")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		conn, err := pgx.Connect(t.Context(), u.String())
		if err == nil {
			err = conn.Close(t.Context())
		}
		return err == nil
	}, 20*time.Second, 50*time.Millisecond)
	return u.String()
}
