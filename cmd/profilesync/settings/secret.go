package settings

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// secrets are the settings that nobody else may read.
var secrets = []string{
	"PROFILESYNC_DATABASE_URL", "PROFILESYNC_ODS_API_KEY", "PROFILESYNC_DOS_API_KEY", "PROFILESYNC_DOS_READ_PASSWORD",
	"PROFILESYNC_DOS_FHIR_PRIVATE_KEY", "PROFILESYNC_WEBSITE_API_KEY", "PROFILESYNC_ERS_CREDENTIALS",
	"PROFILESYNC_LISTS", "PROFILESYNC_NOTIFY_KEY", "PROFILESYNC_NOTIFY_CALLBACK_TOKEN", "PROFILESYNC_SMTP_PASSWORD",
}

// Secret is a value that prints as nothing: secrets are masked by type, not by
// care.
type Secret string

// Format prints no secret.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

// envOrFile looks a setting up in the environment, or in the file that
// NAME_FILE names.
type envOrFile struct{}

func (envOrFile) Lookup(name string) (string, bool) {
	if value, ok := os.LookupEnv(name); ok {
		return value, true
	}
	path, ok := os.LookupEnv(name + "_FILE")
	if !ok {
		return "", false
	}
	value, err := os.ReadFile(path)
	if err != nil {
		return "", false
	}
	return strings.TrimSpace(string(value)), true
}

// checkFiles refuses a NAME_FILE that cannot be read: its setting must not
// silently become the default. Nor may everybody on the machine read a secret.
func checkFiles(environment []string) error {
	var errs []error
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
			errs = append(errs, fmt.Errorf("setting %s=%s: everybody on this machine can read it; chmod o-r it", name, path))
		}
	}
	return errors.Join(errs...)
}

// Rotating reads a secret whenever it is needed, so that a file that is changed
// is seen without a restart.
func Rotating(name string) func() (string, error) {
	return func() (string, error) {
		value, _ := envOrFile{}.Lookup("PROFILESYNC_" + name)
		if value == "" {
			return "", fmt.Errorf("setting PROFILESYNC_%s (or _FILE) is missing", name)
		}
		return value, nil
	}
}
