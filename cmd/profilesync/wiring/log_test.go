package wiring

import (
	"bufio"
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
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
