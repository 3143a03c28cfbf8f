package local

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	databaseName = "profilesync" // also the superuser's name
	socketPort   = "5432"        // part of the socket's file name, nothing listens on it

	duplicateDatabase = "42P04" // the SQLSTATE for a database that already exists

	// orphanTimeout is how long the processes of a killed server may take to
	// notice its death.
	orphanTimeout = 30 * time.Second
)

// server is Postgres on one data folder. Only the holder of supervisor.lock has one.
type server struct {
	dir       string // of lock, state and log files
	place     *place
	bin       string // folder of postgres and initdb
	throwAway bool
}

// process is a running command of Postgres.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{}
	err    error // how it ended; valid after exited is closed
}

// settings returns settings for a machine shared with the program: bulk work
// over few connections.
func (srv *server) settings() []string {
	list := []string{
		"listen_addresses=", "port=" + socketPort,
		"unix_socket_directories=" + srv.place.socket, "unix_socket_permissions=0700",
		"cluster_name=" + databaseName, "max_connections=200",
		"shared_buffers=256MB", "work_mem=32MB", "maintenance_work_mem=256MB",
		"max_wal_size=2GB", "wal_compression=on", "random_page_cost=1.1", "jit=off",
		"dynamic_shared_memory_type=" + dynamicSharedMemory(),
		"timezone=UTC", "log_timezone=UTC", "log_line_prefix=%m [%p] ", "logging_collector=off",
	}
	if srv.throwAway {
		// For tests: no data need survive a crash, and dozens of daemons share the
		// cluster.
		list = append(list, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=800")
	}
	return list
}

// url sets every connection setting that the program's environment could
// otherwise change.
func (srv *server) url() string {
	q := url.Values{}
	q.Set("host", srv.place.socket)
	q.Set("port", socketPort)
	q.Set("sslmode", "disable")
	q.Set("target_session_attrs", "any")
	return "postgres://" + databaseName + "@/" + databaseName + "?" + q.Encode()
}

// initdb creates the data folder, and gives it its name only when it is
// complete.
func (srv *server) initdb() error {
	base := srv.place.base
	unfinished := srv.place.data + ".new"
	if err := belongsTo(base.Root, unfinished, srv.place.as); err != nil {
		return err
	}
	if err := base.RemoveAll(unfinished); err != nil {
		return fmt.Errorf("removing an unfinished cluster: %w", err)
	}
	if err := makePrivate(base.Root, unfinished, srv.place.as); err != nil {
		return err
	}
	args := []string{"-D", srv.place.dataPath() + ".new", "-U", databaseName, "--encoding=UTF8", "--locale=C", "--auth=trust"}
	if srv.throwAway {
		args = append(args, "--no-sync")
	}
	since := logSize(srv.dir)
	p, err := srv.launch("initdb", syscall.SIGKILL, args...)
	if err != nil {
		return err
	}
	if <-p.exited; p.err != nil {
		return fmt.Errorf("initdb: %w\n%s", p.err, logTail(srv.dir, since))
	}
	if err := base.Rename(unfinished, srv.place.data); err != nil {
		return fmt.Errorf("naming the new cluster: %w", err)
	}
	return nil
}

// start starts Postgres and returns when the database exists.
func (srv *server) start() (*process, error) {
	if err := srv.endOrphans(); err != nil {
		return nil, err
	}
	if err := srv.place.renewSocket(); err != nil {
		return nil, err
	}
	args := []string{"-D", srv.place.dataPath()}
	for _, s := range srv.settings() {
		args = append(args, "-c", s)
	}
	since := logSize(srv.dir)
	p, err := srv.launch("postgres", syscall.SIGINT, args...)
	if err != nil {
		return nil, err
	}
	if err := p.ready(srv); err != nil {
		return nil, errors.Join(fmt.Errorf("%w\n%s", err, logTail(srv.dir, since)), p.stop())
	}
	return p, nil
}

// launch starts a command of Postgres. The command gets the signal onDeath when the
// supervisor is killed, and holds postgres.lock for as long as one of its processes
// is alive.
func (srv *server) launch(name string, onDeath syscall.Signal, args ...string) (*process, error) {
	alive, err := exclusive(srv.dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = alive.Close() }()
	cmd := exec.Command(filepath.Join(srv.bin, name), args...)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr // the log file
	cmd.ExtraFiles = []*os.File{alive}
	cmd.SysProcAttr = attributes(srv.place.as, onDeath)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s%s: %w", cmd.Path, srv.place.as.note(), err)
	}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	go func() {
		defer close(p.exited)
		p.err = cmd.Wait()
		if p.err == nil && name == "postgres" {
			p.err = errors.New("it was told to stop")
		}
	}()
	return p, nil
}

// ready waits until the database exists and accepts connections. It has no
// deadline: recovery may take long, and a server that cannot start exits.
func (p *process) ready(srv *server) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	return poll(ctx, func() (bool, error) {
		select {
		case <-p.exited:
			return false, fmt.Errorf("Postgres did not start: %w", p.err) //nolint:staticcheck // a name
		default:
		}
		return srv.createDatabase(ctx)
	})
}

// createDatabase returns false if the server does not accept connections yet.
func (srv *server) createDatabase(ctx context.Context) (bool, error) {
	cfg, err := pgx.ParseConfig(srv.url())
	if err != nil {
		return false, fmt.Errorf("connecting to the new server: %w", err)
	}
	cfg.Database = "postgres"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return false, nil // retried until the process ends
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, "create database "+databaseName)
	var exists *pgconn.PgError
	if err != nil && (!errors.As(err, &exists) || exists.Code != duplicateDatabase) {
		return false, fmt.Errorf("creating the database: %w", err)
	}
	return true, nil
}

// stopSteps are the ways to stop Postgres, from the gentlest: fast shutdown,
// immediate shutdown, kill; and how long each may take.
var stopSteps = []struct {
	signal syscall.Signal
	wait   time.Duration
}{{syscall.SIGINT, 20 * time.Second}, {syscall.SIGQUIT, 5 * time.Second}, {syscall.SIGKILL, 5 * time.Second}}

// stopPID goes through stopSteps until the process is gone.
func stopPID(pid int, gone func() bool) error {
	for _, step := range stopSteps {
		if err := syscall.Kill(pid, step.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stopping Postgres (process %d): %w", pid, err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), step.wait)
		err := poll(ctx, func() (bool, error) { return gone(), nil })
		cancel()
		if err == nil {
			return nil
		}
	}
	return fmt.Errorf("Postgres (process %d) cannot be stopped", pid) //nolint:staticcheck // a name
}

// stop stops the server; data of finished transactions are on disk whatever step it took.
func (p *process) stop() error {
	select {
	case <-p.exited: // its process id may now belong to another process
		return nil
	default:
	}
	return stopPID(p.cmd.Process.Pid, func() bool {
		select {
		case <-p.exited:
			return true
		default:
			return false
		}
	})
}

// endOrphans stops a server that lost its supervisor. It also removes a postmaster.pid
// that names a process other than a server on this data folder, which happens in
// containers, where process ids are reused: Postgres would refuse to start.
func (srv *server) endOrphans() error {
	base, data := srv.place.base, srv.place.dataPath()
	const pidFile = "postmaster.pid"
	name := filepath.Join(srv.place.data, pidFile)
	if err := belongsTo(base.Root, srv.place.data, srv.place.as); err != nil {
		return err
	}
	raw, err := srv.place.readData(pidFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for an earlier server: %w", err)
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 {
		return base.Remove(name) // cut short by a full disk or a crash
	}
	if isServer(pid, data) {
		return stopPID(pid, func() bool { return !isServer(pid, data) })
	}
	if syscall.Kill(pid, 0) == nil {
		return base.Remove(name)
	}
	return nil // Postgres itself detects that the process is dead
}
