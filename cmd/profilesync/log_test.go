package main

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
	log, err := newLogger(&out, "info")
	require.NoError(t, err)
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
	log, err := newLogger(file, "info")
	require.NoError(t, err)
	log.Info("ready")
	written, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	require.True(t, json.Valid(written), string(written))
}

func TestLogLevels(t *testing.T) {
	t.Parallel()
	for level, want := range map[string]int{"debug": 4, "info": 3, "warn": 2, "error": 1} {
		var out bytes.Buffer
		log, err := newLogger(&out, level)
		require.NoError(t, err)
		log.Debug("x")
		log.Info("x")
		log.Warn("x")
		log.Error("x")
		require.Equal(t, want, bytes.Count(out.Bytes(), []byte("\n")), level)
	}
	for _, level := range []string{"", "loud", "INFO", "info+2", "warning"} {
		_, err := newLogger(&bytes.Buffer{}, level)
		require.EqualError(t, err, "setting PROFILESYNC_LOG_LEVEL="+level+": want debug, info, warn or error")
	}
}
