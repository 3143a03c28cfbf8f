package settings

import (
	"fmt"
	"os"
)

// Secret is a value that is masked whenever it is printed, because of its type.
type Secret string

// Format prints a mask.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }

// MarshalText returns a mask too: JSON and logs use it.
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

// Rotating returns a function that reads a secret each time it is needed, by the
// means of the start, so that a changed file takes effect without a restart. A
// file that can no longer be used is an error: an earlier value, which may have
// been withdrawn, is not kept.
func Rotating(name string) func() (string, error) {
	return func() (string, error) {
		value, err := environmentOf(os.Environ()).value(name, true)
		if err == nil && value == "" {
			err = Wrong(name, " (or _FILE) is missing")
		}
		return value, err
	}
}
