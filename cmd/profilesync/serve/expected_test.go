package serve

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEverySystemIsExpected by the name that its connector gives its breaker.
func TestEverySystemIsExpected(t *testing.T) {
	t.Parallel()
	given := regexp.MustCompile(`(?:httpx\.Options\{\s*Name:\s*|gobreaker\.Settings\{\s*Name:\s*|\.client\(|\.http\()"([^"]+)"`)
	var named []string
	for _, connector := range []string{"ods", "ers", "dos", "website", "notify"} {
		files, err := filepath.Glob("../../../connectors/" + connector + "/*.go")
		require.NoError(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, found := range given.FindAllSubmatch(text, -1) {
				named = append(named, string(found[1]))
			}
		}
	}
	slices.Sort(named)
	require.Equal(t, slices.Compact(named), systems())
}
