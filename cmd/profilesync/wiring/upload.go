package wiring

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/profilesync/profilesync/cmd/internal/spool"
	"github.com/profilesync/profilesync/connectors/ods"
)

// Upload stores a file. It is read completely first, so that no transaction
// waits for the caller's disk or pipe.
func (a *App) Upload(ctx context.Context, path string) (int64, error) {
	file, err := spoolFile(path)
	if err != nil {
		return 0, fmt.Errorf("--files: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	return a.Store.Runs.StoreUpload(ctx, filepath.Base(path), file)
}

// spoolFile reads a file, which may be a pipe, to its end.
func spoolFile(path string) (*spool.File, error) {
	file, err := os.Open(path) //nolint:gosec // the caller names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	return spool.Hold(file, ods.MaxListing)
}
