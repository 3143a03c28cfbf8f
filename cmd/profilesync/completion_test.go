package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// asProfilesync makes this test binary be the program, for shells that call it.
const asProfilesync = "TEST_AS_PROFILESYNC"

func TestMain(m *testing.M) {
	if os.Getenv(asProfilesync) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
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

// inShell runs a script in a shell that finds the program, and returns its words.
func inShell(t *testing.T, shell, script string, flags ...string) []string {
	t.Helper()
	return strings.Fields(strings.Join(inShellLines(t, shell, script, flags...), " "))
}

// inShellLines does the same, and returns its lines.
func inShellLines(t *testing.T, shell, script string, flags ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shell, append(flags, "-c", script)...)
	cmd.Env = []string{"PATH=" + program(t) + ":" + os.Getenv("PATH"), "HOME=" + t.TempDir(), asProfilesync + "=1"}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' })
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
		"nonsense ''":                  {},
	} {
		found := inShell(t, "bash", begin+"at profilesync "+typed, "--norc")
		require.ElementsMatch(t, want, found, typed)
	}
	require.Equal(t, []string{"word"}, inShell(t, "bash", begin+"compgen -W word"), "bash goes on")
}

// The manual page has every command and its values, and nothing that roff takes for a request by chance.
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
}
