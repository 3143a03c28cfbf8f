package local

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// runsAs returns the account that runs Postgres in these tests.
func runsAs(t *testing.T, dir string) *account {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	base, err := openFolder(dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, base.Close()) }()
	as, err := unprivileged(base)
	require.NoError(t, err)
	return as
}

func TestKilledProgramsLeaveNothingRunning(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	first := runProgram(t, dir)
	url := <-first.output
	second := runProgram(t, dir)
	require.Equal(t, url, <-second.output)
	before := postmaster(t, dir)
	first.kill(t) // it had started the supervisor
	require.Equal(t, "1", ask(t, url, "select '1'"))
	require.Equal(t, before, postmaster(t, dir))
	second.kill(t)
	waitStopped(t, dir)
	require.False(t, isServer(before, filepath.Join(dir, "data")))
	require.NoFileExists(t, filepath.Join(dir, "data", "postmaster.pid"), "must have stopped cleanly")
}

func TestComesBackForItsUsers(t *testing.T) {
	t.Parallel()
	for name, victim := range map[string]func(t *testing.T, postmaster int) int{
		"postmaster killed": func(_ *testing.T, pid int) int { return pid },
		"supervisor killed": parent,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newFolder(t)
			c := open(t, Options{Dir: dir})
			keepRow(t, c.URL(), "before")
			before := postmaster(t, dir)
			kill(t, victim(t, before), syscall.SIGKILL)
			require.NoError(t, poll(within(t), func() (bool, error) {
				return !isServer(before, filepath.Join(dir, "data")), nil
			}))
			require.Equal(t, "before", askUntil(t, c.URL(), keptRows))
			keepRow(t, c.URL(), "after")
			require.Equal(t, "after,before", ask(t, open(t, Options{Dir: dir}).URL(), keptRows))
		})
	}
}

func TestOpenAfterEverythingWasKilled(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	p := runProgram(t, dir)
	url := <-p.output
	keepRow(t, url, "kept")
	server := postmaster(t, dir)
	supervisor := parent(t, server)
	p.kill(t)
	kill(t, supervisor, syscall.SIGKILL)
	kill(t, server, syscall.SIGKILL)
	// The state file, postmaster.pid and socket are all stale now, and child
	// processes may still be ending.
	require.Equal(t, "kept", ask(t, open(t, Options{Dir: dir}).URL(), keptRows))
}

func TestUnfinishedInitdbIsBegunAgain(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "data.new", "base"), 0o755))
	require.Equal(t, "1", ask(t, open(t, Options{Dir: dir}).URL(), "select '1'"))
	require.NoDirExists(t, filepath.Join(dir, "data.new"))
}

// TestStalePidFileNamesALiveProcess is the case of a killed container: processes of the
// new one have ids of the old one.
func TestStalePidFileNamesALiveProcess(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	c := open(t, Options{Dir: dir})
	pidFile := filepath.Join(dir, "data", "postmaster.pid")
	pidText, err := os.ReadFile(pidFile)
	require.NoError(t, err)
	keepRow(t, c.URL(), "kept")
	require.NoError(t, c.Close())
	waitStopped(t, dir)

	bystander := exec.Command("sleep", "300")
	bystander.SysProcAttr = &syscall.SysProcAttr{Credential: runsAs(t, dir).credential()}
	require.NoError(t, bystander.Start())
	t.Cleanup(func() { _ = bystander.Process.Kill(); _ = bystander.Wait() })
	_, rest, _ := strings.Cut(string(pidText), "\n")
	for name, content := range map[string]string{
		"live": strconv.Itoa(bystander.Process.Pid) + "\n" + rest, "empty": "", "nonsense": "x\n",
	} {
		require.NoError(t, os.WriteFile(pidFile, []byte(content), 0o644))
		c := open(t, Options{Dir: dir})
		require.Equal(t, "kept", ask(t, c.URL(), keptRows), name)
		require.NoError(t, c.Close())
		waitStopped(t, dir)
	}
	require.NoError(t, bystander.Process.Signal(syscall.Signal(0)), "the bystander must stay alive")
}

// TestTakesOverALiveServer starts a server on the data without a supervisor, as a killed
// supervisor leaves behind on macOS.
func TestTakesOverALiveServer(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	c := open(t, Options{Dir: dir})
	keepRow(t, c.URL(), "kept")
	require.NoError(t, c.Close())
	waitStopped(t, dir)

	bin, err := chooseBinaries(candidates(), "", "")
	require.NoError(t, err)
	orphan := exec.Command(filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data"),
		"-c", "listen_addresses=", "-c", "unix_socket_directories="+filepath.Join(dir, "socket"))
	orphan.Dir = "/"
	orphan.SysProcAttr = &syscall.SysProcAttr{Credential: runsAs(t, dir).credential()}
	require.NoError(t, orphan.Start())
	ended := make(chan error, 1)
	go func() { ended <- orphan.Wait() }()
	require.Equal(t, "kept", askUntil(t, c.URL(), keptRows))

	c = open(t, Options{Dir: dir})
	require.NoError(t, <-ended, "it must be stopped cleanly")
	require.Equal(t, "kept", ask(t, c.URL(), keptRows))
	require.NotEqual(t, orphan.Process.Pid, postmaster(t, dir))
}

// TestOpenWaitsForTheEndOfAStop holds a server in the middle of its shutdown.
func TestOpenWaitsForTheEndOfAStop(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	c := open(t, Options{Dir: dir})
	keepRow(t, c.URL(), "kept")
	before := postmaster(t, dir)
	kill(t, before, syscall.SIGSTOP)
	t.Cleanup(func() { _ = syscall.Kill(before, syscall.SIGCONT) })
	require.NoError(t, c.Close())
	require.NoError(t, poll(within(t), func() (bool, error) {
		share, err := tryLock(dir, usersLock, syscall.LOCK_SH)
		if share != nil {
			return false, share.Close()
		}
		return true, err
	}), "the supervisor must keep users.lock while it stops Postgres")
	short, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err := Open(short, Options{Dir: dir})
	require.ErrorIs(t, err, context.DeadlineExceeded)

	kill(t, before, syscall.SIGCONT)
	require.Equal(t, "kept", ask(t, open(t, Options{Dir: dir}).URL(), keptRows))
	require.NotEqual(t, before, postmaster(t, dir))
}
