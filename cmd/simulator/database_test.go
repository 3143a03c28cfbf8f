package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyItsOwnDatabaseIsEmptied(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "postgres"), 0o700))
	_, err := openEmptyDatabase(t.Context(), dir)
	require.ErrorContains(t, err, "holds a database that the simulator did not make; give another --dir")
	require.NoFileExists(t, filepath.Join(dir, markFile))
}
