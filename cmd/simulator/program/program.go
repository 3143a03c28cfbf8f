package program

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Program is the real profilesync binary with the settings of the demonstration.
type Program struct {
	path     string
	env      []string          // of this process, without settings
	settings []string          // NAME=value
	onLine   func(line string) // called with every line on its standard error
}

// The exit codes of profilesync that are results; all others are failures.
const (
	ExitDone     = 0
	ExitWithheld = 3 // done, but a run withheld something or drift remains
)

// stopWithin is how long the program may take to stop before it is killed.
const stopWithin = 30 * time.Second

// New finds the binary and points it at the simulated systems, with its database
// in a folder. It gets our environment without any settings of profilesync: a
// demonstration must never reach a database or a service that was configured for
// something else. onLine is called with every line of its standard error.
func New(path, dir string, systems *outside.Systems, onLine func(string)) (*Program, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("--profilesync: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("--profilesync: %w (make build makes it)", err)
	}
	p := &Program{path: path, onLine: onLine}
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "PROFILESYNC_") {
			p.env = append(p.env, entry)
		}
	}
	p.Set("LOCAL_DIR", dir)
	p.Set("MODE", "demo") // which allows a private database and a played time
	return p, p.pointAt(systems, dir)
}

// Command prepares a command at a played time; at the zero time, the clock is real.
func (p *Program) Command(ctx context.Context, at time.Time, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.path, args...) //nolint:gosec // the caller names the program
	cmd.Env = append(append(cmd.Env, p.env...), p.settings...)
	if !at.IsZero() {
		cmd.Env = append(cmd.Env, "PROFILESYNC_NOW="+at.UTC().Format(time.RFC3339))
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopWithin
	return cmd
}

// Runs runs a command at a played time to its end, and calls each with every
// reconciliation run as soon as its result is printed. Exit code and errors are
// those of Rows.
func (p *Program) Runs(ctx context.Context, at time.Time, each func(runs.Summary), args ...string) (code int, err error) {
	return p.Rows(ctx, at, func(row json.RawMessage) error {
		var s runs.Summary
		err := json.Unmarshal(row, &s)
		if err == nil {
			each(s)
		}
		return err
	}, args...)
}

// Rows runs a command at a played time to its end, and calls each with every
// JSON value that it prints, as soon as it is printed. It fails if the command
// cannot be run, ends with an exit code that is not a result, or prints
// something that each does not accept.
func (p *Program) Rows(ctx context.Context, at time.Time, each func(json.RawMessage) error, args ...string) (code int, err error) {
	cmd := p.Command(ctx, at, append(args, "--format", "json")...)
	stderr := &lineWriter{onLine: p.onLine}
	cmd.Stderr = stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, fmt.Errorf("profilesync %s: %w", strings.Join(args, " "), err)
	}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("profilesync %s: %w", strings.Join(args, " "), err)
	}
	unread := decode(stdout, each)
	_, _ = io.Copy(io.Discard, stdout) // so that it need not wait for a reader
	err = cmd.Wait()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("profilesync %s: %w", strings.Join(args, " "), err)
	}
	code = cmd.ProcessState.ExitCode()
	if unread != nil || code != ExitDone && code != ExitWithheld {
		return code, fmt.Errorf("profilesync %s ended with exit code %d: %w", strings.Join(args, " "), code, errors.Join(unread, stderr.last()))
	}
	return code, nil
}

// WriteReport writes the newest daily report to a file, as HTML.
func (p *Program) WriteReport(ctx context.Context, at time.Time, path string) error {
	if output, err := p.Command(ctx, at, "report", "--format", "html", "--out", path).CombinedOutput(); err != nil {
		return fmt.Errorf("profilesync report: %w: %s", err, output)
	}
	return nil
}

// ReportLink makes the reports that are due at a played time, and returns an address
// at which a daemon shows the newest one.
func (p *Program) ReportLink(ctx context.Context, at time.Time) (string, error) {
	made := func(json.RawMessage) error { return nil }
	if _, err := p.Rows(ctx, at, made, "report", "make"); err != nil {
		return "", err
	}
	var report struct {
		Link string `json:"link"`
	}
	_, err := p.Rows(ctx, time.Time{}, func(row json.RawMessage) error { return json.Unmarshal(row, &report) }, "report", "link")
	return report.Link, err
}

func decode(r io.Reader, each func(json.RawMessage) error) error {
	decoder := json.NewDecoder(r)
	for {
		var row json.RawMessage
		err := decoder.Decode(&row)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = each(row)
		}
		if err != nil {
			return fmt.Errorf("reading its result: %w", err)
		}
	}
}
