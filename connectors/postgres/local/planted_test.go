package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// needRoot says aloud what a test leaves out without root's rights.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("NOT TRIED: what root does in the folders of others needs root's rights")
	}
}

// nobody is a user without rights.
func nobody(t *testing.T) *account {
	t.Helper()
	u, err := user.Lookup("nobody")
	require.NoError(t, err)
	as, err := newAccount(u)
	require.NoError(t, err)
	return as
}

// belonging makes a folder of an account that every user can reach.
func belonging(t *testing.T, as *account) string {
	t.Helper()
	base, err := os.MkdirTemp("", "local-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(base)) })
	require.NoError(t, os.Chmod(base, 0o755))
	dir := filepath.Join(base, "local")
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, os.Chown(dir, int(as.uid), int(as.gid)))
	return dir
}

func uidOf(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Lstat(path)
	require.NoError(t, err)
	st, err := status(info)
	require.NoError(t, err)
	return st.Uid
}

// tryOpen opens the cluster, closes it at once, and waits until it has stopped.
func tryOpen(t *testing.T, o Options) error {
	t.Helper()
	c, err := Open(within(t), o)
	if err == nil {
		require.NoError(t, c.Close())
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_ = Wait(ctx, o.Dir) // fails where the planted file is a lock
	return err
}

// planted are all files and folders that the private cluster touches, and what can
// be planted there.
var planted = map[string][]string{
	usersLock: {"inner link", "link", "second name", "pipe"}, supervisorLock: {"link", "second name", "pipe"},
	postgresLock: {"link", "second name", "pipe"}, logFile: {"link", "second name", "pipe"},
	stateFile: {"link", "second name", "pipe"}, stateFile + ".new": {"inner link", "link", "second name", "pipe"},
	"data/PG_VERSION": {"link", "second name", "pipe"}, "data/postmaster.pid": {"link", "second name", "pipe"},
	"data": {"link"}, "data.new": {"link"}, "throw-away": {"link"}, "throw-away.new": {"link"}, "socket": {"link"},
}

const canary = "15 canary of root"

// TestPlantedLinksLeadRootNowhere: whoever owns the folder must not learn, get or
// change what only root may read.
func TestPlantedLinksLeadRootNowhere(t *testing.T) {
	t.Parallel()
	needRoot(t)
	plant := map[string]func(secret, path string) error{
		"inner link": func(_, path string) error { return os.Symlink("kept", path) },
		"link":       os.Symlink, "second name": os.Link, "pipe": func(_, path string) error { return syscall.Mkfifo(path, 0o666) },
	}
	for name, kinds := range planted {
		for _, kind := range kinds {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				dir := belonging(t, nobody(t))
				secret := filepath.Join(filepath.Dir(dir), "secret")
				require.NoError(t, os.WriteFile(secret, []byte(canary), 0o600))
				require.NoError(t, os.WriteFile(filepath.Join(dir, "kept"), nil, 0o600))
				path := filepath.Join(dir, name)
				if filepath.Dir(path) != dir {
					require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
					require.NoError(t, os.Lchown(filepath.Dir(path), int(nobody(t).uid), int(nobody(t).gid)))
				}
				require.NoError(t, plant[kind](secret, path))
				err := tryOpen(t, Options{Dir: dir, ThrowAway: strings.HasPrefix(name, "throw")})
				if strings.HasPrefix(name, stateFile) { // which are removed
					require.NoError(t, err)
				} else {
					require.Error(t, err)
					require.NotErrorIs(t, err, context.DeadlineExceeded)
					require.NotContains(t, err.Error(), "canary")
				}
				requireUntouched(t, secret, dir)
			})
		}
	}
}

// requireUntouched requires that a file is as it was, and that no file of the
// folder but its own names holds a part of it.
func requireUntouched(t *testing.T, secret, dir string) {
	t.Helper()
	info, err := os.Stat(secret)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	require.Zero(t, uidOf(t, secret), "given away")
	text, err := os.ReadFile(secret)
	require.NoError(t, err)
	require.Equal(t, canary, string(text))
	for _, name := range []string{stateFile, logFile} {
		path := filepath.Join(dir, name)
		if there, err := os.Stat(path); err != nil || !there.Mode().IsRegular() || os.SameFile(there, info) {
			continue
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NotContains(t, string(text), "canary", name)
	}
}

// TestFoldersOfOthersAreRefused: in a folder of nobody, those that a third user
// owns, and those that hold a link to a folder of root.
func TestFoldersOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	needRoot(t)
	third, err := user.Lookup("daemon")
	require.NoError(t, err)
	other, err := newAccount(third)
	require.NoError(t, err)
	for _, name := range []string{"data", "data.new", "throw-away", "throw-away.new", "socket"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := belonging(t, nobody(t))
			path := filepath.Join(dir, name)
			require.NoError(t, os.Mkdir(path, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(path, "PG_VERSION"), []byte("15\n"), 0o600))
			require.NoError(t, os.Chown(path, int(other.uid), int(other.gid)))
			err := tryOpen(t, Options{Dir: dir, ThrowAway: strings.HasPrefix(name, "throw")})
			require.ErrorContains(t, err, path+" is in the way: it is not a folder of user id")
			require.FileExists(t, filepath.Join(path, "PG_VERSION"), "nothing was removed")
			require.Equal(t, other.uid, uidOf(t, path))
		})
	}
}

func TestAFolderThatOthersCanChangeIsRefused(t *testing.T) {
	t.Parallel()
	for _, mode := range []os.FileMode{0o777, 0o775, 0o757, 0o777 | os.ModeSticky} {
		dir := filepath.Join(t.TempDir(), "local")
		require.NoError(t, os.Mkdir(dir, 0o755))
		require.NoError(t, os.Chmod(dir, mode))
		_, err := Open(within(t), Options{Dir: dir})
		require.ErrorContains(t, err, dir+" can be changed by others than its owner: run chmod go-w on it", mode)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, entries)
	}
}

// TestAFolderOfSomebodyElse is run by TestAsAnotherUser where root runs the tests.
func TestAFolderOfSomebodyElse(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root works in the folders of others, and for them: see TestRootServesAnotherUsersFolder")
	}
	_, err := Open(within(t), Options{Dir: "/usr"})
	require.ErrorContains(t, err, "/usr belongs to user id 0, and this is user id ")
}

// TestAPathThatBecameALink is a folder whose owner led a part of its path elsewhere
// after the path was resolved.
func TestAPathThatBecameALink(t *testing.T) {
	t.Parallel()
	needRoot(t)
	base := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(base, "victim", "local"), 0o755))
	require.NoError(t, os.Symlink(filepath.Join(base, "victim"), filepath.Join(base, "led")))
	_, err := openFolder(filepath.Join(base, "led", "local"))
	require.ErrorContains(t, err, "leads through a link")
	f, err := openFolder(filepath.Join(base, "victim", "local"))
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// TestChildrenGetNoKeys reads the environment of every process that belongs to the
// cluster of a program that holds keys.
func TestChildrenGetNoKeys(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("NOT TRIED: this system does not show the environment of a process")
	}
	dir := newFolder(t)
	p := runProgram(t, dir, "PROFILESYNC_DOS_API_KEY=canary", "PROFILESYNC_DATABASE_URL=canary", "OTHER_KEY=canary")
	require.Contains(t, environmentOf(t, p.cmd.Process.Pid), "canary", "the program itself has them")
	require.Contains(t, <-p.output, "postgres://")
	server := postmaster(t, dir)
	supervisor := parent(t, server)
	out, err := exec.Command("ps", "-o", "pid=", "--ppid", strconv.Itoa(server)).Output()
	require.NoError(t, err)
	pids := append([]string{strconv.Itoa(supervisor), strconv.Itoa(server)}, strings.Fields(string(out))...)
	require.Greater(t, len(pids), 5)
	for _, pid := range pids {
		n, err := strconv.Atoi(pid)
		require.NoError(t, err)
		require.NotContains(t, environmentOf(t, n), "canary", "process %s", pid)
	}
	for entry := range strings.SplitSeq(strings.Trim(environmentOf(t, supervisor), "\x00"), "\x00") {
		name, _, _ := strings.Cut(entry, "=")
		require.True(t, slices.Contains(passedOn, name) || name == askedEnv, name)
	}
}

func environmentOf(t *testing.T, pid int) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) { // a process of the cluster that ended
		return ""
	}
	require.NoError(t, err)
	return string(raw)
}

// TestShortLivedChildrenGetNoKeys has programs in the place of postgres and initdb
// that write down their environment.
func TestShortLivedChildrenGetNoKeys(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	bin := filepath.Join(filepath.Dir(dir), "bin")
	require.NoError(t, os.Mkdir(bin, 0o755))
	notes := filepath.Join(filepath.Dir(dir), "notes")
	require.NoError(t, os.WriteFile(notes, nil, 0o666))
	require.NoError(t, os.Chmod(notes, 0o666))
	for _, name := range []string{"postgres", "initdb"} {
		script := fmt.Sprintf("#!/bin/sh\n{ echo %[1]s $*; env; } >>%[2]s\necho '%[1]s (PostgreSQL) 15.1'\n[ \"$1\" = --version ]\n",
			name, notes)
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755))
	}
	p := runProgram(t, dir, "PROFILESYNC_DOS_API_KEY=canary", "OTHER_KEY=canary", "PG_BINDIR="+bin)
	require.Contains(t, <-p.output, "initdb: exit status 1")
	text, err := os.ReadFile(notes)
	require.NoError(t, err)
	require.Contains(t, string(text), "postgres --version")
	require.Contains(t, string(text), "initdb -D")
	require.NotContains(t, string(text), "canary")
	require.NotContains(t, string(text), "PROFILESYNC_")
}
