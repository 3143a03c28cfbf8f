package settings

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// keep writes a file that only its owner can read.
func keep(t *testing.T, path, text string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// badFiles returns the paths that no setting may name, by what is wrong.
func badFiles(t *testing.T) map[string]string {
	t.Helper()
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	require.NoError(t, os.Mkdir(at("folder"), 0o700))
	require.NoError(t, os.Symlink(at("circle"), at("circle")))
	require.NoError(t, syscall.Mkfifo(at("pipe"), 0o600))
	keep(t, at("large"), strings.Repeat("x", maxFile+1))
	bad := map[string]string{
		at("none"): "no such file or directory", at("circle"): "too many levels of symbolic links", at("folder"): "it is not a file",
		at("pipe"): "it is not a file", keep(t, at("empty"), ""): "it is empty", keep(t, at("blank"), " \n\t\n"): "it is empty",
		at("large"): "it is larger than 64 KiB", "": "want the path of a file", strings.Repeat("x", 300): "file name too long",
	}
	if os.Geteuid() == 0 {
		t.Log("not tried: a file whose mode forbids reading, which does not stop root")
		return bad
	}
	require.NoError(t, os.Chmod(keep(t, at("shut"), "x"), 0))
	bad[at("shut")] = "permission denied"
	return bad
}

// TestABadFileOfAnySettingStopsTheStart tries each setting: none may silently get
// its default.
func TestABadFileOfAnySettingStopsTheStart(t *testing.T) {
	t.Parallel()
	byName, order := fields()
	require.Greater(t, len(order), 60)
	for path, why := range badFiles(t) {
		for _, name := range order {
			_, err := load(t.Context(), []string{"PROFILESYNC_" + name + "_FILE=" + path})
			require.ErrorAs(t, err, new(Error), "%s: %s", name, path)
			want := "=" + path + ": " + why
			if info, err := os.Stat(path); path == "" {
				want = ": " + why
			} else if byName[name].Type == secretType && (err != nil || info.Mode() == 0) {
				want = ": the file that it names cannot be opened: " + why
			}
			require.EqualError(t, err, "setting PROFILESYNC_"+name+"_FILE"+want)
		}
	}
}

func TestAMisspeltNameOfAnySettingStopsTheStart(t *testing.T) {
	t.Parallel()
	_, order := fields()
	for _, name := range order {
		for misspelt, meant := range map[string]string{
			name + name[len(name)-1:]: name, name[:1] + "_" + name[1:]: name, name + "_FIEL": name + "_FILE", strings.ToLower(name): name,
		} {
			_, err := load(t.Context(), []string{"PROFILESYNC_" + misspelt + "=hunter2"})
			require.EqualError(t, err, "setting PROFILESYNC_"+misspelt+": there is no such setting; did you mean PROFILESYNC_"+meant+"?")
		}
	}
}

func TestAnEmptyValueIsNotTheDefault(t *testing.T) {
	t.Parallel()
	_, order := fields()
	for _, name := range order {
		_, err := load(t.Context(), []string{"PROFILESYNC_" + name + "="})
		require.EqualError(t, err, "setting PROFILESYNC_"+name+": its value is empty; unset it for the default")
	}
}

func TestASettingIsGivenInOneWay(t *testing.T) {
	t.Parallel()
	path := keep(t, filepath.Join(t.TempDir(), "mode"), "demo\n")
	s, err := load(t.Context(), []string{"PROFILESYNC_MODE_FILE=" + path, "OTHER_FILE=/nowhere"})
	require.NoError(t, err)
	require.Equal(t, "demo", s.Mode)
	_, err = load(t.Context(), []string{"PROFILESYNC_MODE_FILE=" + path, "PROFILESYNC_MODE=demo"})
	require.EqualError(t, err, "setting PROFILESYNC_MODE and PROFILESYNC_MODE_FILE are both set: keep one of them")
}

func TestWithNothingSetEverySettingHasItsDefault(t *testing.T) {
	t.Parallel()
	s, err := load(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, "production", s.Mode)
	require.Equal(t, 16, s.PushWorkers)
	require.Len(t, s.OrgTypes(), 7)
}

// TestTheNamesOfTheTestsMayBeSet also wants no name there that nothing reads.
func TestTheNamesOfTheTestsMayBeSet(t *testing.T) {
	t.Parallel()
	byName, _ := fields()
	read := regexp.MustCompile(`(?:(?:Getenv|LookupEnv|number)\(|seedOf\([\w.]+, |urlEnv = )"PROFILESYNC_(\w+)"` +
		`|(?:\$\$|\t)PROFILESYNC_([A-Z_]+)`)
	var found []string
	tree := os.DirFS("../../..")
	require.NoError(t, fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name == ".git" || name == ".local"):
			return fs.SkipDir
		}
		if filepath.Ext(name) != ".go" && name != "Makefile" {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		for _, match := range read.FindAllStringSubmatch(string(text), -1) {
			if n := match[1] + match[2]; byName[n].Name == "" && !slices.Contains(found, n) {
				found = append(found, n)
			}
		}
		return err
	}))
	slices.Sort(found)
	require.Equal(t, found, forTests)
	for _, name := range forTests {
		_, err := load(t.Context(), []string{"PROFILESYNC_" + name + "=1"})
		require.NoError(t, err)
	}
}

// Editors of some systems begin a file with a mark of its encoding, which nobody sees.
func TestAFileMayBeginWithAMarkOfItsEncoding(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	for text, want := range map[string]string{"\ufeffthe-key\r\n": "the-key", "\ufeff": "", "\ufeff\r\n": ""} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		s, err := load(t.Context(), []string{"PROFILESYNC_ODS_API_KEY_FILE=" + path})
		if want == "" {
			require.EqualError(t, err, "setting PROFILESYNC_ODS_API_KEY_FILE="+path+": it is empty")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want, s.ODSAPIKey.Reveal())
	}
}
