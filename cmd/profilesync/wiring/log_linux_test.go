package wiring

import (
	"bufio"
	"log/slog"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestLogIsForPeopleOnATerminal(t *testing.T) {
	t.Parallel()
	people, terminal := openTerminal(t)
	log := newLogger(terminal, slog.LevelInfo)
	log.Info("run ended", slog.String("state", "done"))
	line, err := bufio.NewReader(people).ReadString('\n')
	require.NoError(t, err)
	require.Regexp(t, `^.*\d\d:\d\d:\d\d.*INF.*run ended.*state=.*done`, line)
	require.Contains(t, line, "\x1b[", "in colour")
}

// openTerminal returns both ends of a pseudo-terminal.
func openTerminal(t *testing.T) (people, program *os.File) {
	t.Helper()
	people, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("this machine has no pseudo-terminals:", err)
	}
	t.Cleanup(func() { _ = people.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(people.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(people.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = program.Close() })
	return people, program
}
