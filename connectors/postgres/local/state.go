package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

const (
	stateFile = "state.json"
	logFile   = "postgres.log"

	// maxLog is the maximum size of the log, in bytes; one earlier log is kept as
	// well.
	maxLog = 8 << 20
)

// state is what the supervisor reports to the programs. No state file means
// that it is starting or stopping. The file outlives a killed supervisor: it
// counts only while supervisor.lock is held.
type state struct {
	URL      string   `json:"url,omitempty"`      // set when ready
	Error    string   `json:"error,omitempty"`    // set when the supervisor gave up
	Warnings []string `json:"warnings,omitempty"` // for people, see Cluster.Warnings
}

func readState(dir string) (state, error) {
	var st state
	f, err := openIn(dir, stateFile, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return st, nil
	}
	if err == nil {
		err = errors.Join(json.NewDecoder(f).Decode(&st), f.Close())
	}
	if err != nil {
		return st, fmt.Errorf("reading the supervisor's state: %w", err)
	}
	return st, nil
}

// writeState puts the file in place in one step: a reader sees all of it or none.
func writeState(dir string, st state) error {
	raw, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("writing the supervisor's state: %w", err)
	}
	in, err := openFolder(dir)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	const unfinished = stateFile + ".new"
	// What a killed supervisor left goes first, and whatever else is in the way.
	if err := in.Remove(unfinished); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("writing the supervisor's state: %w", err)
	}
	f, err := in.open(unfinished, os.O_WRONLY|os.O_CREATE)
	if err != nil {
		return err
	}
	if err = f.Truncate(0); err == nil {
		_, err = f.Write(raw)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = in.Rename(unfinished, stateFile)
	}
	if err != nil {
		return fmt.Errorf("writing the supervisor's state: %w", err)
	}
	return nil
}

func removeState(dir string) error {
	in, err := openFolder(dir)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	if err := in.Remove(stateFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// openLog opens the log of supervisor and Postgres for appending.
func openLog(dir string) (*os.File, error) {
	in, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	if info, err := in.Lstat(logFile); err == nil && info.Size() > maxLog {
		if err := in.Rename(logFile, logFile+".1"); err != nil {
			return nil, fmt.Errorf("putting the old log aside: %w", err)
		}
	}
	return in.open(logFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND)
}

// logSize is the size of the log, in bytes.
func logSize(dir string) int64 {
	f, err := openIn(dir, logFile, os.O_RDONLY)
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// logTail returns the last lines logged since an offset.
func logTail(dir string, since int64) string {
	const most = 8
	f, err := openIn(dir, logFile, os.O_RDONLY)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.NewSectionReader(f, since, 4*maxLog))
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
