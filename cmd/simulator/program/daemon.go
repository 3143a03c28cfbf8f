package program

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// child is the real daemon.
type daemon struct {
	cmd  *exec.Cmd
	said *lines
	done chan struct{}
	err  error // of its end, once done
}

// serve starts the daemon at a played instant, on a free port. It is asked to
// stop when the context ends.
func (p *Program) Serve(ctx context.Context, at time.Time) (Daemon, error) {
	d := &daemon{cmd: p.Command(ctx, at, "serve"), said: &lines{}, done: make(chan struct{})}
	d.cmd.Env = append(d.cmd.Env, "PROFILESYNC_HTTP_ADDRESS=127.0.0.1:0")
	d.cmd.Stdout, d.cmd.Stderr = d.said, d.said
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("profilesync serve: %w", err)
	}
	go func() {
		d.err = d.cmd.Wait()
		close(d.done)
	}()
	return d, nil
}

func (d *daemon) Ended() <-chan struct{} { return d.done }

func (d *daemon) Stop() error {
	gone := d.cmd.Process.Signal(syscall.SIGTERM) // one that has ended by itself says so here
	select {
	case <-d.done:
	case <-time.After(stopWithin):
		_ = d.cmd.Process.Kill()
		<-d.done
	}
	if gone != nil || d.err != nil {
		return fmt.Errorf("profilesync serve did not end well: %w", errors.Join(gone, d.err, d.said.last()))
	}
	return nil
}

// daemon is a running `profilesync serve`.
type Daemon interface {
	// ended is closed when it has ended, whyever.
	Ended() <-chan struct{}
	// stop asks it to stop and waits until it has. Anything but a good end is an
	// error, with what it said last.
	Stop() error
}
