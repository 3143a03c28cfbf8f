package e2e

import (
	"context"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// silence is a server that accepts, and never says anything.
type silence struct {
	address string

	mu      sync.Mutex
	callers []string
}

func silent(t *testing.T) *silence {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	s := &silence{address: listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			s.mu.Lock()
			s.callers = append(s.callers, conn.RemoteAddr().String())
			s.mu.Unlock()
		}
	}()
	return s
}

// reached reports whether anybody has called since forget.
func (s *silence) reached() bool { return s.calledBy("") }

func (s *silence) calledBy(caller string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.callers) > 0 && (caller == "" || slices.Contains(s.callers, caller))
}

// forget forgets every call until now, those included that wait to be accepted: they
// are accepted in order.
func (s *silence) forget(t *testing.T) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.address)
	require.NoError(t, err)
	defer conn.Close()
	require.Eventually(t, func() bool { return s.calledBy(conn.LocalAddr().String()) }, patience, time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callers = nil
}

// waitsInDatabase returns a function that reports whether a session of the site that
// is younger than now waits for a lock.
func (s *site) waitsInDatabase() func() bool {
	s.t.Helper()
	const query = `select count(*) from pg_stat_activity
		where wait_event_type = 'Lock' and datname = current_database() and backend_start > $1`
	began := one[time.Time](s, "select clock_timestamp()")
	return func() bool { return s.count(query, began) > 0 }
}

// stopsWithinASecond asks a command to stop once it waits for an answer, and requires
// that it has ended a second later, with exit code 1: as a person asks, and as a
// service manager.
func (s *site) stopsWithinASecond(server *silence, args ...string) {
	s.t.Helper()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		server.forget(s.t)
		s.stopsOn(signal, server.reached, args...)
	}
}

func (s *site) stopsOn(signal syscall.Signal, waits func() bool, args ...string) {
	s.t.Helper()
	ctx, kill := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer kill()
	s.endsOn(signal, waits, s.start(ctx, args...), args)
}

// endsOn asks a command that was started to stop.
func (s *site) endsOn(signal syscall.Signal, waits func() bool, c started, args []string) {
	s.t.Helper()
	require.Eventually(s.t, waits, 20*time.Second, 10*time.Millisecond, "%v waits", args)
	began := time.Now()
	require.NoError(s.t, c.cmd.Process.Signal(signal))
	o := c.wait(s.t)
	require.Less(s.t, time.Since(began), time.Second, "%v after %s", args, signal)
	require.Equal(s.t, 1, o.code, "%v after %s: %s", args, signal, o.err)
	require.NotEmpty(s.t, o.err, "it says why")
}

// arguments make each command a complete one. Those of withoutDatabase need none.
var (
	arguments = map[string]string{
		"plan": "--files FILE", "reconcile": "--files FILE --wait", "runs show": "1", "runs approve": "1", "runs reject": "1",
		"runs undo": "1 --yes", "runs cancel": "1", "listings reset": "edispensary --to 2026-01-01 --reason x",
		"profile show": "FA001", "profile history": "FA001", "profile kind": "RXX01 hospital --reason x", "ers register import": "FILE",
		"profile why": "FA001", "profile undo": "FA001 phone", "ers register add": "1 --site RXX01", "ers services": "FA001",
		"push retry": "FA001 --sink dos", "push preview": "FA001",
		"hold add": "FA001 --sink dos --reason x --until 2999-01-01", "hold remove": "1",
		"accounts show": "u-1", "accounts reactivate": "u-1 --reason x",
		"accounts leave": "u-1 --end --reason x", "accounts approve": "1", "accounts inactive": "--preview", "remind": "--preview",
		"report deliver": "2026-01-02", "report verify": "2026-01-02", "mail stop": "--reason x",
		"cases show": "1", "cases wait": "1 --for x --until 2999-01-01", "cases resume": "1",
		"cases letters": "--preview", "cases set-aside": "1 --reason x --until 2999-01-01",
		"tokens add": "x --verbs read", "tokens revoke": "x", "sessions end": "x",
		"closure say": "FA001 --reason x", "closure confirm": "FA001 --reason x", "closure take-back": "FA001 --reason x",
	}
	withoutDatabase = []string{"version", "mail templates", "help", "completion", "man", "ops write"}
)

func TestCtrlCEndsEveryCommandThatWaitsForADatabase(t *testing.T) {
	t.Parallel()
	file := madeUp(t, "edispensary", 20)
	for _, path := range bareSite(t).commandPaths() {
		if slices.Contains(withoutDatabase, path) {
			continue
		}
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			database := silent(t)
			s := bareSite(t).with("DATABASE_URL=postgres://x:x@"+database.address+"/x?sslmode=disable", "REPORT_KEYS="+reportKey,
				"ERS_COLUMNS="+twoColumns, "ERS_AUTH=none", "ERS_URL="+nobody, "HTTP_ADDRESS=127.0.0.1:0", "API_ADDRESS=off",
				"MAIL=directory", "DOS_URL="+nobody, "DOS_API_KEY=x", "WEBSITE_URL="+nobody, "WEBSITE_API_KEY=x")
			args := strings.Fields(path + " " + strings.ReplaceAll(arguments[path], "FILE", file))
			s.stopsWithinASecond(database, args...)
		})
	}
}

func TestCtrlCEndsEveryCommandThatWaitsForSomethingElse(t *testing.T) {
	t.Parallel()
	file := madeUp(t, "edispensary", 20)
	for name, c := range map[string]struct {
		settings string // SILENT is an address that never answers
		args     string
	}{
		"the register's downloads": {"ODS_DOWNLOADS_URL=http://SILENT", "reconcile --report edispensary --wait"},
		"downloads for a plan":     {"ODS_DOWNLOADS_URL=http://SILENT", "plan --report edispensary"},
		"the register's API":       {"ODS_API_URL=http://SILENT ODS_API_KEY=x", "reconcile --ods FA001 --wait"},
		"e-RS":                     {"ERS_URL=http://SILENT ERS_AUTH=none", "ers codes --pull"},
		"a service of e-RS":        {"ERS_URL=http://SILENT ERS_AUTH=none", "ers register add 1 --site FA001"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := silent(t)
			s := newSite(t)
			s.write("insert into profile (code, name, type, icb) values ('FA001', 'First', 'pharmacy', 'QAA')")
			s = s.with(strings.Fields(strings.ReplaceAll(c.settings, "SILENT", server.address))...)
			s.stopsWithinASecond(server, strings.Fields(c.args)...)
		})
	}
	t.Run("a table that somebody has locked", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		locked, err := s.connect().Begin(t.Context())
		require.NoError(t, err)
		_, err = locked.Exec(t.Context(), "lock table profile, run, push, report, account, letter, hold, ers_service in access exclusive mode")
		require.NoError(t, err)
		for _, args := range []string{
			"reconcile --wait --files " + file, "plan --files " + file, "runs list", "profile show FA001", "push list", "hold list",
			"report make", "remind --preview", "accounts list", "ers register list",
		} {
			for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
				s.stopsOn(signal, s.waitsInDatabase(), strings.Fields(args)...)
			}
		}
	})
	t.Run("a reader of its output", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.longReport()
		reader, writer, err := os.Pipe()
		require.NoError(t, err)
		defer reader.Close()
		args := []string{"report", "--format", "csv"}
		c := started{cmd: s.command(t.Context(), args...), stdout: new(output), stderr: new(output)}
		c.cmd.Stdout, c.cmd.Stderr = writer, c.stderr
		require.NoError(t, c.cmd.Start())
		require.NoError(t, writer.Close())
		wrote := new(atomic.Bool)
		go func() { // it reads one byte and no more
			_, err := reader.Read(make([]byte, 1))
			wrote.Store(err == nil)
		}()
		s.endsOn(syscall.SIGINT, wrote.Load, c, args)
	})
	t.Run("a sink", func(t *testing.T) {
		t.Parallel()
		s, _ := newStockedSite(t, 20)
		d := s.serve()
		s.waitUntilPushed()
		d.stop()
		server := silent(t)
		s = s.with("DOS_URL=http://"+server.address, "DOS_READ_URL=http://"+server.address,
			"WEBSITE_URL=http://"+server.address, "WEBSITE_SEARCH_URL=http://"+server.address)
		for _, args := range []string{"drift --sink website", "drift --sink dos", "checks run", "push preview " + s.codes()[0]} {
			s.stopsWithinASecond(server, strings.Fields(args)...)
		}
	})
}

// Nobody reads what it says, so that it cannot even say why it ends.
func TestCtrlCEndsACommandWhoseMessagesNobodyReads(t *testing.T) {
	t.Parallel()
	database := silent(t)
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer reader.Close()
	require.NoError(t, writer.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
	for err == nil {
		_, err = writer.Write(make([]byte, 1<<10))
	}
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "the pipe is full")
	cmd := bareSite(t).with("DATABASE_URL=postgres://x:x@"+database.address+"/x?sslmode=disable").command(t.Context(), "runs", "list")
	cmd.Stderr = writer
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	require.Eventually(t, database.reached, 20*time.Second, 10*time.Millisecond)
	began := time.Now()
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Fatal("it goes on")
	}
	require.Less(t, time.Since(began), time.Second)
	require.Equal(t, 1, cmd.ProcessState.ExitCode())
}
