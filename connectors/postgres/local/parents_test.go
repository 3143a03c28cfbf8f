package local

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAFolderInOneThatOthersCanChangeIsRefused: they could move it away and put
// their own there.
func TestAFolderInOneThatOthersCanChangeIsRefused(t *testing.T) {
	t.Parallel()
	for _, depth := range []string{"local", "local/postgres", "a/b/c"} {
		for _, there := range []bool{true, false} {
			base := filepath.Join(t.TempDir(), "base")
			require.NoError(t, os.Mkdir(base, 0o755))
			dir := filepath.Join(base, depth)
			if there {
				require.NoError(t, os.MkdirAll(dir, 0o755))
			}
			require.NoError(t, os.Chmod(base, 0o777))
			before := entriesOf(t, base)
			_, err := Open(within(t), Options{Dir: dir})
			require.ErrorContains(t, err, base+" can be changed by others than its owner, and so can what is in it")
			require.Equal(t, before, entriesOf(t, base), "nothing was made")
		}
	}
}

func entriesOf(t *testing.T, dir string) (names []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		names = append(names, path)
		return err
	}))
	return names
}

func TestAFolderInAStickyOneWillDo(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	dir := filepath.Join(base, "local")
	require.NoError(t, os.Chmod(base, 0o777|os.ModeSticky))
	made, err := makeDir(dir)
	require.NoError(t, err)
	f, err := openFolder(made)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// TestRootsFolderInOneOfSomebodyElse: its owner could replace it, and so could a group
// that can change it.
func TestRootsFolderInOneOfSomebodyElse(t *testing.T) {
	t.Parallel()
	needRoot(t)
	other := nobody(t)
	dir := filepath.Join(belonging(t, other), "local")
	require.NoError(t, os.Mkdir(dir, 0o755))
	_, err := openFolder(dir)
	require.ErrorContains(t, err, "belongs to user id")
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755|os.ModeSticky))
	_, err = openFolder(dir)
	require.ErrorContains(t, err, "belongs to user id")
	require.NoError(t, os.Chown(filepath.Dir(dir), 0, int(other.gid)))
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o775))
	_, err = openFolder(dir)
	require.ErrorContains(t, err, filepath.Dir(dir)+" can be changed by others")
}

func TestWhatRootMakesInAFolderOfSomebodyElseIsTheirs(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := filepath.Join(belonging(t, nobody(t)), "local", "postgres")
	made, err := makeDir(dir)
	require.NoError(t, err)
	require.Equal(t, nobody(t).uid, uidOf(t, made))
	require.Equal(t, nobody(t).uid, uidOf(t, filepath.Dir(made)))
	f, err := openFolder(made)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// TestAStateThatCannotBeWrittenIsSaid: the supervisor cannot report it by that file.
func TestAStateThatCannotBeWrittenIsSaid(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	unfinished := filepath.Join(dir, stateFile+".new")
	require.NoError(t, os.MkdirAll(filepath.Join(unfinished, "kept"), 0o755))
	_, err := Open(within(t), Options{Dir: dir})
	require.ErrorContains(t, err, unfinished[len(dir)+1:]+": directory not empty")
	require.NotErrorIs(t, err, errDied)
}

// TestTheVariableAloneMakesNoSupervisor, nor do the arguments without the lock.
func TestTheVariableAloneMakesNoSupervisor(t *testing.T) {
	t.Parallel()
	dir := newFolder(t)
	require.NoError(t, os.Mkdir(dir, 0o755))
	asked := askedEnv + `={"dir":"` + dir + `"}`
	for _, name := range []string{supervisorLock, "other"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	held, err := tryLock(dir, supervisorLock, syscall.LOCK_EX)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		args []string
		open string // as the third file
		want string
	}{
		"the variable":     {[]string{"-test.run=^$"}, supervisorLock, "PASS"},
		"another argument": {[]string{"-test.run=^$", "x"}, supervisorLock, "PASS"},
		"no file":          {[]string{supervisorArg, dir}, "", askedEnv + " is for Open to set"},
		"another file":     {[]string{supervisorArg, dir}, "other", askedEnv + " is for Open to set: the open file is another"},
		"without the lock": {[]string{supervisorArg, dir}, supervisorLock, askedEnv + " is for Open to set: resource temporarily unavailable"},
	} {
		cmd := exec.Command(os.Args[0], test.args...)
		cmd.Env = append(os.Environ(), asked)
		if test.open != "" {
			f, err := os.OpenFile(filepath.Join(dir, test.open), os.O_RDWR, 0)
			require.NoError(t, err)
			cmd.ExtraFiles = []*os.File{f}
		}
		out, _ := cmd.CombinedOutput()
		require.Contains(t, string(out), test.want, name)
		require.NoDirExists(t, filepath.Join(dir, "data"), name)
	}
	require.NoError(t, held.Close())
}
