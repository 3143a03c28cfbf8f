package local

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// places are the folders where distributions and Homebrew put the server's
// programs, often outside PATH.
var places = []string{
	"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                   // postgresql.org's packages for Red Hat
	"/usr/lib*/postgresql*/bin",                          // SUSE, Gentoo
	"/usr/libexec/postgresql*",                           // Alpine
	"/opt/homebrew/opt/postgresql*/bin",                  // Homebrew, Apple silicon
	"/usr/local/opt/postgresql*/bin",                     // Homebrew, Intel
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",     // Homebrew, Linux
	"/opt/local/lib/postgresql*/bin",                     // MacPorts
	"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
	"/usr/local/pgsql/bin",                               // built from source
}

const noBinaries = `no Postgres was found on this machine. Three ways out:
  - set PROFILESYNC_DATABASE_URL to a database of your own
  - set PG_BINDIR to the folder of the programs postgres and initdb
  - install it: apt-get install postgresql, dnf install postgresql-server, apk add postgresql, or brew install postgresql@17`

var (
	versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)
	majorPattern   = regexp.MustCompile(`^\d{1,3}$`)
)

// findBinaries returns the folder of postgres and initdb: the one named by PG_BINDIR, or
// else the first one found with the data's major version, or with the newest version if
// there are no data (major is empty).
func findBinaries(pgBinDir, major, data string) (string, error) {
	if pgBinDir == "" {
		return chooseBinaries(candidates(), major, data)
	}
	if binariesMajor(pgBinDir) == 0 {
		return "", fmt.Errorf("PG_BINDIR is %s, but postgres and initdb are not there or do not run", pgBinDir)
	}
	return chooseBinaries([]string{pgBinDir}, major, data)
}

func chooseBinaries(dirs []string, major, data string) (string, error) {
	best, newest := "", 0
	var found []string
	for _, dir := range dirs {
		got := binariesMajor(dir)
		if got == 0 {
			continue
		}
		if strconv.Itoa(got) == major {
			return dir, nil
		}
		found = append(found, fmt.Sprintf("%d in %s", got, dir))
		if got > newest {
			best, newest = dir, got
		}
	}
	switch {
	case best == "":
		return "", errors.New(noBinaries)
	case major != "":
		return "", fmt.Errorf("the data in %s are of Postgres %s, and only Postgres %s was found: "+
			"install Postgres %[2]s, or move the folder away to begin anew", data, major, strings.Join(found, ", "))
	}
	return best, nil
}

// candidates lists folders that may hold the server's programs, each once.
func candidates() []string {
	var list []string
	add := func(dir string) {
		if dir != "" && !slices.Contains(list, dir) {
			list = append(list, dir)
		}
	}
	for _, name := range []string{"postgres", "initdb"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		// PATH may hold a link to one program only: the others are in the folder it
		// points to.
		if target, err := filepath.EvalSymlinks(path); err == nil {
			add(filepath.Dir(target))
		}
		add(filepath.Dir(path))
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		add(strings.TrimSpace(string(out)))
	}
	for _, pattern := range places {
		dirs, _ := filepath.Glob(pattern) // fails only for a malformed pattern
		slices.SortFunc(dirs, func(a, b string) int { return cmp.Compare(b, a) })
		for _, dir := range dirs {
			add(dir)
		}
	}
	return list
}

// binariesMajor is the major version of the server in dir, 0 if the server is
// incomplete.
func binariesMajor(dir string) int {
	if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err != nil {
		return 0
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0
	}
	match := versionPattern.FindSubmatch(out)
	if match == nil {
		return 0
	}
	major, err := strconv.Atoi(string(match[1]))
	if err != nil {
		return 0
	}
	return major
}

// dataMajor is the major version that made the data folder, empty if there is
// none.
func dataMajor(pl *place) (string, error) {
	if err := belongsTo(pl.base.Root, pl.data, pl.as); err != nil {
		return "", err
	}
	raw, err := pl.readData("PG_VERSION")
	major := strings.TrimSpace(string(raw))
	switch {
	case err == nil && majorPattern.MatchString(major):
		return major, nil
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("reading the version of the data: %w", err)
	}
	if _, err := pl.base.Lstat(pl.data); !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%s is there but is no Postgres data folder: move it away", pl.dataPath())
	}
	return "", nil
}
