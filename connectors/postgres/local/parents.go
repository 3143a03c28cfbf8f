package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checkParents returns an error if somebody else could put another folder in the
// place of a folder, by changing one of those that it is in: root and the folder's
// owner may. What is in a sticky folder, like /tmp, only its owner can move. The path
// has no links. Of those who are not root, many share their folders with a group of
// their own, so only what everybody can change is refused there.
func checkParents(path string, owner uint32) error {
	shut := os.FileMode(0o002)
	if os.Geteuid() == 0 {
		shut = 0o022
	}
	for path != filepath.Dir(path) {
		path = filepath.Dir(path)
		info, err := os.Lstat(path)
		if err != nil {
			return fmt.Errorf("checking %s: %w", path, err)
		}
		st, err := status(info)
		if err != nil {
			return err
		}
		open := info.Mode().Perm() & shut
		if st.Gid == 0 {
			open &^= 0o020 // root's own group
		}
		switch {
		case os.Geteuid() == 0 && st.Uid != 0 && st.Uid != owner:
			return fmt.Errorf("%s belongs to user id %d, who could replace what is in it: choose another folder with PROFILESYNC_LOCAL_DIR",
				path, st.Uid)
		case open != 0 && info.Mode()&(os.ModeSticky|os.ModeSymlink) == 0: // checkNoLinks refuses links
			return fmt.Errorf("%s can be changed by others than its owner, and so can what is in it: "+
				"run chmod go-w on it, or choose another folder with PROFILESYNC_LOCAL_DIR", path)
		}
	}
	return nil
}

// makeIn makes a folder, unless it is there by now, and returns its path. What root
// makes in the folder of somebody else is given to its owner.
func makeIn(dir, name string) (string, error) {
	in, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat(".")
	if err != nil {
		return "", fmt.Errorf("checking %s: %w", dir, err)
	}
	st, err := status(info)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	if err := checkParents(path, st.Uid); err != nil {
		return "", err
	}
	var as *account
	if os.Geteuid() == 0 && st.Uid != 0 {
		as = &account{uid: st.Uid, gid: st.Gid}
	}
	if err := makeFolder(in, name, 0o755, as); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return realPath(path)
}
