package trials

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Disk is the disk of a folder, in bytes.
type Disk struct{ Free, Size uint64 }

// A listing, its spool and a report of a large register need some hundred MiB each.
const (
	little    = 2 << 30   // a warning
	tooLittle = 256 << 20 // a failure
)

// diskOf asks the operating system. Free is what a process without privileges may use.
func diskOf(folder string) (Disk, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return Disk{}, fmt.Errorf("folder %s: %w", folder, err)
	}
	block := uint64(s.Bsize) //nolint:gosec // never negative; its type differs between systems
	return Disk{Free: s.Bavail * block, Size: s.Blocks * block}, nil
}

// disks are the trials of the folders that files are written to.
func (t *trier) disks(context.Context) (all []Trial) {
	s := t.App.Settings
	places := []struct{ name, folder string }{{"disk of temporary files", os.TempDir()}}
	if private := filepath.Join(s.LocalDir, "postgres"); s.DatabaseURL == "" {
		places = append(places, struct{ name, folder string }{"disk of the private database", private})
	}
	if s.ReportDirectory != "" {
		places = append(places, struct{ name, folder string }{"disk of reports", s.ReportDirectory})
	}
	for _, p := range places {
		all = append(all, t.disk(p.name, p.folder))
	}
	return all
}

func (t *trier) disk(name, folder string) Trial {
	const todo = "make room, or choose another disk"
	at, err := existing(folder)
	if err != nil {
		return Trial{Name: name, Result: Failed, Detail: err.Error(), Todo: "check the folder"}
	}
	d, err := t.Disk(at)
	if err != nil {
		return Trial{Name: name, Result: Failed, Detail: err.Error(), Todo: "check the folder"}
	}
	detail := fmt.Sprintf("%s free of %s in %s", gib(d.Free), gib(d.Size), folder)
	switch {
	case d.Free < tooLittle:
		return Trial{Name: name, Result: Failed, Detail: detail, Todo: todo}
	case d.Free < little:
		return Trial{Name: name, Result: Warning, Detail: detail, Todo: todo}
	}
	return Trial{Name: name, Result: OK, Detail: detail}
}

func gib(bytes uint64) string { return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30)) }
