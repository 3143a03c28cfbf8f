package wiring

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/profilesync/profilesync/cmd/internal/spool"
)

// Upload stores a file. It is read completely first, so that no transaction
// waits for the caller's disk.
func (a *App) Upload(ctx context.Context, path string) (int64, error) {
	file, err := a.spoolFile(ctx, path)
	if err != nil {
		return 0, fmt.Errorf("--files: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	return a.Store.Runs.StoreUpload(ctx, filepath.Base(path), file)
}

// UploadFrom stores a listing that somebody sends, under the name that they give it. It
// is read completely first, and none of it is kept in memory.
func (a *App) UploadFrom(ctx context.Context, name string, from io.Reader) (int64, error) {
	file, err := spool.Copy(ctx, from, a.Settings.FileLimit())
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }() // only read
	return a.Store.Runs.StoreUpload(ctx, filepath.Base(name), file)
}

// spoolFile copies a file that a person named.
func (a *App) spoolFile(ctx context.Context, path string) (*spool.File, error) {
	file, err := a.OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	return spool.Copy(ctx, file, a.Settings.FileLimit())
}

// OpenFile opens a file that a person named. It refuses what is no regular file,
// since a pipe or a device may never end, or do something when it is opened, and what
// is larger than the settings allow.
func (a *App) OpenFile(path string) (*os.File, error) {
	found, err := os.Stat(path)
	if err == nil {
		err = a.checkFile(path, found)
	}
	if err != nil {
		return nil, err
	}
	// It may be another one by now.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // the caller names the file
	if err != nil {
		return nil, err
	}
	if found, err = file.Stat(); err == nil {
		err = a.checkFile(path, found)
	}
	if err != nil {
		_ = file.Close() // only opened
		return nil, err
	}
	return file, nil
}

// CheckFile returns the error of OpenFile, for a file that is read later.
func (a *App) CheckFile(path string) error {
	file, err := a.OpenFile(path)
	if err == nil {
		err = file.Close()
	}
	return err
}

func (a *App) checkFile(path string, found fs.FileInfo) error {
	switch {
	case !found.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file: save it to one first", path)
	case found.Size() > a.Settings.FileLimit():
		return fmt.Errorf("%s is larger than %d MiB (PROFILESYNC_FILE_LIMIT_MIB)", path, a.Settings.FileLimitMiB)
	}
	return nil
}
