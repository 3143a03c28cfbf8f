package jobs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKindsHasEveryKind that the source declares.
func TestKindsHasEveryKind(t *testing.T) {
	t.Parallel()
	var declared []string
	require.NoError(t, filepath.WalkDir(".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name) //nolint:gosec // our own tree
		for _, found := range regexp.MustCompile(`(?m)^func \(\w+\) Kind\(\) string \{ return "(\w+)" \}$`).FindAllSubmatch(text, -1) {
			declared = append(declared, string(found[1]))
		}
		return err
	}))
	require.Greater(t, len(declared), 10)
	slices.Sort(declared)
	require.Equal(t, declared, slices.Sorted(slices.Values(Kinds())))
}
