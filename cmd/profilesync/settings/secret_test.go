package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFileOfASecretMustNotBeReadableByEverybody(t *testing.T) {
	t.Parallel()
	path := keep(t, filepath.Join(t.TempDir(), "file"), "x\n")
	readable := func(name string) bool {
		_, err := load(t.Context(), []string{name + "_FILE=" + path})
		return err != nil && strings.Contains(err.Error(),
			"setting "+name+"_FILE="+path+": everybody on this machine can read it; run chmod o-r on it")
	}
	for _, mode := range []os.FileMode{0o644, 0o604, 0o444, 0o640, 0o440, 0o400, 0o600} {
		require.NoError(t, os.Chmod(path, mode))
		byName, _ := fields()
		for name, field := range byName {
			require.Equal(t, field.Type == secretType && mode&0o004 != 0, readable(prefix+name), "%s %o", name, mode)
		}
	}
}

func TestAFileOfASecretMustNotBeChangeableByOthers(t *testing.T) {
	t.Parallel()
	path := keep(t, filepath.Join(t.TempDir(), "file"), "x\n")
	for mode, want := range map[os.FileMode]string{
		0o662: "others than its owner can change it; run chmod go-w on it", 0o620: "others than its owner can change it; run chmod go-w on it",
		0o602: "others than its owner can change it; run chmod go-w on it", 0o666: "everybody on this machine can read it; run chmod o-r on it",
		0o640: "", 0o600: "",
	} {
		require.NoError(t, os.Chmod(path, mode))
		_, err := load(t.Context(), []string{"PROFILESYNC_NOTIFY_KEY_FILE=" + path})
		if want == "" {
			require.NoError(t, err, "%o", mode)
			continue
		}
		require.EqualError(t, err, "setting PROFILESYNC_NOTIFY_KEY_FILE="+path+": "+want, "%o", mode)
	}
}

// TestASecretInThePlaceOfItsFileIsNotPrinted: neither where it is no path, nor as a
// part of one, nor beside other mistakes.
func TestASecretInThePlaceOfItsFileIsNotPrinted(t *testing.T) {
	t.Parallel()
	byName, _ := fields()
	for name, field := range byName {
		if field.Type != secretType {
			continue
		}
		name = prefix + name
		for _, secret := range []string{"hunter2", "/hunter2", "postgres://a:hunter2@b/c", strings.Repeat("hunter2", 100), "hunter2\x00"} {
			_, err := load(t.Context(), []string{name + "_FILE=" + secret})
			require.ErrorContains(t, err, "setting "+name+"_FILE: the file that it names cannot be opened")
			require.NotContains(t, err.Error(), "hunter2")
			_, err = load(t.Context(), []string{name + "_FILE=" + secret, name + "=" + secret})
			require.Error(t, err)
			require.NotContains(t, err.Error(), "hunter2")
		}
	}
}

// TestARotatedSecret sets the environment of the process, so nothing runs beside it.
func TestARotatedSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	t.Setenv("PROFILESYNC_DOS_API_KEY_FILE", path)
	ask := Rotating("DOS_API_KEY")
	named := "setting PROFILESYNC_DOS_API_KEY_FILE=" + path + ": "
	for _, step := range []struct {
		change func()
		want   string
		err    string
	}{
		{func() { keep(t, path, "first\n") }, "first", ""},
		{func() { keep(t, path, "second\n") }, "second", ""},
		{func() { keep(t, path, "") }, "", named + "it is empty"},
		{func() { keep(t, path, "third\n") }, "third", ""},
		{func() { require.NoError(t, os.Chmod(path, 0o604)) }, "", named + "everybody on this machine can read it; run chmod o-r on it"},
		{
			func() { require.NoError(t, os.Remove(path)) }, "",
			"setting PROFILESYNC_DOS_API_KEY_FILE: the file that it names cannot be opened: no such file or directory",
		},
		{func() { require.NoError(t, os.Mkdir(path, 0o700)) }, "", named + "it is not a file"},
		{
			func() { require.NoError(t, os.Unsetenv("PROFILESYNC_DOS_API_KEY_FILE")) }, "",
			"setting PROFILESYNC_DOS_API_KEY (or _FILE) is missing",
		},
	} {
		step.change()
		got, err := ask()
		require.Equal(t, step.want, got)
		if step.err != "" {
			require.EqualError(t, err, step.err)
			continue
		}
		require.NoError(t, err)
	}
}

// A setting that is named like a secret must be one, and so must two more that
// hold a password and people's addresses.
func TestSettingsNamedLikeSecretsAreSecrets(t *testing.T) {
	t.Parallel()
	called := regexp.MustCompile(`_(KEY|PASSWORD|TOKEN)S?$|_CREDENTIALS$|_(DATABASE_URL|LISTS)$`)
	byName, _ := fields()
	secrets := 0
	for name, field := range byName {
		if called.MatchString("_" + name) {
			secrets++
			require.Equal(t, secretType, field.Type, name)
		}
	}
	require.Greater(t, secrets, 8)
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	s := new(Settings)
	byName, _ := fields()
	for _, field := range byName {
		if field.Type == secretType {
			reflect.ValueOf(s).Elem().FieldByIndex(field.Index).SetString("canary")
		}
	}
	require.Equal(t, "canary", s.NotifyKey.Reveal())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{s, *s, s.NotifyKey, []Secret{s.NotifyKey}, map[string]Secret{"key": s.NotifyKey}} {
			printed := fmt.Sprintf(verb, value)
			require.NotContains(t, printed, "canary", verb)
			require.NotContains(t, printed, fmt.Sprintf("%x", "canary"), verb)
		}
	}
	text, err := json.Marshal(map[string]any{"settings": s, "key": s.NotifyKey})
	require.NoError(t, err)
	require.NotContains(t, string(text), "canary")
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(handler).Info("start", "settings", s, "key", s.NotifyKey)
	}
	require.NotContains(t, log.String(), "canary")
	require.Contains(t, log.String(), "[secret]")
}
