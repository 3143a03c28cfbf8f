package e2e

import (
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
)

// with returns the site with more settings.
func (s *site) with(settings ...string) *site {
	other := *s
	other.env = append(append([]string(nil), s.env...), settings...)
	return &other
}

// without returns the site without the settings whose names begin with a prefix.
func (s *site) without(prefix string) *site {
	other := *s
	other.env = slices.DeleteFunc(slices.Clone(s.env), func(setting string) bool { return strings.HasPrefix(setting, prefix) })
	return &other
}

// setting returns the value of a setting of the site.
func (s *site) setting(name string) (value string) {
	s.t.Helper()
	for _, setting := range s.env {
		if found, ok := strings.CutPrefix(setting, name+"="); ok {
			value = found
		}
	}
	require.NotEmpty(s.t, value, name)
	return value
}
