package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// wantShellProgram skips the test where a shell, or groff, is missing, and says what was not
// checked. Where make test has installed them, it fails.
func wantShellProgram(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	say := "NOT CHECKED by " + name + ", which is missing. make deps-shells installs it."
	if os.Getenv("PROFILESYNC_WANT_SHELLS") != "" {
		t.Fatal(say)
	}
	t.Skip(say)
}

// fish says what it offers for a line.
func TestFishCompletesCommandsFlagsAndValues(t *testing.T) {
	t.Parallel()
	wantShellProgram(t, "fish")
	const begin = "profilesync completion fish | source; cd (mktemp -d); complete -C "
	for typed, want := range map[string][]string{
		"pu":                           {"push"},
		"push ":                        {"list", "retry", "preview"},
		"push list --st":               {"--state"},
		"push list --state wa":         {"wanted", "waits"},
		"push list --state=wa":         {"--state=wanted", "--state=waits"},
		"push list --state waits --st": nil,
		"profile kind R0A01 ":          {"hospital", "clinic"},
		"hold add FA001 --sink ":       {"dos", "website"},
		"plan --source e":              {"ers"},
		"help runs ap":                 {"approve"},
		"completion ":                  {"bash", "zsh", "fish"},
		"--format j":                   {"json"},
		"nonsense ":                    nil,
	} {
		var words []string
		for _, line := range inShellLines(t, "fish", begin+"'profilesync "+typed+"'", "--no-config") {
			word, means, _ := strings.Cut(line, "\t")
			require.NotEmpty(t, means, "fish shows what %s means", word)
			words = append(words, word)
		}
		require.ElementsMatch(t, want, words, typed)
	}
	require.Equal(
		t,
		[]string{"here"},
		inShell(t, "fish", "profilesync completion fish | source; cd (mktemp -d); touch here; complete -C 'profilesync plan --files he'",
			"--no-config"),
		"names of files, where the program knows no word",
	)
}

// zsh completes at a terminal alone: it is given one, somebody types and presses tab, and it
// says what then stands on the line.
func TestZshCompletesCommandsFlagsAndValues(t *testing.T) {
	t.Parallel()
	wantShellProgram(t, "zsh")
	const begin = `zmodload zsh/zpty
cd "$(mktemp -d)" && touch here.csv && export ZDOTDIR="$PWD" TERM=dumb
cat >.zshrc <<'END'
PS1=
autoload -Uz compinit; compinit -u -D; source <(profilesync completion zsh)
ready() { print READY }; zle -N zle-line-init ready
show() { print -r -- "GOT<$BUFFER>" }; zle -N show; bindkey '^X' show; bindkey '^L' list-choices
END
until_seen() { local seen; zpty -r -m terminal seen "*$1*" || exit 1; print -r -- "$seen"; }
zpty -b terminal zsh -d -i
until_seen READY >/dev/null
`
	type asked struct{ typed, key, want string }
	for _, a := range []asked{
		{"pu", "\t", "GOT<profilesync push >"},
		{"push list --st", "\t", "GOT<profilesync push list --state >"},
		{"push list --state wai", "\t", "GOT<profilesync push list --state waits >"},
		{"push list --state=wai", "\t", "GOT<profilesync push list --state=waits >"},
		{"push list --state w", "\t", "GOT<profilesync push list --state wa>"},
		{"push list --state wa", "\f", "Only pushes in this state."},
		{"profile kind R0A01 h", "\t", "GOT<profilesync profile kind R0A01 hospital >"},
		{"help runs ap", "\t", "GOT<profilesync help runs approve >"},
		{"completion z", "\t", "GOT<profilesync completion zsh >"},
		{"--format j", "\t", "GOT<profilesync --format json >"},
		{"plan --files he", "\t", "GOT<profilesync plan --files here.csv >"},
		{"nonsense qq", "\t", "GOT<profilesync nonsense qq>"},
	} {
		script := begin + "zpty -w -n terminal $'profilesync " + a.typed + a.key + "\x18'\nuntil_seen 'GOT<*>'\nzpty -d terminal\n"
		require.Contains(t, strings.Join(inShellLines(t, "zsh", script, "-f"), "\n"), a.want, "%q", a.typed)
	}
}

// The manual page is what groff, which man calls, takes without a complaint.
func TestGroffTakesTheManualPage(t *testing.T) {
	t.Parallel()
	wantShellProgram(t, "groff")
	code, page, _ := typed("man")
	require.Zero(t, code)
	cmd := exec.CommandContext(t.Context(), "groff", "-man", "-Tutf8", "-ww")
	cmd.Stdin = strings.NewReader(page)
	complaints := new(strings.Builder)
	cmd.Stderr = complaints
	text, err := cmd.Output()
	require.NoError(t, err)
	require.Empty(t, complaints.String())
	require.Contains(t, string(text), "completion")
}
