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

// everyField calls do for each setting that the environment may set.
func everyField(do func(name string, field reflect.StructField)) {
	for field := range reflect.TypeFor[Settings]().Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("env"), ","); name != "" {
			do("PROFILESYNC_"+name, field)
		}
	}
}

func TestAFileOfASecretMustNotBeReadableByEverybody(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.Chmod(path, 0o644))
	secrets := 0
	everyField(func(name string, field reflect.StructField) {
		err := checkFiles([]string{name + "_FILE=" + path})
		if _, secret := reflect.TypeAssert[Secret](reflect.Zero(field.Type)); !secret {
			require.NoError(t, err, name)
			return
		}
		secrets++
		require.ErrorContains(t, err, "setting "+name+"_FILE="+path+": everybody on this machine can read it", name)
	})
	require.Positive(t, secrets)
	require.NoError(t, os.Chmod(path, 0o640))
	everyField(func(name string, _ reflect.StructField) {
		require.NoError(t, checkFiles([]string{name + "_FILE=" + path}), name)
	})
}

// A setting that is named like a secret must be one, and so must two more that
// hold a password and people's addresses.
func TestSettingsNamedLikeSecretsAreSecrets(t *testing.T) {
	t.Parallel()
	called := regexp.MustCompile(`_(KEY|PASSWORD|TOKEN|CREDENTIALS)$|_(DATABASE_URL|LISTS)$`)
	everyField(func(name string, field reflect.StructField) {
		if called.MatchString(name) {
			require.Equal(t, reflect.TypeFor[Secret](), field.Type, name)
		}
	})
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	s := new(Settings)
	everyField(func(_ string, field reflect.StructField) {
		if field.Type == reflect.TypeFor[Secret]() {
			reflect.ValueOf(s).Elem().FieldByIndex(field.Index).SetString("canary")
		}
	})
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
