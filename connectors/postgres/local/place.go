package local

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// maxSocketPath bytes of a unix socket's path work everywhere (macOS 103, Linux 107).
const maxSocketPath = 100

// account is the unprivileged user that runs Postgres if the program runs as
// root, because root may not run it. nil means the user who runs the program.
type account struct {
	name     string
	uid, gid uint32
}

// place is where a cluster's data and socket are.
type place struct {
	base     string
	data     string
	socket   string
	as       *account
	warnings []string
}

// findPlace chooses the folders for the cluster of dir. Throw-away data have a
// separate name, so that they never replace real data.
func findPlace(dir string, throwAway bool) (*place, error) {
	pl := &place{base: dir}
	if os.Geteuid() == 0 {
		if err := pl.leaveRoot(dir); err != nil {
			return nil, err
		}
	}
	pl.data = filepath.Join(pl.base, "data")
	if throwAway {
		pl.data = filepath.Join(pl.base, "throw-away")
	}
	pl.socket = filepath.Join(pl.base, "socket")
	if len(filepath.Join(pl.socket, ".s.PGSQL."+socketPort)) > maxSocketPath {
		pl.socket = shortFolder(dir)
	}
	return pl, nil
}

// leaveRoot chooses the account, and another base if that account cannot reach dir.
func (pl *place) leaveRoot(dir string) error {
	var err error
	if pl.as, err = unprivileged(dir); err != nil {
		return err
	}
	// Only the kernel knows everything that could deny access, so let that user
	// try.
	probe := exec.Command("/bin/sh", "-c", `test -x "$1"`, "sh", dir)
	probe.Dir = "/"
	probe.SysProcAttr = attributes(pl.as, syscall.SIGKILL)
	err = probe.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &exit):
		return fmt.Errorf("running a command as user %s: %w", pl.as.name, err)
	}
	pl.base = filepath.Join("/var/tmp", folderName(dir))
	pl.warnings = append(pl.warnings, fmt.Sprintf(
		"user %s, who runs Postgres for root, cannot reach %s: the data are in %s, or choose another folder with PROFILESYNC_LOCAL_DIR",
		pl.as.name, dir, pl.base))
	if err := os.Mkdir(pl.base, 0o711); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("making the folder of the data: %w", err)
	}
	// Another user may have put something there before: accept only a folder that
	// root owns.
	return belongsTo(pl.base, 0)
}

// unprivileged picks the user who runs Postgres for root: the owner of existing data,
// else of the folder, so that it also works without root; else user postgres, else user
// nobody.
func unprivileged(dir string) (*account, error) {
	for _, path := range []string{filepath.Join(dir, "data"), dir} {
		uid, _, err := owner(path)
		if err != nil || uid == 0 {
			continue
		}
		if u, err := user.LookupId(strconv.FormatUint(uint64(uid), 10)); err == nil {
			return newAccount(u)
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return newAccount(u)
		}
	}
	return nil, errors.New("Postgres does not run as root, and there is no user postgres or nobody to run it") //nolint:staticcheck // a name
}

func newAccount(u *user.User) (*account, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the uid of %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the gid of %s: %w", u.Username, err)
	}
	return &account{name: u.Username, uid: uint32(uid), gid: uint32(gid)}, nil
}

// credential is nil for the user who runs the program.
func (a *account) credential() *syscall.Credential {
	if a == nil {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid}
}

// note is appended to "starting postgres" in messages.
func (a *account) note() string {
	if a == nil {
		return ""
	}
	return " as user " + a.name
}

// makePrivate creates an empty folder that only the user of Postgres can enter.
func (pl *place) makePrivate(path string) error {
	err := os.Mkdir(path, 0o700)
	if err == nil && pl.as != nil {
		err = os.Chown(path, int(pl.as.uid), int(pl.as.gid))
	}
	if err != nil {
		return fmt.Errorf("making a folder for Postgres: %w", err)
	}
	return nil
}

// belongsTo returns an error unless path is a folder owned by that user.
func belongsTo(path string, uid uint32) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("checking %s: %w", path, err)
	}
	if got, _, err := owner(path); err != nil || got != uid || !info.IsDir() {
		return fmt.Errorf("%s is in the way: it is not a folder of user id %d", path, uid)
	}
	return nil
}

// shortFolder returns a folder for the socket of a cluster whose path is too
// long.
func shortFolder(dir string) string {
	path := filepath.Join(os.TempDir(), folderName(dir))
	if len(path) > maxSocketPath-len("/.s.PGSQL."+socketPort) {
		return filepath.Join("/tmp", folderName(dir))
	}
	return path
}

// folderName is the same for every open of dir by the same user.
func folderName(dir string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(dir)) // never fails
	return fmt.Sprintf("profilesync-%d-%016x", os.Geteuid(), h.Sum64())
}
