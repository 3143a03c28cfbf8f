package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func fakeBinaries(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
	for _, name := range []string{"postgres", "initdb"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755))
	}
	return dir
}

func TestChooseBinaries(t *testing.T) {
	t.Parallel()
	v9, v15, v18 := fakeBinaries(t, "9.6.24"), fakeBinaries(t, "15.18 (Debian 15.18-0+deb12u1)"), fakeBinaries(t, "18beta1")
	half := fakeBinaries(t, "19.0")
	require.NoError(t, os.Remove(filepath.Join(half, "initdb")))
	all := []string{"/nowhere", half, v9, v15, v18}
	for name, c := range map[string]struct {
		dirs                []string
		major, want, errHas string
	}{
		"newest without data":  {dirs: all, want: v18},
		"the data's own":       {dirs: all, major: "15", want: v15},
		"not there":            {dirs: all, major: "14", errHas: "the data in /d are of Postgres 14, and only Postgres 9 in " + v9},
		"none: first way out":  {errHas: "PROFILESYNC_DATABASE_URL"},
		"none: second way out": {dirs: []string{half}, errHas: "PG_BINDIR"},
		"none, third way out":  {dirs: []string{"/nowhere"}, errHas: "apt-get install postgresql"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := chooseBinaries(c.dirs, c.major, "/d")
			if c.errHas != "" {
				require.ErrorContains(t, err, c.errHas)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestTheMakefileLooksInTheSamePlaces(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../Makefile")
	require.NoError(t, err)
	_, list, _ := strings.Cut(string(text), "\nPG_PLACES ?= ")
	list, _, _ = strings.Cut(list, "\n\n")
	require.Equal(t, places, strings.Fields(strings.ReplaceAll(list, "\\\n", "")))
}

func TestShortFolderFitsASocket(t *testing.T) {
	t.Parallel()
	path := shortFolder(strings.Repeat("/deep", 60))
	require.LessOrEqual(t, len(path+"/.s.PGSQL.5432"), maxSocketPath)
	require.NotEqual(t, path, shortFolder("/another"))
}

// TestRootsPrivateFolder is a checkout under /root: the user who runs Postgres for root
// cannot reach it.
func TestRootsPrivateFolder(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := filepath.Join(t.TempDir(), "local")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o700))
	elsewhere := filepath.Join("/var/tmp", folderName(dir))
	t.Cleanup(func() {
		waitStopped(t, dir)
		require.NoError(t, os.RemoveAll(elsewhere))
	})
	for range 2 {
		c := open(t, Options{Dir: dir})
		keepRow(t, c.URL(), "row")
		require.Len(t, c.Warnings(), 1)
		require.Contains(t, c.Warnings()[0], elsewhere)
		require.NoError(t, c.Close())
		waitStopped(t, dir)
	}
	require.Equal(t, "row,row", ask(t, open(t, Options{Dir: dir}).URL(), keptRows))
}

// TestRootServesAnotherUsersFolder: after root has started a cluster in another
// user's folder, the owner can start it too.
func TestRootServesAnotherUsersFolder(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := newFolder(t)
	as := nobody(t)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.Chown(dir, int(as.uid), int(as.gid)))
	c := open(t, Options{Dir: dir})
	require.NoError(t, c.Close())
	waitStopped(t, dir)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	for _, e := range entries {
		require.Equal(t, as.uid, uidOf(t, filepath.Join(dir, e.Name())), e.Name())
	}
}
