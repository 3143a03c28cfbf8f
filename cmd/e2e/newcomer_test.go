package e2e

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
)

// The steps of the README for a newcomer lead where it says, on what `make run` starts: what
// is in bold is pressed, in its order.
func TestANewcomerWalksTheStepsOfTheReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(readmePath)
	require.NoError(t, err)
	_, steps, found := strings.Cut(string(text), "\n## Five minutes in the browser\n")
	require.True(t, found)
	steps, _, _ = strings.Cut(steps, "\n## ")
	_, steps, found = strings.Cut(steps, "in bold:\n")
	require.True(t, found)

	printed := makeRun(t)
	console := addressOf(t, printed, `console +(\S+)`)
	listing := fetched(t, addressOf(t, printed, `(\S+report=etr)`))
	who := pagetest.NewPerson(pagetest.Start(t), t, true)
	who.Go(console)
	for _, step := range regexp.MustCompile("\\*\\*([^*]+)\\*\\*|as `(\\w+)`|(drop the file)|until (55 changes wait for a decision)").
		FindAllStringSubmatch(steps, -1) {
		switch pressed, login, drop, shown := step[1], step[2], step[3], step[4]; {
		case login != "":
			require.Contains(t, printed, login)
			who.Shows("identity provider").Type("login", login).Type("password", "demo").Press("Sign in").Shows("p-" + login)
		case drop != "":
			who.Drop(".drop", listing)
		case shown != "":
			who.Shows(shown).Quiet()
		default:
			who.Press(pressed).Quiet().Picture(pressed)
		}
	}
	who.Shows("55 profiles get former values back")
}

// makeRun starts what `make run` starts, on ports of its own, and returns what it prints
// before the daemon's log.
func makeRun(t *testing.T) (printed string) {
	t.Helper()
	s := privateSite(t)
	simulator := filepath.Join(s.dir, "simulator")
	built, err := exec.CommandContext(t.Context(), "go", "build", "-o", simulator, "../simulator").CombinedOutput()
	require.NoError(t, err, "%s", built)
	cmd := exec.Command(simulator, "run", "--profilesync", binary, "--dir", filepath.Join(s.dir, ".local"), "--size", "1000",
		"--http", freeAddress(t), "--api", freeAddress(t))
	shown := new(output)
	cmd.Stdout, cmd.Stderr = shown, shown
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait(), shown)
	})
	const end = "The daemon runs until Ctrl-C."
	require.Eventually(t, func() bool { return strings.Contains(shown.String(), `"msg":"serving"`) }, patience, 20*time.Millisecond, shown)
	printed, _, _ = strings.Cut(shown.String(), end)
	return printed
}

func addressOf(t *testing.T, printed, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(printed)
	require.NotNil(t, found, "%s in %s", pattern, printed)
	return found[1]
}

// fetched is the file that a browser saves of an address, under the name that comes with it.
func fetched(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get(address)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, answer.Header.Get("Content-Disposition"), `filename="etr.csv"`)
	return writeFile(t, "etr.csv", string(text))
}
