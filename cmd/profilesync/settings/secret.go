package settings

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
)

// Secret is a value that is masked whenever it is printed, because of its type.
type Secret string

// Format prints a mask.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }

// MarshalText returns a mask too: JSON and logs use it.
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

// secretNames returns the environment names of the settings of type Secret.
func secretNames() (names []string) {
	for field := range reflect.TypeFor[Settings]().Fields() {
		if field.Type == reflect.TypeFor[Secret]() {
			name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
			names = append(names, "PROFILESYNC_"+name)
		}
	}
	return names
}

// envOrFile looks up a setting in the environment, or in the file named by
// NAME_FILE.
type envOrFile struct{}

func (envOrFile) Lookup(name string) (string, bool) {
	if value, ok := os.LookupEnv(name); ok {
		return value, true
	}
	path, ok := os.LookupEnv(name + "_FILE")
	if !ok {
		return "", false
	}
	value, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", false
	}
	return strings.TrimSpace(string(value)), true
}

// checkFiles refuses a NAME_FILE that cannot be read: its setting must not
// silently become the default. It also refuses files of secrets that everybody
// on the machine can read.
func checkFiles(environment []string) error {
	var errs []error
	secrets := secretNames()
	for _, entry := range slices.Sorted(slices.Values(environment)) {
		name, path, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "PROFILESYNC_") || !strings.HasSuffix(name, "_FILE") {
			continue
		}
		file, err := os.Stat(path)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("setting %s=%s: %w", name, path, err))
		case file.Mode().Perm()&0o004 != 0 && slices.Contains(secrets, strings.TrimSuffix(name, "_FILE")):
			errs = append(errs, fmt.Errorf("setting %s=%s: everybody on this machine can read it; run chmod o-r on it", name, path))
		}
	}
	return errors.Join(errs...)
}

// Rotating returns a function that reads a secret each time it is needed, so
// that a changed file takes effect without a restart.
func Rotating(name string) func() (string, error) {
	return func() (string, error) {
		value, _ := envOrFile{}.Lookup("PROFILESYNC_" + name)
		if value == "" {
			return "", fmt.Errorf("setting PROFILESYNC_%s (or _FILE) is missing", name)
		}
		return value, nil
	}
}
