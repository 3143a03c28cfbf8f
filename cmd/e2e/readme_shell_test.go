package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shell is a bash that runs one command after the other, so that exported
// settings last.
type shell struct {
	t       *testing.T
	input   io.Writer
	answers *bufio.Scanner
	outputs string // the folder of what commands print
	daemon  string // the process number of the running daemon; empty for none
}

// newShell starts a bash in a folder with an environment that holds nothing else.
func newShell(t *testing.T, dir string, environment []string) *shell {
	t.Helper()
	// The end of the test must not kill it with the private database, which has to stop well.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 3*patience)
	cmd := exec.CommandContext(ctx, "bash", "--noprofile", "--norc")
	cmd.Dir, cmd.Env = dir, environment
	cmd.WaitDelay = 5 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // with what it runs
	input, err := cmd.StdinPipe()
	require.NoError(t, err)
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	sh := &shell{t: t, input: input, answers: bufio.NewScanner(output), outputs: t.TempDir()}
	t.Cleanup(func() {
		defer cancel()
		if sh.daemon != "" {
			_, _ = io.WriteString(input, "kill -KILL "+sh.daemon+"\n")
		}
		_ = input.Close()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("output of the daemon: %s", sh.read("daemon"))
		}
	})
	return sh
}

// do runs a command, whose output goes to files of these names, and returns what
// the shell itself says after it.
func (sh *shell) do(text, stdout, stderr, then string) (answer string) {
	sh.t.Helper()
	_, err := fmt.Fprintf(sh.input, "{ %s\n} </dev/null >%s 2>%s%s\n", text, quoted(sh.path(stdout)), quoted(sh.path(stderr)), then)
	require.NoError(sh.t, err)
	require.True(sh.t, sh.answers.Scan(), "%s did not end; it printed: %s", text, sh.read(stderr))
	return sh.answers.Text()
}

// run runs a command to its end.
func (sh *shell) run(text string) (code, stdout, stderr string) {
	sh.t.Helper()
	code = sh.do(text, "out", "err", "; echo $?")
	return code, sh.read("out"), sh.read("err")
}

// startDaemon runs a command in the background.
func (sh *shell) startDaemon(text string) {
	sh.t.Helper()
	require.Empty(sh.t, sh.daemon, "one daemon a block")
	require.NoError(sh.t, os.RemoveAll(sh.path("daemon"))) // of the daemon before
	sh.daemon = sh.do("exec "+text, "printed", "daemon", " & echo $!")
}

// stopDaemon asks the daemon to stop, if there is one, and wants it to do so well.
func (sh *shell) stopDaemon() {
	sh.t.Helper()
	if sh.daemon == "" {
		return
	}
	code, _, stderr := sh.run("kill -TERM " + sh.daemon + "; wait " + sh.daemon)
	require.Equal(sh.t, "0", code, "serve, when stopped by SIGTERM, printed %s\nand %s", stderr, sh.read("daemon"))
	sh.daemon = ""
}

func (sh *shell) path(name string) string { return filepath.Join(sh.outputs, name) }

func (sh *shell) read(name string) string {
	text, err := os.ReadFile(sh.path(name))
	if os.IsNotExist(err) {
		return ""
	}
	require.NoError(sh.t, err)
	return string(text)
}

// quoted is a word of the shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
