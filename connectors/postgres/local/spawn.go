package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

const (
	// askedEnv carries the spec to the supervisor process.
	askedEnv = "PROFILESYNC_LOCAL_SUPERVISOR"
	// supervisorArg is the first argument of the supervisor process, for who reads the
	// list of processes, and so that no other command becomes one; the second is the
	// folder.
	supervisorArg = "local-postgres"
	// binDirEnv names the folder of the server's programs.
	binDirEnv = "PG_BINDIR"
	// heldFD is where the supervisor finds the locked supervisor.lock.
	heldFD = 3
)

// complaint begins what a supervisor that fails says in the log.
const complaint = "supervisor: "

// errDied means the supervisor was killed before it could report anything.
var errDied = errors.New("the supervisor ended without reporting an error")

// spec is what a supervisor needs to know. Dir is absolute.
type spec Options

// child is a supervisor that this program started.
type child struct {
	exited chan struct{}
	since  int64 // the size of the log before it started, in bytes
}

// start starts a supervisor, or returns nil if one is running. Holding
// supervisor.lock while starting makes sure there is never a second one.
func (sp spec) start() (*child, error) {
	held, err := tryLock(sp.Dir, supervisorLock, syscall.LOCK_EX)
	if held == nil || err != nil {
		return nil, err
	}
	// The supervisor has its own copy of the open file, and with it the lock.
	defer func() { _ = held.Close() }()
	if err := removeState(sp.Dir); err != nil {
		return nil, fmt.Errorf("removing the last supervisor's state: %w", err)
	}
	cmd, err := sp.command(held)
	if err != nil {
		return nil, err
	}
	out, err := openLog(sp.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }()
	// Not this program's own output: a reader of that would wait until the
	// supervisor ends.
	cmd.Stdout, cmd.Stderr = out, out
	since := logSize(sp.Dir)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the supervisor: %w", err)
	}
	c := &child{exited: make(chan struct{}), since: since}
	go c.await(cmd)
	return c, nil
}

// await waits for the end of the supervisor.
func (c *child) await(cmd *exec.Cmd) {
	defer close(c.exited)
	_ = cmd.Wait() // how it ended is in the state file
}

func (sp spec) command(held *os.File) (*exec.Cmd, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program's executable: %w", err)
	}
	asked, err := json.Marshal(sp)
	if err != nil {
		return nil, fmt.Errorf("describing the cluster: %w", err)
	}
	cmd := exec.Command(exe, supervisorArg, sp.Dir)
	cmd.Dir = "/"
	cmd.Env = append(inherited(), askedEnv+"="+string(asked))
	cmd.ExtraFiles = []*os.File{held}
	// A separate session: Ctrl-C and a closed terminal must reach only the program,
	// which may still have work to finish on the database.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd, nil
}

// passedOn are the variables that the supervisor gets, and Postgres from it. All
// others stay with the program: its environment may hold keys.
var passedOn = []string{
	"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", binDirEnv,
}

// inherited is the environment that passes to the supervisor.
func inherited() (environment []string) {
	for _, name := range passedOn {
		if value, ok := os.LookupEnv(name); ok {
			environment = append(environment, name+"="+value)
		}
	}
	return environment
}

// failure returns why the supervisor ended; nil while it is running or if there
// was none.
func (c *child) failure(dir string) error {
	if c == nil {
		return nil
	}
	select {
	case <-c.exited:
	default:
		return nil
	}
	st, err := readState(dir)
	switch {
	case err != nil:
		return err
	case st.Error != "":
		return errors.New(st.Error)
	}
	if _, said, logged := strings.Cut(logTail(dir, c.since), complaint); logged { // it could not write its state
		return errors.New(said)
	}
	return errDied
}
