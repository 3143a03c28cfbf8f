package local

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io"
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
	base     *folder // of the data
	data     string  // its name in the base
	socket   string  // its path
	as       *account
	warnings []string
}

// dataPath is the path of the data.
func (pl *place) dataPath() string { return filepath.Join(pl.base.path, pl.data) }

// findPlace chooses the folders for the cluster of dir. Throw-away data have a
// separate name, so that they never replace real data.
func findPlace(dir string, throwAway bool) (*place, error) {
	base, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	pl := &place{base: base, data: "data"}
	if os.Geteuid() == 0 {
		if err := pl.leaveRoot(dir); err != nil {
			return nil, errors.Join(err, pl.base.Close())
		}
	}
	if throwAway {
		pl.data = "throw-away"
	}
	pl.socket = filepath.Join(pl.base.path, "socket")
	if len(filepath.Join(pl.socket, ".s.PGSQL."+socketPort)) > maxSocketPath {
		pl.socket = shortFolder(dir)
	}
	return pl, nil
}

// leaveRoot chooses the account, and another base if that account cannot reach dir.
func (pl *place) leaveRoot(dir string) error {
	var err error
	if pl.as, err = unprivileged(pl.base); err != nil {
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
	elsewhere, err := openElsewhere(dir)
	if err != nil {
		return err
	}
	pl.warnings = append(pl.warnings, fmt.Sprintf(
		"user %s, who runs Postgres for root, cannot reach %s: the data are in %s, or choose another folder with PROFILESYNC_LOCAL_DIR",
		pl.as.name, dir, elsewhere.path))
	err = pl.base.Close()
	pl.base = elsewhere
	return err
}

// openElsewhere opens root's folder for the data of dir under /var/tmp. Another
// user may have put something there before: only a folder that root owns will do.
func openElsewhere(dir string) (*folder, error) {
	shared, err := filepath.EvalSymlinks("/var/tmp")
	if err != nil {
		return nil, fmt.Errorf("making the folder of the data: %w", err)
	}
	path := filepath.Join(shared, folderName(dir))
	if err := os.Mkdir(path, 0o711); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("making the folder of the data: %w", err)
	}
	base, err := openFolder(path)
	if err != nil {
		return nil, err
	}
	if base.uid != 0 {
		return nil, errors.Join(fmt.Errorf("%s is in the way: it belongs to user id %d", path, base.uid), base.Close())
	}
	return base, nil
}

// unprivileged picks the user who runs Postgres for root: the owner of the folder, so
// that it also works without root; in root's own folder the owner of existing data;
// else user postgres, else user nobody.
func unprivileged(base *folder) (*account, error) {
	uid := base.uid
	if uid == 0 {
		if info, err := base.Lstat("data"); err == nil && info.IsDir() {
			if st, err := status(info); err == nil {
				uid = st.Uid
			}
		}
	}
	if uid != 0 {
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

// readData returns what a file of the data holds.
func (pl *place) readData(name string) ([]byte, error) {
	root, err := pl.base.OpenRoot(pl.data)
	if err != nil {
		return nil, err
	}
	in := &folder{Root: root, path: pl.dataPath(), uid: pl.base.uid}
	if pl.as != nil {
		in.uid = pl.as.uid
	}
	defer func() { _ = in.Close() }()
	f, err := in.openOld(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(f)
	return raw, errors.Join(err, f.Close())
}

// renewSocket makes the empty folder of the socket. With no server left, an old
// socket and its lock file are stale: the process id in the lock file may now belong
// to any process.
func (pl *place) renewSocket() error {
	in, err := os.OpenRoot(filepath.Dir(pl.socket))
	if err != nil {
		return fmt.Errorf("making the folder of the socket: %w", err)
	}
	defer func() { _ = in.Close() }()
	name := filepath.Base(pl.socket)
	if err := belongsTo(in, name, pl.as); err != nil {
		return err
	}
	if err := in.RemoveAll(name); err != nil {
		return fmt.Errorf("removing an old socket: %w", err)
	}
	return makePrivate(in, name, pl.as)
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
