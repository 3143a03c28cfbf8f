package settings

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// find returns what a list says of a setting, given without PROFILESYNC_.
func find(t *testing.T, all []Listed, name string) Listed {
	t.Helper()
	i := slices.IndexFunc(all, func(l Listed) bool { return l.Name == "PROFILESYNC_"+name })
	require.GreaterOrEqual(t, i, 0, name)
	return all[i]
}

func TestListSaysWhereEachValueComesFrom(t *testing.T) {
	t.Parallel()
	file := keep(t, filepath.Join(t.TempDir(), "key"), "hush-file\n")
	all, err := list(t.Context(), []string{
		"PROFILESYNC_MODE=demo", "PROFILESYNC_DOS_API_KEY_FILE=" + file, "PROFILESYNC_ODS_API_KEY=hush-direct",
		"PROFILESYNC_ERS_EXTRACT=https://user:hush@host.example/EBSX05.zip?sig=hush", "PROFILESYNC_HTTP_HOSTS=a.example,b.example",
	})
	require.NoError(t, err)
	_, order := fields()
	require.Len(t, all, len(order), "every setting")
	require.Equal(t, Listed{Name: "PROFILESYNC_MODE", Value: "demo", Origin: OriginEnvironment}, find(t, all, "MODE"))
	require.Equal(t, Listed{Name: "PROFILESYNC_LOG_LEVEL", Value: "info", Origin: OriginDefault}, find(t, all, "LOG_LEVEL"))
	require.Equal(t, Listed{Name: "PROFILESYNC_DOS_API_KEY", Value: "[secret]", Origin: OriginFile, File: file}, find(t, all, "DOS_API_KEY"))
	require.Equal(t, Listed{Name: "PROFILESYNC_ODS_API_KEY", Value: "[secret]", Origin: OriginEnvironment}, find(t, all, "ODS_API_KEY"))
	require.Empty(t, find(t, all, "WEBSITE_API_KEY").Value, "there is none")
	require.Equal(t, "https://secret@host.example/EBSX05.zip?secret", find(t, all, "ERS_EXTRACT").Value)
	require.Equal(t, "a.example,b.example", find(t, all, "HTTP_HOSTS").Value)
	require.Equal(t, "10s", find(t, all, "PUSH_SETTLE").Value)
	require.Equal(t, "false", find(t, all, "APPROVAL_BY_ANOTHER").Value)
	require.NotContains(t, fmt.Sprintf("%+v", all), "hush")
}

// What is listed as wrong is what stops the start.
func TestListNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	entries := []string{
		"PROFILESYNC_MODE=foo", "PROFILESYNC_DATABASE_URI=postgres://hush", "PROFILESYNC_DOS_API_KEY_FLIE=/hush",
		"PROFILESYNC_PUSH_WORKERS=many",
		"PROFILESYNC_NOTIFY_KEY_FILE=hush-that-is-no-path", "PROFILESYNC_WEBSITE_URL=://hush",
	}
	all, err := list(t.Context(), entries)
	_, loading := load(t.Context(), entries)
	require.Equal(t, loading, err)
	require.Equal(t, "PROFILESYNC_MODE=foo: want production, demo or test", find(t, all, "MODE").Wrong)
	require.Contains(t, find(t, all, "DATABASE_URI").Wrong, "did you mean PROFILESYNC_DATABASE_URL?")
	require.Contains(t, find(t, all, "DOS_API_KEY_FLIE").Wrong, "did you mean PROFILESYNC_DOS_API_KEY_FILE?")
	require.Contains(t, find(t, all, "PUSH_WORKERS").Wrong, "want a whole number")
	require.Contains(t, find(t, all, "WEBSITE_URL").Wrong, "want an address")
	key := find(t, all, "NOTIFY_KEY")
	require.Contains(t, key.Wrong, "cannot be opened")
	require.Empty(t, key.File, "it may be the key itself")
	require.NotContains(t, fmt.Sprintf("%+v", all), "hush")
	require.Empty(t, find(t, all, "LOG_LEVEL").Wrong)
}
