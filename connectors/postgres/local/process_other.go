//go:build !linux

package local

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// attributes make a command run as another user and in its own process group
// (Ctrl-C must not reach Postgres). These systems do not tell a process that its
// parent died: the next supervisor stops the orphan.
func attributes(as *account, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: as.credential()}
}

// isServer reports whether the process is a Postgres that was started on that
// data folder.
func isServer(pid int, data string) bool {
	out, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return false
	}
	program, args, _ := strings.Cut(string(out), " -D ")
	return filepath.Base(program) == "postgres" && strings.HasPrefix(args, data+" ")
}

func dynamicSharedMemory() string { return "posix" }
