package e2e

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A pipe or a device may never end, or do something when it is opened; and no file is
// so long that reading it fills the disk.
func TestOnlyRegularFilesOfALimitedSizeAreRead(t *testing.T) {
	t.Parallel()
	s := newSite(t).with("ERS_COLUMNS="+twoColumns, "FILE_LIMIT_MIB=1")
	at := func(name string) string { return filepath.Join(s.dir, name) }
	require.NoError(t, syscall.Mkfifo(at("edispensary_pipe.csv"), 0o600))
	require.NoError(t, os.Symlink(at("edispensary_pipe.csv"), at("edispensary_link.csv")))
	require.NoError(t, os.Symlink("/dev/zero", at("edispensary_zero.csv")))
	require.NoError(t, os.Mkdir(at("edispensary_folder.csv"), 0o700))
	require.NoError(t, os.WriteFile(at("edispensary_long.csv"), nil, 0o600))
	require.NoError(t, os.Truncate(at("edispensary_long.csv"), 1<<20+1))
	socket, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", at("edispensary_socket.csv"))
	require.NoError(t, err)
	t.Cleanup(func() { socket.Close() })
	for name, want := range map[string]string{
		"pipe": "is no regular file", "link": "is no regular file", "zero": "is no regular file", "folder": "is no regular file",
		"socket": "is no regular file", "long": "is larger than 1 MiB (PROFILESYNC_FILE_LIMIT_MIB)", "none": "no such file",
	} {
		file := at("edispensary_" + name + ".csv")
		for _, args := range [][]string{
			{"reconcile", "--wait", "--files", file},
			{"plan", "--files", file},
			{"reconcile", "--wait", "--report", "eccg", "--files", file},
			{"ers", "register", "import", file},
			{"ers", "register", "import", "--columns", file, "x"},
		} {
			require.Contains(t, s.exits(2, args...).err, want, "%v", args)
		}
	}
	require.Zero(t, s.count("select (select count(*) from run) + (select count(*) from ers_service)"))
}
