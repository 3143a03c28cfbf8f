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

// The file holds the version and the hash of its texts. -update does not write it:
// a changed text needs a new version, set by hand in both places.
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
		"increase version in letters.go and put this line in testdata/version")
}
