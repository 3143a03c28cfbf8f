package wiring

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/visible"
)

func TestLogIsJSONElsewhere(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := newLogger(&out, slog.LevelInfo)
	log.Info("run ended", slog.String("state", "done"))
	log.Info("run ended", slog.String("state", "with \"quotes\"\nand lines"))
	var states []any
	for lines := bufio.NewScanner(&out); lines.Scan(); {
		var line map[string]any
		require.NoError(t, json.Unmarshal(lines.Bytes(), &line))
		require.Equal(t, "INFO", line["level"])
		require.Equal(t, "run ended", line["msg"])
		states = append(states, line["state"])
	}
	require.Equal(t, []any{"done", "with \"quotes\"\nand lines"}, states)
}

func TestLogIsJSONInAFile(t *testing.T) {
	t.Parallel()
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer file.Close()
	log := newLogger(file, slog.LevelInfo)
	log.Info("ready")
	written, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	require.True(t, json.Valid(written), string(written))
}

func TestLogLevels(t *testing.T) {
	t.Parallel()
	for level, want := range map[slog.Level]int{slog.LevelDebug: 4, slog.LevelInfo: 3, slog.LevelWarn: 2, slog.LevelError: 1} {
		var out bytes.Buffer
		log := newLogger(&out, level)
		log.Debug("x")
		log.Info("x")
		log.Warn("x")
		log.Error("x")
		require.Equal(t, want, bytes.Count(out.Bytes(), []byte("\n")), level)
	}
}

// A text from outside, such as the name of whoever edited a profile, steers no
// terminal, neither by the log that people read nor by the one of machines.
func TestNoLogSteersATerminal(t *testing.T) {
	t.Parallel()
	type code string
	const harmful = "\x1b[2J\x1b]0;x\x07a\u009b31m\u202eb\r\nc"
	records := func(log *slog.Logger, text string) {
		//nolint:sloglint // a message of a library may hold such a text
		log.Info(text, "actor", text, "code", code(text), slog.Any("error", errors.New(text)), "codes", []code{code(text)},
			slog.Group("group", "name", text))
		log.With("with", text).WithGroup("group").Warn("message", text, text)
	}
	var text, same, machine bytes.Buffer
	records(slog.New(newTextHandler(&text, slog.LevelInfo)), harmful)
	records(slog.New(newTextHandler(&same, slog.LevelInfo)), visible.Line(harmful))
	require.Equal(t, timeOfDay.ReplaceAllString(same.String(), ""), timeOfDay.ReplaceAllString(text.String(), ""))
	require.Equal(t, 2, strings.Count(text.String(), "\n"), "one line each")
	require.NotContains(t, text.String(), "\x1b[2J")
	require.NotContains(t, text.String(), "\u202e")

	records(newLogger(&machine, slog.LevelInfo), harmful)
	lines := strings.Split(strings.TrimSuffix(machine.String(), "\n"), "\n")
	require.Len(t, lines, 2)
	for _, line := range lines {
		require.Equal(t, -1, strings.IndexFunc(line, func(r rune) bool { return !visible.Is(r) }), "%q", line)
	}
	var first map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
	for _, key := range []string{"msg", "actor", "code", "error"} {
		require.Equal(t, harmful, first[key], "a machine gets it as it was")
	}
}

var timeOfDay = regexp.MustCompile(`\d\d:\d\d:\d\d`)
