package local

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// smallSharedMemory is a size of /dev/shm, in bytes, that is too small for
// parallel queries. Docker gives 64 MB.
const smallSharedMemory = 512 << 20

// attributes make a command run as another user, in its own process group (Ctrl-C
// must not reach Postgres), and get the signal onDeath when the thread that started
// it ends.
func attributes(as *account, onDeath syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: as.credential(), Pdeathsig: onDeath}
}

// isServer reports whether the process is a Postgres on that data folder; its
// main process has the folder as working directory.
func isServer(pid int, data string) bool {
	comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil || !slices.Contains([]string{"postgres", "postmaster"}, strings.TrimSpace(string(comm))) {
		return false
	}
	cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return false
	}
	folder, err := filepath.EvalSymlinks(data)
	return err == nil && cwd == folder && folder == data
}

func dynamicSharedMemory() string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &fs); err != nil || uint64(fs.Bsize)*fs.Blocks < smallSharedMemory {
		return "mmap" // files in the data folder
	}
	return "posix"
}
