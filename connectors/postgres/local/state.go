package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
	raw, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return st, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &st)
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
	f, err := openIn(dir, stateFile+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing the supervisor's state: %w", err)
	}
	return os.Rename(f.Name(), filepath.Join(dir, stateFile))
}

func removeState(dir string) error {
	err := os.Remove(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// openLog opens the log of supervisor and Postgres for appending.
func openLog(dir string) (*os.File, error) {
	path := filepath.Join(dir, logFile)
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, fmt.Errorf("putting the old log aside: %w", err)
		}
	}
	return openIn(dir, logFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND)
}
