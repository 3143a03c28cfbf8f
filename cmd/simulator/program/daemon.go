package program

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// Daemon is a running `profilesync serve`; tests of the demo have one of their own.
type Daemon interface {
	// Ended is closed when the daemon has ended, for any reason.
	Ended() <-chan struct{}
	// Stop asks it to stop and waits until it has. Anything but exit code 0 is an
	// error, with the last lines of its output.
	Stop() error
}

// process is the real daemon.
type process struct {
	cmd    *exec.Cmd
	output *lineWriter
	done   chan struct{}
	err    error // how it ended; set before done is closed
}

// Serve starts the daemon at a played time, on a free port. It is asked to stop
// when the context ends.
func (p *Program) Serve(ctx context.Context, at time.Time) (Daemon, error) {
	d := &process{cmd: p.Command(ctx, at, "serve"), output: &lineWriter{}, done: make(chan struct{})}
	d.cmd.Env = append(d.cmd.Env, "PROFILESYNC_HTTP_ADDRESS=127.0.0.1:0", "PROFILESYNC_API_ADDRESS=127.0.0.1:0")
	d.cmd.Stdout, d.cmd.Stderr = d.output, d.output
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("profilesync serve: %w", err)
	}
	go func() {
		d.err = d.cmd.Wait()
		close(d.done)
	}()
	return d, nil
}

// Ended implements Daemon.
func (d *process) Ended() <-chan struct{} { return d.done }

// Stop implements Daemon.
func (d *process) Stop() error {
	gone := d.cmd.Process.Signal(syscall.SIGTERM) // fails if it has already ended
	select {
	case <-d.done:
	case <-time.After(stopWithin):
		_ = d.cmd.Process.Kill()
		<-d.done
	}
	if gone != nil || d.err != nil {
		return fmt.Errorf("profilesync serve did not stop cleanly: %w", errors.Join(gone, d.err, d.output.last()))
	}
	return nil
}
