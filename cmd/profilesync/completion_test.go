package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// asProfilesync makes this test binary be the program, for shells that call it.
const asProfilesync = "TEST_AS_PROFILESYNC"

func TestMain(m *testing.M) {
	if os.Getenv(asProfilesync) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program is a folder with the program in it, under its own name.
func program(t *testing.T) string {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Symlink(binary, filepath.Join(dir, "profilesync")))
	return dir
}

// inShell runs a script in a shell that finds the program, and returns its lines.
func inShell(t *testing.T, shell, script string, flags ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shell, append(flags, "-c", script)...)
	cmd.Env = []string{"PATH=" + program(t) + ":" + os.Getenv("PATH"), "HOME=" + t.TempDir(), asProfilesync + "=1"}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return strings.Fields(string(out))
}

func TestBashCompletesCommandsFlagsAndValues(t *testing.T) {
	t.Parallel()
	const begin = `source <(profilesync completion bash) || exit 1
at() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _profilesync; [ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"; }
complete -p profilesync >/dev/null || exit 1
`
	for typed, want := range map[string][]string{
		"pu":                           {"push"},
		"push ''":                      {"list", "retry", "preview"},
		"push list --st":               {"--state"},
		"push list --state wa":         {"wanted", "waits"},
		"push list --state = wa":       {"wanted", "waits"},
		"push list --state=wa":         {"--state=wanted", "--state=waits"},
		"push list --state waits --st": {},
		"profile why FA001 ph":         {"phone"},
		"profile kind R0A01 ''":        {"hospital", "clinic"},
		"hold add FA001 --sink ''":     {"dos", "website"},
		"hold add FA001 --sink dos --": {"--field", "--until", "--reason", "--actor", "--help", "--private", "--format", "--version"},
		"plan --files a b ''":          {},
		"plan --source e":              {"ers"},
		"report --section wit":         {"withheld"},
		"report ver":                   {"verify"},
		"help runs ap":                 {"approve"},
		"completion ''":                {"bash", "zsh", "fish"},
		"--format j":                   {"json"},
		"nonsense ''":                  nil,
	} {
		found := inShell(t, "bash", begin+"at profilesync "+typed, "--norc")
		if want != nil {
			require.ElementsMatch(t, want, found, typed)
		}
	}
	require.Equal(t, []string{"word"}, inShell(t, "bash", begin+"compgen -W word"), "bash goes on")
}

// zsh and fish are asked where they are there. Their scripts are checked anyway: they
// call the program as bash does.
func TestOtherShellsAskTheProgram(t *testing.T) {
	t.Parallel()
	for shell, how := range map[string]struct{ check, words string }{
		"zsh":  {"zsh -n", `"${(@)words[2,CURRENT]}"`},
		"fish": {"fish -n", `$words[2..-1]`},
	} {
		code, script, _ := typed("completion", shell)
		require.Zero(t, code)
		require.Contains(t, script, "complete -- "+how.words)
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("NOT CHECKED by %s, which is not here", shell)
			continue
		}
		file := filepath.Join(t.TempDir(), "script")
		require.NoError(t, os.WriteFile(file, []byte(script), 0o600))
		out, err := exec.CommandContext(t.Context(), path, "-n", file).CombinedOutput()
		require.NoError(t, err, "%s: %s", how.check, out)
	}
}

// The page is what the program man takes, without a complaint of groff.
func TestTheManualPage(t *testing.T) {
	t.Parallel()
	code, page, _ := typed("man")
	require.Zero(t, code)
	for _, node := range testParser(t).Model.Leaves(true) {
		require.Contains(t, page, ".SS "+roffText(commandPath(node))+"\n")
	}
	require.Contains(t, page, `wanted, accepted, refused, waits, held, no\-route`)
	for line := range strings.Lines(page) {
		require.NotRegexp(t, `^\.[^A-Zbnf]|^'`, line, "a request by chance")
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Log("NOT CHECKED by groff, which is not here")
		return
	}
	cmd := exec.CommandContext(t.Context(), groff, "-man", "-Tutf8", "-ww")
	cmd.Stdin = strings.NewReader(page)
	complaints := new(strings.Builder)
	cmd.Stderr = complaints
	text, err := cmd.Output()
	require.NoError(t, err)
	require.Empty(t, complaints.String())
	require.Contains(t, string(text), "completion")
}
