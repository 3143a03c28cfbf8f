package settings

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/sethvargo/go-envconfig"

	"github.com/profilesync/profilesync/cmd/internal/nearest"
)

const (
	prefix = "PROFILESYNC_"
	file   = "_FILE"

	// maxFile bytes is the maximum size of a file that holds the value of a setting.
	maxFile = 64 << 10
)

// forTests are the names that the Makefile and the tests read. They may be set
// where the program runs, which ignores them.
var forTests = []string{
	"AXE", "BENCH_ERS_SITES", "CHAOS_LANES", "CHAOS_MUTANTS", "CHAOS_ROUNDS", "CHAOS_SEED", "CHROMIUM", "KILLS", "KILL_SEED",
	"PICTURES", "REAL_DATA", "SOAK", "SOAK_MINUTES",
	"TEST_DATABASE_URL", "WANT_PROMETHEUS", "WANT_SHELLS", "WANT_WEB",
}

var secretType = reflect.TypeFor[Secret]()

// fields returns the fields that the environment may set, by the names of their
// settings without PROFILESYNC_, and these names in the order of the fields.
func fields() (byName map[string]reflect.StructField, order []string) {
	byName = make(map[string]reflect.StructField)
	for field := range reflect.TypeFor[Settings]().Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("env"), ","); name != "" {
			byName[name] = field
			order = append(order, name)
		}
	}
	return byName, order
}

// environment holds the variables whose names begin with PROFILESYNC_, without
// that prefix.
type environment map[string]string

func environmentOf(entries []string) environment {
	e := make(environment)
	for _, entry := range entries {
		name, value, _ := strings.Cut(entry, "=")
		if name, ours := strings.CutPrefix(name, prefix); ours {
			e[name] = value
		}
	}
	return e
}

// value returns the value of a setting, from NAME or from the file that NAME_FILE
// names; an empty one if neither is set.
func (e environment) value(name string, secret bool) (string, error) {
	value, direct := e[name]
	path, byFile := e[name+file]
	switch {
	case direct && byFile:
		return "", Wrong(name, " and %s%s are both set: keep one of them", prefix, name+file)
	case direct && value == "":
		return "", Wrong(name, ": its value is empty; unset it for the default")
	case !byFile:
		return value, nil
	}
	if path == "" {
		return "", Wrong(name+file, ": want the path of a file")
	}
	// A pipe without a writer must not block.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // the person who starts the program chose it
	switch {
	case err != nil && secret: // what is no path may be the secret itself, put there by mistake
		return "", Wrong(name+file, ": the file that it names cannot be opened: %w", reason(err))
	case err != nil:
		return "", Wrong(name+file, "=%s: %w", path, reason(err))
	}
	defer func() { _ = f.Close() }() // only read
	if value, err = readFile(f, secret); err != nil {
		return "", Wrong(name+file, "=%s: %w", path, err)
	}
	return value, nil
}

// readFile returns what a file holds, without white space around it, and without the
// mark of UTF-8 that some editors begin a file with.
func readFile(f *os.File, secret bool) (string, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", reason(err)
	case !info.Mode().IsRegular():
		return "", errors.New("it is not a file")
	case secret && info.Mode().Perm()&0o004 != 0:
		return "", errors.New("everybody on this machine can read it; run chmod o-r on it")
	case secret && info.Mode().Perm()&0o022 != 0:
		return "", errors.New("others than its owner can change it; run chmod go-w on it")
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", reason(err)
	}
	if len(text) > maxFile {
		return "", fmt.Errorf("it is larger than %d KiB", maxFile>>10)
	}
	value := strings.TrimSpace(strings.TrimPrefix(string(text), "\ufeff"))
	if value == "" {
		return "", errors.New("it is empty")
	}
	return value, nil
}

// reason is an error of the file system without the path, which stands before it
// already.
func reason(err error) error {
	if path := new(os.PathError); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// unknown returns a fault for each name that is no setting's, in the order of the
// alphabet.
func (e environment) unknown(order []string) (faults []error) {
	known := make(map[string]bool)
	for _, name := range order {
		known[name], known[name+file] = true, true
	}
	for _, name := range slices.Sorted(maps.Keys(e)) {
		if !known[name] && !slices.Contains(forTests, name) {
			meant := nearest.Of(name, slices.Collect(maps.Keys(known)))
			faults = append(faults, Wrong(name, ": there is no such setting; did you mean %s%s?", prefix, meant))
		}
	}
	return faults
}

// set fills in every setting, and returns a fault for each that cannot be read.
func (s *Settings) set(ctx context.Context, e environment) (faults []error) {
	byName, order := fields()
	faults = e.unknown(order)
	for _, name := range order {
		field := byName[name]
		value, err := e.value(name, field.Type == secretType)
		if err == nil {
			err = s.setField(ctx, name, field, value)
		}
		faults = append(faults, err)
	}
	return faults
}

// setField gives one field a value, or its default if the value is empty.
func (s *Settings) setField(ctx context.Context, name string, field reflect.StructField, value string) error {
	given := make(map[string]string)
	if value != "" {
		given[name] = value
	}
	alone := reflect.New(reflect.StructOf([]reflect.StructField{field}))
	err := envconfig.ProcessWith(ctx, &envconfig.Config{Target: alone.Interface(), Lookuper: envconfig.MapLookuper(given)})
	if err != nil {
		return Wrong(name, "=%s: want %s", value, wanted(field.Type)) // never a secret, which is a text
	}
	reflect.ValueOf(s).Elem().FieldByIndex(field.Index).Set(alone.Elem().Field(0))
	return nil
}

// wanted says what a value of a type looks like.
func wanted(of reflect.Type) string {
	switch {
	case of == reflect.TypeFor[time.Duration]():
		return "a duration like 30s or 5m"
	case of.Kind() == reflect.Bool:
		return "true or false"
	case of.Kind() == reflect.Int:
		return "a whole number"
	case of.Kind() == reflect.Float64:
		return "a number"
	}
	return "a text"
}

// fault is what is wrong with one setting.
type fault struct {
	setting string // without PROFILESYNC_
	err     error
}

// Wrong returns the error of one setting, whose name is given without PROFILESYNC_;
// the text follows the name directly. It must not repeat the value of a secret.
func Wrong(name, text string, args ...any) error { return fault{name, fmt.Errorf(text, args...)} }

func (f fault) Error() string { return "setting " + prefix + f.setting + f.err.Error() }

func (f fault) Unwrap() error { return f.err }

// inOrder returns all faults in the order of the settings, those of names that are
// no setting's first. A setting that could not be read has no value, so what a
// check says of it is left out.
func inOrder(reading []error, checking error) error {
	unread := make(map[string]bool)
	faults := flat(reading)
	for _, err := range faults {
		unread[settingOf(err)] = true
	}
	for _, err := range flat([]error{checking}) {
		if !unread[settingOf(err)] {
			faults = append(faults, err)
		}
	}
	_, order := fields()
	slices.SortStableFunc(faults, func(a, b error) int {
		return slices.Index(order, settingOf(a)) - slices.Index(order, settingOf(b))
	})
	return errors.Join(faults...)
}

// settingOf is the setting of a fault, without PROFILESYNC_ and _FILE.
func settingOf(err error) string {
	var f fault
	_ = errors.As(err, &f) // all are faults
	return strings.TrimSuffix(f.setting, file)
}

// flat returns the errors that joined errors consist of.
func flat(errs []error) (all []error) {
	for _, err := range errs {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			all = append(all, flat(joined.Unwrap())...)
		} else if err != nil {
			all = append(all, err)
		}
	}
	return all
}
