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

func TestTheLimitOfFilesIsOneThatBytesCanCount(t *testing.T) {
	t.Parallel()
	for mib, ok := range map[int]bool{
		1: true, 4096: true, 1 << 30: true,
		0: false, -1: false, 1<<30 + 1: false, 1 << 43: false, 1 << 44: false,
	} {
		s := Settings{FileLimitMiB: mib}
		require.Equal(t, ok, s.checkFileLimit() == nil, mib)
		require.Equal(t, ok, mib <= 1<<30 && s.FileLimit() > 0, mib)
	}
}
