package settings

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLogLevels(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	} {
		s := Settings{LogLevel: name}
		require.NoError(t, s.checkLevel())
		require.Equal(t, want, s.Level())
	}
	for _, name := range []string{"", "loud", "INFO", "info+2", "warning"} {
		s := Settings{LogLevel: name}
		require.EqualError(t, s.checkLevel(), "setting PROFILESYNC_LOG_LEVEL="+name+": want debug, info, warn or error")
	}
}
