package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

const (
	// watchEvery is how often the supervisor checks whether any user is left.
	watchEvery = 100 * time.Millisecond
	// The supervisor gives up after maxCrashes servers in a row that each lived
	// less than shortLife.
	maxCrashes = 5
	shortLife  = 10 * time.Second
)

// SuperviseIfAsked turns this process into the supervisor when Open has started it as
// one, and then never returns. Every program that calls Open must call it at the very
// start of main, or of TestMain in test binaries.
//
// Only Open gives its child the name of a supervisor for an argument, so the variable
// alone, in the environment of some command, does nothing.
func SuperviseIfAsked() {
	asked := os.Getenv(askedEnv)
	if asked == "" || len(os.Args) != 3 || os.Args[1] != supervisorArg {
		return
	}
	// Postgres gets the signal of its parent's death when the thread that started it
	// ends, so the supervisor starts it from the main thread, which lives as long as
	// the process.
	runtime.LockOSThread()
	if err := supervise(asked); err != nil {
		fmt.Fprintln(os.Stderr, complaint+err.Error())
		os.Exit(1)
	}
	os.Exit(0)
}

func supervise(asked string) error {
	var sp spec
	if err := json.Unmarshal([]byte(asked), &sp); err != nil {
		return fmt.Errorf("reading %s: %w", askedEnv, err)
	}
	// The open file must not reach Postgres: an orphaned server would keep the
	// lock.
	syscall.CloseOnExec(heldFD)
	held := os.NewFile(heldFD, supervisorLock)
	if err := sp.checkHeld(held); err != nil {
		return fmt.Errorf("%s is for Open to set: %w", askedEnv, err)
	}
	pgBinDir := os.Getenv(binDirEnv)
	if err := cleanEnvironment(); err != nil {
		return err
	}
	s := &supervisor{spec: sp, asks: signals()}
	users, err := s.run(pgBinDir)
	if err != nil {
		return errors.Join(err, writeState(sp.Dir, state{Error: err.Error()}))
	}
	// In this order, so that a program that gets a share of users.lock now finds
	// supervisor.lock free.
	return errors.Join(held.Close(), users.Close())
}

// checkHeld returns an error unless a file is supervisor.lock of the folder, and
// holds the lock.
func (sp spec) checkHeld(held *os.File) error {
	got, err := held.Stat()
	if err != nil {
		return err
	}
	in, err := openFolder(sp.Dir)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	if want, err := in.Lstat(supervisorLock); err != nil || !os.SameFile(got, want) {
		return errors.Join(err, errors.New("the open file is another"))
	}
	return syscall.Flock(heldFD, syscall.LOCK_EX|syscall.LOCK_NB) // which it has, if it is the one of Open
}

// signals are the requests to end a process. They are meant for the users: in a
// service manager or a terminal every process gets them, and users may have work to
// finish. For the supervisor they only cut Linger short.
func signals() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	return c
}

// cleanEnvironment leaves what Postgres and initdb may have of the inherited
// environment: they run as in a C locale, and need not know what we were asked.
func cleanEnvironment() error {
	return errors.Join(os.Unsetenv(askedEnv), os.Unsetenv(binDirEnv), os.Setenv("LC_ALL", "C"))
}

// supervisor owns one cluster from the first user to the last.
type supervisor struct {
	spec spec
	asks <-chan os.Signal
}

// run serves until no user is left and Postgres has stopped, and returns the
// exclusive users.lock.
func (s *supervisor) run(pgBinDir string) (*os.File, error) {
	srv, err := s.prepare(pgBinDir)
	if err != nil {
		return nil, err
	}
	for crashes := 0; ; {
		p, err := srv.start()
		if err != nil {
			return nil, err
		}
		began := time.Now()
		if err := writeState(s.spec.Dir, state{URL: srv.url(), Warnings: srv.place.warnings}); err != nil {
			return nil, errors.Join(err, p.stop())
		}
		users, err := s.watch(p)
		if err = errors.Join(err, removeState(s.spec.Dir)); err != nil || users != nil {
			return users, errors.Join(err, p.stop(), s.discard(srv))
		}
		if crashes++; time.Since(began) > shortLife {
			crashes = 1
		}
		if crashes == maxCrashes {
			return nil, fmt.Errorf("Postgres ended by itself %d times in a row: %w", crashes, p.err) //nolint:staticcheck // a name
		}
	}
}

// prepare finds the cluster's place and the binaries that fit its data.
func (s *supervisor) prepare(pgBinDir string) (*server, error) {
	pl, err := findPlace(s.spec.Dir, s.spec.ThrowAway)
	if err != nil {
		return nil, err
	}
	srv := &server{dir: s.spec.Dir, place: pl, throwAway: s.spec.ThrowAway}
	if err := srv.endOrphans(); err != nil {
		return nil, err
	}
	if err := s.discard(srv); err != nil {
		return nil, err
	}
	major, err := dataMajor(pl)
	if err != nil {
		return nil, err
	}
	srv.bin, err = findBinaries(pgBinDir, major, pl.dataPath())
	if err != nil || major != "" {
		return srv, err
	}
	return srv, srv.initdb()
}

// discard removes the data of a throw-away cluster.
func (s *supervisor) discard(srv *server) error {
	if !s.spec.ThrowAway {
		return nil
	}
	if err := belongsTo(srv.place.base.Root, srv.place.data, srv.place.as); err != nil {
		return err
	}
	return srv.place.base.RemoveAll(srv.place.data)
}

// watch returns the exclusive users.lock once no program has held a share of it for
// the duration of Linger, or nil when Postgres has ended.
func (s *supervisor) watch(p *process) (*os.File, error) {
	linger, used := s.spec.Linger, time.Now()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.exited:
			return nil, nil //nolint:nilnil // see above
		case <-s.asks:
			linger = 0
		case <-tick.C:
		}
		users, err := tryLock(s.spec.Dir, usersLock, syscall.LOCK_EX)
		switch {
		case err != nil:
			return nil, err
		case users == nil:
			used = time.Now()
		case time.Since(used) >= linger:
			return users, nil
		default:
			if err := users.Close(); err != nil {
				return nil, err
			}
		}
	}
}

// exclusive takes postgres.lock for a process that is about to start, waiting for
// the remaining processes of an earlier server to end.
func exclusive(dir string) (*os.File, error) {
	ctx, cancel := context.WithTimeout(context.Background(), orphanTimeout)
	defer cancel()
	f, err := lock(ctx, dir, postgresLock, syscall.LOCK_EX)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("processes of an earlier Postgres on %s do not end", dir)
	}
	return f, err
}
