package letters

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/people"
)

// The file names the version and the texts it stands for. It is not written by
// -update: a changed text takes a new version, by hand in both places.
func TestChangedTextsHaveANewVersion(t *testing.T) {
	t.Parallel()
	sum := sha256.New()
	for _, kind := range people.LetterKinds() {
		content, err := templates.ReadFile("templates/" + string(kind) + ".txt")
		require.NoError(t, err)
		fmt.Fprintf(sum, "%s %d\n%s", kind, len(content), content)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "version"))
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(string(want)), fmt.Sprintf("%d %x", Version(), sum.Sum(nil)),
		"count version up in letters.go and put the line into testdata/version")
}
