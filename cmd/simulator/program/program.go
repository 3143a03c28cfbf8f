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

// program is the real profilesync binary with the settings of the demonstration.
type Program struct {
	path     string
	env      []string // of this process, without settings
	settings []string // NAME=value
	// says is told every line the program writes to standard error.
	says func(line string)
}

// The exit codes of profilesync that are results; all others are failures.
const (
	ExitDone     = 0
	ExitWithheld = 3 // done, with something withheld
)

// stopWithin is how long a stopped program may take to end before it is killed.
const stopWithin = 30 * time.Second

// newProgram finds the binary. Its environment is ours without any setting of
// profilesync: a demonstration must never reach a database or a service that
// was configured for something else.
func New(path, dir string, o *outside.Systems, says func(string)) (*Program, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("--profilesync: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("--profilesync: %w (make build makes it)", err)
	}
	p := &Program{path: path, says: says}
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "PROFILESYNC_") {
			p.env = append(p.env, entry)
		}
	}
	p.Set("LOCAL_DIR", dir)
	return p, p.pointAt(o, dir)
}

// command prepares one command; at zero it lives in the present.
func (p *Program) Command(ctx context.Context, at time.Time, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.path, args...) //nolint:gosec // the caller names the program
	cmd.Env = append(append(cmd.Env, p.env...), p.settings...)
	if !at.IsZero() {
		cmd.Env = append(cmd.Env, "PROFILESYNC_MODE=demo", "PROFILESYNC_NOW="+at.UTC().Format(time.RFC3339))
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopWithin
	return cmd
}

// run runs a command at a played instant to its end, and hands every run on as
// soon as its result is there. Errors are those of list.
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

// list runs a command at a played instant to its end, and hands every row on as
// soon as it is there. An exit code is a result; an error means that the program
// could not be run, or that its output is no JSON that the caller takes.
func (p *Program) Rows(ctx context.Context, at time.Time, each func(json.RawMessage) error, args ...string) (code int, err error) {
	cmd := p.Command(ctx, at, append(args, "--format", "json")...)
	said := &lines{each: p.says}
	cmd.Stderr = said
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, fmt.Errorf("profilesync %s: %w", strings.Join(args, " "), err)
	}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("profilesync %s: %w", strings.Join(args, " "), err)
	}
	unread := decode(stdout, each)
	_, _ = io.Copy(io.Discard, stdout) // it must not wait for a reader
	err = cmd.Wait()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("profilesync %s: %w", strings.Join(args, " "), err)
	}
	code = cmd.ProcessState.ExitCode()
	if unread != nil || code != ExitDone && code != ExitWithheld {
		return code, fmt.Errorf("profilesync %s ended with exit code %d: %w", strings.Join(args, " "), code, errors.Join(unread, said.last()))
	}
	return code, nil
}

// page writes the newest report as a page to a file.
func (p *Program) WriteReport(ctx context.Context, at time.Time, path string) error {
	if said, err := p.Command(ctx, at, "report", "--format", "html", "--out", path).CombinedOutput(); err != nil {
		return fmt.Errorf("profilesync report: %w: %s", err, said)
	}
	return nil
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
