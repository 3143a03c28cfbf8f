package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// folder is a folder that was checked and stays open: what is done in it is done
// there, whatever its path means by then.
type folder struct {
	*os.Root

	path     string
	uid, gid uint32 // of its owner
}

// openFolder opens a folder that nobody but its owner can change. The owner is who
// runs the program; root also works in the folders of others, and for them. The
// path has no links: see makeDir.
func openFolder(path string) (*folder, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	f := &folder{Root: root, path: path}
	if err := f.check(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return f, nil
}

func (f *folder) check() error {
	info, err := f.Stat(".")
	if err != nil {
		return fmt.Errorf("checking %s: %w", f.path, err)
	}
	st, err := status(info)
	if err != nil {
		return err
	}
	me := uint32(os.Geteuid())
	f.uid, f.gid = st.Uid, st.Gid
	switch {
	case f.uid != me && me != 0:
		return fmt.Errorf("%s belongs to user id %d, and this is user id %d: choose another folder with PROFILESYNC_LOCAL_DIR",
			f.path, f.uid, me)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("%s can be changed by others than its owner: run chmod go-w on it", f.path)
	}
	if err := checkParents(f.path, f.uid); err != nil || me != 0 {
		return err
	}
	return f.checkNoLinks(info)
}

// checkNoLinks returns an error if a part of the path has become a link. For root only:
// whoever owns a part could lead it into a folder of somebody else.
func (f *folder) checkNoLinks(want os.FileInfo) error {
	const flags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
	at, err := unix.Open("/", flags, 0)
	for part := range strings.SplitSeq(strings.Trim(f.path, "/"), "/") {
		if err != nil {
			break
		}
		from := at
		at, err = unix.Openat(from, part, flags, 0)
		_ = unix.Close(from)
	}
	if err != nil {
		return fmt.Errorf("%s leads through a link or something else that is not a folder: %w", f.path, err)
	}
	end := os.NewFile(uintptr(at), f.path)
	defer func() { _ = end.Close() }()
	if got, err := end.Stat(); err != nil || !os.SameFile(got, want) {
		return fmt.Errorf("%s is being changed by somebody", f.path)
	}
	return nil
}

func status(info os.FileInfo) (*syscall.Stat_t, error) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, fmt.Errorf("reading the owner of %s: not known on this system", info.Name())
	}
	return st, nil
}

// open opens a file of the folder. One that root makes in another user's folder is
// given to the folder's owner, who otherwise could no longer open the cluster; one
// that was there is never given away. Flags must not hold O_TRUNC: what a file is
// can only be told once it is open.
func (f *folder) open(name string, flags int) (*os.File, error) {
	for {
		if flags&os.O_CREATE != 0 {
			made, err := f.OpenFile(name, flags|os.O_EXCL, 0o600) // follows no link
			if err == nil {
				return f.give(made)
			}
			if !errors.Is(err, os.ErrExist) {
				return nil, err
			}
		}
		file, err := f.openOld(name, flags&^os.O_CREATE)
		if flags&os.O_CREATE == 0 || !errors.Is(err, os.ErrNotExist) {
			return file, err
		}
	}
}

func (f *folder) give(made *os.File) (*os.File, error) {
	if os.Geteuid() != 0 {
		return made, nil
	}
	if err := made.Chown(int(f.uid), int(f.gid)); err != nil {
		return nil, fmt.Errorf("giving %s to the owner of its folder: %w", made.Name(), errors.Join(err, made.Close()))
	}
	return made, nil
}

// openOld opens a file that is there: no link, and a file of its own, of the
// folder's owner or of who runs the program.
func (f *folder) openOld(name string, flags int) (*os.File, error) {
	file, err := f.OpenFile(name, flags|unix.O_NONBLOCK, 0) // a pipe must not block, and no link leads out of the folder
	if err != nil {
		return nil, err
	}
	if err := f.checkFile(name, file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func (f *folder) checkFile(name string, file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("checking %s: %w", file.Name(), err)
	}
	st, err := status(info)
	if err != nil {
		return err
	}
	named, err := f.Lstat(name) // by now it may be another file, or gone: state.json is replaced while others read it
	switch {
	case err == nil && named.Mode()&os.ModeSymlink != 0:
		return f.inTheWay(name, "it is a link")
	case !info.Mode().IsRegular():
		return f.inTheWay(name, "it is not a file")
	case st.Nlink > 1:
		return f.inTheWay(name, "it has another name elsewhere")
	case st.Uid != f.uid && int(st.Uid) != os.Geteuid():
		return f.inTheWay(name, fmt.Sprintf("it belongs to user id %d", st.Uid))
	}
	return nil
}

func (f *folder) inTheWay(name, why string) error {
	return fmt.Errorf("%s is in the way: %s", filepath.Join(f.path, name), why)
}

// openIn opens a file in dir, as folder.open does.
func openIn(dir, name string, flags int) (*os.File, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return f.open(name, flags)
}

// makePrivate makes an empty folder that only one account can enter.
func makePrivate(in *os.Root, name string, as *account) error { return makeFolder(in, name, 0o700, as) }

// makeFolder makes an empty folder that belongs to an account.
func makeFolder(in *os.Root, name string, mode os.FileMode, as *account) error {
	if err := in.Mkdir(name, mode); err != nil || as == nil {
		return err
	}
	before, err := in.Lstat(name)
	if err != nil {
		return err
	}
	made, err := in.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = made.Close() }()
	info, err := made.Stat()
	if err != nil {
		return err
	}
	_, filled := made.ReadDir(1)
	if !before.IsDir() || !os.SameFile(before, info) || !errors.Is(filled, io.EOF) {
		return fmt.Errorf("%s was replaced just now", made.Name())
	}
	if err := made.Chown(int(as.uid), int(as.gid)); err != nil {
		return fmt.Errorf("giving a folder to Postgres: %w", err)
	}
	return nil
}

// belongsTo returns an error unless a name is a folder of the account, or is not
// there.
func belongsTo(in *os.Root, name string, as *account) error {
	info, err := in.Lstat(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("checking a folder of Postgres: %w", err)
	}
	st, err := status(info)
	if err != nil {
		return err
	}
	want := uint32(os.Geteuid())
	if as != nil {
		want = as.uid
	}
	path := filepath.Join(in.Name(), name)
	if !info.IsDir() || st.Uid != want && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%s is in the way: it is not a folder of user id %d", path, want)
	}
	return nil
}
