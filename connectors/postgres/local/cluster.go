package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// openTimeout limits an Open whose context has no deadline: it is enough for
	// initdb on a slow disk, and for the recovery of a large write-ahead log.
	openTimeout = 2 * time.Minute
	pingTimeout = 5 * time.Second

	// keepEvery is how soon a lost supervisor is replaced; maxKeepWait is the longest
	// wait if the replacements die as well.
	keepEvery   = 500 * time.Millisecond
	maxKeepWait = 30 * time.Second

	// maxStarts supervisors may die without saying why before Open gives up.
	maxStarts = 3
)

// Options say which cluster to open. If programs open one folder with different
// options, the options of the program that started the supervisor apply.
type Options struct {
	// Dir is the cluster's folder; it is created when missing.
	Dir string `json:"dir"`
	// ThrowAway is for tests: nothing is flushed to disk, the cluster starts empty,
	// and its data are removed when it stops.
	ThrowAway bool `json:"throw_away"`
	// Linger keeps the cluster running this long after its last user has gone; zero
	// stops it at once.
	Linger time.Duration `json:"linger"`
}

// Cluster is one program's share in a running cluster.
type Cluster struct {
	spec  spec
	state state
	users *os.File

	stopKeeping context.CancelFunc
	kept        chan struct{}
}

// Open joins the cluster in o.Dir, starting it if it is not running, and returns
// when the database "profilesync" accepts connections. Without a deadline in ctx it
// waits two minutes at most.
//
// The cluster runs on while any program has it open. If Postgres or its supervisor is
// killed meanwhile it comes back within about a second under the same URL: programs
// see broken connections, not a lost database.
//
// The program's main (or TestMain) must begin with SuperviseIfAsked.
func Open(ctx context.Context, o Options) (*Cluster, error) {
	if os.Getenv(askedEnv) != "" {
		// Without this check a binary that lacks the hook would start itself for ever.
		return nil, errors.New("opening the private database: main does not begin with local.SuperviseIfAsked")
	}
	dir, err := makeDir(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("opening the private database: %w", err)
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, openTimeout)
		defer cancel()
	}
	users, err := lock(ctx, dir, usersLock, syscall.LOCK_SH)
	if err != nil {
		return nil, err
	}
	sp := spec(o)
	sp.Dir = dir
	st, err := join(ctx, sp)
	if err != nil {
		return nil, errors.Join(err, users.Close())
	}
	keepCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	c := &Cluster{spec: sp, state: st, users: users, stopKeeping: stop, kept: make(chan struct{})}
	go c.keep(keepCtx)
	return c, nil
}

// Exists reports whether a cluster has been opened in dir before.
func Exists(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, usersLock))
	return err == nil
}

// URL is the connection string of database "profilesync" over the unix socket, as
// superuser, for pgx; for example
// postgres://profilesync@/profilesync?host=%2Fsrv%2Fapp%2F.local%2Fsocket&port=5432.
func (c *Cluster) URL() string { return c.state.URL }

// Warnings are sentences for the person who runs the program, for example that the
// data could not be put in Options.Dir.
func (c *Cluster) Warnings() []string { return c.state.Warnings }

// Log is the path of the log file of Postgres and its supervisor.
func (c *Cluster) Log() string { return filepath.Join(c.spec.Dir, logFile) }

// Close gives up this program's share and does not wait: if it was the last one, the
// supervisor stops Postgres. Close the program's connections first.
func (c *Cluster) Close() error {
	c.stopKeeping()
	<-c.kept
	return c.users.Close()
}

// Wait returns when no cluster runs in dir any more. Call it before removing or
// copying the folder.
func Wait(ctx context.Context, dir string) error {
	dir, err := realPath(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range []string{supervisorLock, postgresLock} {
		f, err := lock(ctx, dir, name, syscall.LOCK_EX)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// join finds a supervisor or starts one, and waits for its server. The caller holds
// its share of users.lock.
func join(ctx context.Context, sp spec) (state, error) {
	var (
		st      state
		mine    *child
		starts  int
		refused error
	)
	err := poll(ctx, func() (bool, error) {
		if err := mine.failure(sp.Dir); err != nil && (!errors.Is(err, errDied) || starts == maxStarts) {
			return false, err
		}
		started, err := sp.start()
		if err != nil {
			return false, err
		}
		if started != nil {
			mine, starts = started, starts+1
		}
		if st, err = readState(sp.Dir); err != nil || st.URL == "" {
			return false, err
		}
		refused = answers(ctx, st.URL)
		return refused == nil, nil
	})
	if err != nil {
		return state{}, fmt.Errorf("starting the private database (log: %s): %w", filepath.Join(sp.Dir, logFile), errors.Join(err, refused))
	}
	return st, nil
}

// answers returns nil if the server accepts a connection.
func answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// keep replaces a supervisor that was killed: while this program holds users.lock,
// no supervisor stops normally.
func (c *Cluster) keep(ctx context.Context) {
	defer close(c.kept)
	wait := keepEvery
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		// Nobody could read an error here; the program sees its connections fail.
		if started, err := c.spec.start(); started != nil || err != nil {
			wait = min(2*wait, maxKeepWait)
		} else {
			wait = keepEvery
		}
	}
}

// makeDir creates dir and returns its absolute path without links, so that it does
// not depend on the working directory. Nothing is made where others could put
// something else in its place.
func makeDir(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("no folder given")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(abs); err == nil {
		return realPath(abs)
	} else if !errors.Is(err, os.ErrNotExist) || filepath.Dir(abs) == abs {
		return "", err
	}
	in, err := makeDir(filepath.Dir(abs))
	if err != nil {
		return "", err
	}
	return makeIn(in, filepath.Base(abs))
}

// realPath returns a path that is absolute and has no links.
func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}
