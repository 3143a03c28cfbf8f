package pagetest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
)

// Update is the flag with which tests write their golden files.
var Update = flag.Bool("update", false, "write the golden files")

// Written is a page as HTML.
func Written(t *testing.T, p page.Page) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, page.Write(&out, p))
	return out.Bytes()
}

var versions = regexp.MustCompile(`\?v=[0-9a-f]+`)

// Golden compares a page with testdata/NAME.html; with -update it writes that.
func Golden(t *testing.T, name string, p page.Page) {
	t.Helper()
	file, got := filepath.Join("testdata", name+".html"), versions.ReplaceAll(Written(t, p), []byte("?v=0"))
	if *Update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(file, got, 0o600))
	}
	want, err := os.ReadFile(file) //nolint:gosec // of this test
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "go test . -update writes it")
	require.NotContains(t, string(got), `style="`)
	require.NotContains(t, string(got), "<style")
	require.Equal(t, 1, bytes.Count(got, []byte("<script ")), "no script inside the page")
}
