package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
)

var update = pagetest.Update

// transcript collects commands and everything they print.
type transcript struct {
	t    *testing.T
	text strings.Builder
}

// says runs a command with an empty standard input, and requires an exit code.
func (r *transcript) says(s *site, code int, args ...string) {
	r.t.Helper()
	r.note(args, s.exits(code, args...))
}

// answers is says, with a terminal on which somebody types an answer.
func (r *transcript) answers(s *site, code int, answer string, args ...string) {
	r.t.Helper()
	keyboard, terminal := openTerminal(r.t)
	_, err := keyboard.WriteString(answer + "\n")
	require.NoError(r.t, err)
	c := started{cmd: s.command(r.t.Context(), args...), stdout: new(output), stderr: new(output)}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = terminal, c.stdout, c.stderr
	require.NoError(r.t, c.cmd.Start())
	o := c.wait(r.t)
	require.Equal(r.t, code, o.code, "%s%s", o.out, o.err)
	prompt := regexp.MustCompile(`(\[y/N\]|type the number of the run:) `)
	o.err = prompt.ReplaceAllString(o.err, "$1 "+answer+"\n")
	r.note(args, o)
}

func (r *transcript) note(args []string, o outcome) {
	words := make([]string, len(args))
	for i, arg := range args {
		if words[i] = arg; filepath.IsAbs(arg) {
			words[i] = filepath.Base(arg)
			o.out = strings.ReplaceAll(o.out, arg, words[i])
		}
		if strings.Contains(words[i], " ") || words[i] == "" {
			words[i] = quoted(words[i])
		}
	}
	fmt.Fprintf(&r.text, "$ profilesync %s\n%s", strings.Join(words, " "), o.out)
	if o.err != "" {
		fmt.Fprintf(&r.text, "-- standard error\n%s", o.err)
	}
	fmt.Fprintf(&r.text, "-- exit code %d\n\n", o.code)
}

// is requires the transcript to be that of a golden file.
func (r *transcript) is(name string) {
	r.t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(r.t, os.WriteFile(file, []byte(r.text.String()), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(r.t, err)
	require.Equal(r.t, string(want), r.text.String(), "run go test ./cmd/e2e -run %s -update", r.t.Name())
}

// openTerminal returns a new terminal, and the keyboard that types on it.
func openTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = keyboard.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = terminal.Close() })
	return keyboard, terminal
}
