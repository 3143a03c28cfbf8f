// Package pgtest gives each test a database of its own: a copy of a template
// that was migrated once. It takes some tens of milliseconds (BenchmarkURL), so
// tests can run in parallel and never see each other's data.
//
// The server is a throw-away cluster that all test binaries of a `go test` run
// share, or the one that PROFILESYNC_TEST_DATABASE_URL names. Tests that need it
// are skipped with -short.
package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/local"
	"github.com/profilesync/profilesync/connectors/postgres/roles"
)

// urlEnv names a server to use instead of the throw-away cluster: the URL of
// one of its databases, as a user who may create others.
const urlEnv = "PROFILESYNC_TEST_DATABASE_URL"

// linger is how long the cluster keeps running after its last test binary, so
// that the next one finds it running.
const linger = 10 * time.Second

// server is shared by all tests of a binary. Tests have no common owner that
// could pass it to them, hence the package-level value.
type server struct {
	once     sync.Once
	err      error
	url      string
	admin    *pgxpool.Pool
	cluster  *local.Cluster // nil if PROFILESYNC_TEST_DATABASE_URL names the server
	template string
	roles    roles.Names // of every database with a schema; the owner is the superuser. None on a named server
	how      string      // to copy: see fileCopy
}

// fileCopy is the only way Postgres 14 and older copy; the newer default takes
// three times as long.
const fileCopy = " strategy file_copy"

var shared struct {
	server
	main bool // Main is running: without it a supervisor would run the tests again
}

// Main is the TestMain of every package that uses databases:
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
// Tests that pass fail all the same where a goroutine of theirs is left. It never
// returns.
func Main(m *testing.M) {
	run(m, func() error { return goleak.Find(goleak.IgnoreAnyFunction(supervising)) })
}

// supervising waits for the end of the supervisor of the server, which outlives the tests.
const supervising = "github.com/profilesync/profilesync/connectors/postgres/local.(*child).await"

// MainOfPrograms is Main where the tests watch programs that they start, whose goroutines
// are not theirs.
func MainOfPrograms(m *testing.M) { run(m, func() error { return nil }) }

func run(m *testing.M, leaks func() error) {
	local.SuperviseIfAsked()
	shared.main = true
	code := m.Run()
	err := shared.close()
	if code == 0 && err == nil {
		err = leaks()
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "pgtest:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// URL returns the address of a new migrated database without data, which is
// dropped at the end of the test.
func URL(tb testing.TB) string {
	tb.Helper()
	return create(tb, start(tb).template)
}

// Empty is URL for tests of the migrations: a database without any schema.
func Empty(tb testing.TB) string {
	tb.Helper()
	start(tb)
	return create(tb, "template1")
}

// Roles returns the names of the roles of new databases. All but the owner, who is
// the superuser of the addresses that URL returns, log in without a password.
func Roles(tb testing.TB) roles.Names {
	tb.Helper()
	if start(tb).roles.Daemon == "" {
		tb.Skip(urlEnv + " names a server on which tests create no roles")
	}
	return shared.roles
}

// As returns the address of a database for another role.
func As(tb testing.TB, address, role string) string {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	u.User = url.User(role)
	return u.String()
}

// Open opens a new database.
func Open(tb testing.TB) *postgres.DB {
	tb.Helper()
	return OpenURL(tb, URL(tb))
}

// OpenURL opens a database as the program does in production, with the rights of
// the daemon and no others, and closes it at the end of the test. A database
// without a schema is opened as its owner.
func OpenURL(tb testing.TB, address string) *postgres.DB {
	tb.Helper()
	address = AsDaemon(tb, address)
	db, err := postgres.Open(tb.Context(), address, postgres.Options{Process: postgres.NewProcess()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(db.Close)
	return db
}

// AsDaemon is As for the daemon; a database that New or URL did not make, or a
// server that a setting names, keeps its own role.
func AsDaemon(tb testing.TB, address string) string {
	tb.Helper()
	if start(tb).roles.Daemon == "" || !strings.Contains(address, migrated) {
		return address
	}
	return As(tb, address, shared.roles.Daemon)
}

// Connect opens a separate connection for plain SQL, like the editing
// application's.
func Connect(tb testing.TB, address string) *pgx.Conn {
	tb.Helper()
	config, err := pgx.ParseConfig(address)
	if err != nil {
		tb.Fatal(err)
	}
	config.RuntimeParams["search_path"] = postgres.Schema
	config.RuntimeParams["timezone"] = "UTC"
	conn, err := pgx.ConnectConfig(tb.Context(), config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close(context.WithoutCancel(tb.Context())) })
	return conn
}

// start returns the server; the first test of the binary waits for it.
func start(tb testing.TB) *server {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs Postgres, which -short leaves out")
	}
	if !shared.main {
		tb.Fatal("the package lacks: func TestMain(m *testing.M) { pgtest.Main(m) }")
	}
	shared.once.Do(func() { shared.err = shared.open(context.WithoutCancel(tb.Context())) })
	if shared.err != nil {
		tb.Fatal("the database of the tests: ", shared.err)
	}
	return &shared.server
}

func (s *server) open(ctx context.Context) (err error) {
	if s.url = os.Getenv(urlEnv); s.url == "" {
		dir := filepath.Join(os.TempDir(), fmt.Sprintf("profilesync-pgtest-%d", os.Getuid()))
		s.cluster, err = local.Open(ctx, local.Options{Dir: dir, ThrowAway: true, Linger: linger})
		if err != nil {
			return err
		}
		s.url = s.cluster.URL()
		s.roles, err = rolesOf(s.url)
		if err != nil {
			return err
		}
	}
	if s.admin, err = pgxpool.New(ctx, s.url); err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	var version int
	if err := s.admin.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&version); err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	if version >= 150000 {
		s.how = fileCopy
	}
	s.template, err = s.makeTemplate(ctx)
	return err
}

func (s *server) close() (err error) {
	if s.admin != nil {
		s.admin.Close()
	}
	if s.cluster != nil {
		err = s.cluster.Close()
	}
	return err
}

// create makes a database as a copy of another.
func create(tb testing.TB, template string) string {
	tb.Helper()
	s := &shared.server
	name := uniqueName()
	if template == s.template {
		name = strings.Replace(name, "pgtest_", migrated, 1)
	}
	if _, err := s.admin.Exec(tb.Context(), "create database "+name+" template "+template+s.how); err != nil {
		tb.Fatal("creating a database: ", err)
	}
	tb.Cleanup(func() {
		if _, err := s.admin.Exec(context.WithoutCancel(tb.Context()), "drop database "+name+" with (force)"); err != nil {
			tb.Error("dropping a database: ", err)
		}
	})
	address, err := at(s.url, name)
	if err != nil {
		tb.Fatal(err)
	}
	return address
}

// migrated begins the name of a database that has a schema and roles.
const migrated = "pgtest_m_"

// rolesOf names the roles on a throw-away cluster.
func rolesOf(address string) (roles.Names, error) {
	u, err := url.Parse(address)
	if err != nil {
		return roles.Names{}, err
	}
	return roles.Names{
		Owner: u.User.Username(), Daemon: "pgtest_daemon", Editor: "pgtest_editor", Reader: "pgtest_reader", Console: "pgtest_console",
	}, nil
}

func uniqueName() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	return "pgtest_" + hex.EncodeToString(id[:])
}

// at returns the address of another database on the same server.
func at(address, database string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return "", errors.New(urlEnv + ": want postgres://user@host/database")
	}
	u.Path = "/" + database
	return u.String(), nil
}
