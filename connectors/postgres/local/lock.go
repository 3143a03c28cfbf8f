package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	usersLock      = "users.lock"
	supervisorLock = "supervisor.lock"
	postgresLock   = "postgres.lock"

	pollEvery = 20 * time.Millisecond
)

// tryLock takes the flock how (LOCK_SH or LOCK_EX) on a file in dir; closing the
// file gives it back. It returns nil without an error if another process holds
// it.
func tryLock(dir, name string, how int) (*os.File, error) {
	f, err := openIn(dir, name, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err == nil {
		return f, nil
	}
	_ = f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil //nolint:nilnil // "taken" is an ordinary answer here, not a failure
	}
	return nil, fmt.Errorf("locking %s: %w", f.Name(), err)
}

// lock is tryLock, waiting until ctx ends.
func lock(ctx context.Context, dir, name string, how int) (*os.File, error) {
	var f *os.File
	err := poll(ctx, func() (bool, error) {
		var err error
		f, err = tryLock(dir, name, how)
		return f != nil, err
	})
	if err != nil {
		return nil, fmt.Errorf("waiting for %s: %w", filepath.Join(dir, name), err)
	}
	return f, nil
}

// poll calls done until it returns true or an error; if ctx ends first, it
// returns ctx's error.
func poll(ctx context.Context, done func() (bool, error)) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
