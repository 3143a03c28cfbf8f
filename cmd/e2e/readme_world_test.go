package e2e

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/calendar/calendartest"
	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/connectors/postgres/local"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// reader follows the README on a machine of his own: an empty folder, the private
// database, and all outside systems simulated.
type reader struct {
	*site
	t        *testing.T
	shell    *shell
	systems  sinks
	register *odstest.World
	referral *erstest.World
	story    []chapter
	private  string // the address of the private database
}

// chapter is what happens before the first command that begins like this.
type chapter struct {
	before  string
	at      string // the instant that is played from there on; empty: the same
	happens func(*reader)
}

// story is told in the order of the README.
func story() []chapter {
	return []chapter{
		{before: "profilesync plan", at: "2026-11-19T10:00:00Z"},
		{before: "profilesync serve", happens: (*reader).opensDatabase},
		{before: "profilesync drift", happens: (*reader).changesWebsite},
		{before: "profilesync remind", happens: (*reader).hasPeople},
		{before: "profilesync report make", at: "2026-11-20T06:30:00Z"},
		{before: "profilesync migrate", happens: (*reader).goesToProduction},
	}
}

// newReader makes the outside systems up, and the files that the README names.
func newReader(t *testing.T) *reader {
	t.Helper()
	site, x := privateSite(t).withSinks()
	r := &reader{site: site, t: t, systems: x, story: story()}
	world, err := odstest.NewWorld(odstest.WorldOptions{
		Seed: 1, Day: profile.NewDate(2026, time.November, 19), Counts: map[string]int{"edispensary": 240, "etr": 30, "ets": 60},
	})
	require.NoError(t, err)
	r.register = world
	server := httptest.NewServer(world.Handler())
	t.Cleanup(server.Close)
	r.referral = erstest.NewWorld(4, erstest.Sites(r.open("ets")...), 3)
	clients, credentials := applications(t, []string{"north"})
	_, referrals := erstest.Start(t, erstest.Options{World: r.referral, Type: erstest.TypeMixed, Extras: true, Clients: clients})
	_, holidays := calendartest.Start(t, calendartest.Options{})
	r.systems.dos.Seed(asTexts(r.open("edispensary"))...)
	r.env = append(r.env, "ERS_CREDENTIALS="+string(credentials), "ODS_API_KEY="+testKey, "DATABASE_URL="+pgtest.Empty(t))
	r.shell = newShell(t, r.dir, r.environment(
		"MODE=test", "HTTP_ADDRESS=127.0.0.1:0", "API_ADDRESS=127.0.0.1:0",
		"ODS_DOWNLOADS_URL="+server.URL, "ODS_API_URL="+server.URL+odstest.FHIRPath,
		"ERS_URL="+referrals, "ERS_TOKEN_URL="+erstest.Root(referrals)+erstest.TokenPath, "CALENDAR_URL="+holidays,
	))
	r.writesFiles(server.URL)
	return r
}

// open are the organisations of a report that the register calls active.
func (r *reader) open(report string) (codes []profile.ODSCode) {
	r.t.Helper()
	facts, err := r.register.Facts(report)
	require.NoError(r.t, err)
	for _, f := range facts {
		if f.Standing == profile.Active {
			codes = append(codes, profile.ODSCode(f.Code))
		}
	}
	return codes
}

func asTexts(codes []profile.ODSCode) (texts []string) {
	for _, code := range codes {
		texts = append(texts, code.String())
	}
	return texts
}

// environment is what the shell begins with: settings whose defaults would leave
// this machine, and a make that is only asked whether it would know what to do:
// a test that ran `make test` would never end.
func (r *reader) environment(settings ...string) []string {
	r.t.Helper()
	bin := r.t.TempDir()
	root, err := filepath.Abs("../..")
	require.NoError(r.t, err)
	stub := "#!/bin/sh\nmake=" + quoted(makePath(r.t)) + "\n" + `"$make" -n -C ` + quoted(root) + ` "$@" >/dev/null || exit
if [ "$1" = build ]; then mkdir -p .local/bin && cp ` + quoted(binary) + " .local/bin/profilesync; fi\n"
	require.NoError(r.t, os.WriteFile(filepath.Join(bin, "make"), []byte(stub), 0o700))
	environment := []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir()}
	for _, setting := range settings {
		environment = append(environment, "PROFILESYNC_"+setting)
	}
	return environment
}

func makePath(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("make")
	require.NoError(t, err)
	return path
}

// writesFiles puts the files that the README names where it wants them.
func (r *reader) writesFiles(register string) {
	r.t.Helper()
	listing := r.get(register + odstest.DSEPath + "?report=edispensary")
	require.NotEmpty(r.t, listing)
	rows := strings.SplitAfter(listing, "\n")
	for name, text := range map[string]string{
		"edispensary.csv":       listing,
		"edispensary_short.csv": strings.Join(rows[:len(rows)*4/5], ""),
		"EBSX05.zip":            string(r.referral.Extract(r.register.Day())),
	} {
		require.NoError(r.t, os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600))
	}
}

// opensDatabase joins the private database, to see when the daemon has done its
// work, and to be the editing application.
func (r *reader) opensDatabase() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	cluster, err := local.Open(ctx, local.Options{Dir: filepath.Join(r.dir, ".local", "postgres")})
	require.NoError(r.t, err)
	r.t.Cleanup(func() { require.NoError(r.t, cluster.Close()) })
	r.private, r.url = cluster.URL(), cluster.URL()
}

// goesToProduction leaves the private database for one that is empty.
func (r *reader) goesToProduction() { r.url = r.setting("DATABASE_URL") }

// changesWebsite has somebody write another phone number on the website.
func (r *reader) changesWebsite() {
	require.NoError(r.t, r.systems.website.Change("FA420", "phone", "01632 960 000"))
}

// hasPeople is what the editing application writes of two people.
func (r *reader) hasPeople() {
	r.write(`insert into account (email, name, state, created_at, last_active_at) values
		('jo@example.nhs.uk', 'Jo Example', 'active', '2026-11-02', '2026-11-02'),
		('al@example.nhs.uk', 'Al Example', 'active', '2026-05-20', '2026-05-20')`)
	r.write("insert into membership (account_id, code, role) values (1, 'FA420', 'account-manager'), (2, 'FA420', 'editor')")
	r.write("update account set last_active_at = created_at")
}

// runs runs one command, and returns what it printed.
func (r *reader) runs(c command) string {
	r.t.Helper()
	r.tells(c)
	text := r.configured(c)
	if strings.HasPrefix(c.bare(), "profilesync serve") {
		r.serves(text)
		return ""
	}
	code, stdout, stderr := r.shell.run(text)
	require.Equal(r.t, c.exits(), code, "README.md:%d: %s\nprinted %s\nand on stderr %s", c.line, c.text, stdout, stderr)
	return stdout
}

// tells is what happens before a command.
func (r *reader) tells(c command) {
	r.t.Helper()
	for len(r.story) > 0 && strings.HasPrefix(c.text, r.story[0].before) {
		next := r.story[0]
		r.story = r.story[1:]
		if next.at != "" {
			r.shell.run("export PROFILESYNC_NOW=" + next.at)
		}
		if next.happens != nil {
			next.happens(r)
		}
	}
}

var assigned = regexp.MustCompile(`\bPROFILESYNC_(\w+)=(\S+)`)

// configured is a command with the values of this machine where it gives settings.
func (r *reader) configured(c command) string {
	r.t.Helper()
	return assigned.ReplaceAllStringFunc(c.bare(), func(assignment string) string {
		name := assigned.FindStringSubmatch(assignment)[1]
		value := r.value(c, strings.TrimSuffix(name, "_FILE"))
		if strings.HasSuffix(name, "_FILE") {
			file := filepath.Join(r.shell.outputs, name)
			require.NoError(r.t, os.WriteFile(file, []byte(value), 0o600))
			value = file
		}
		return "PROFILESYNC_" + name + "=" + quoted(value)
	})
}

// value is what a setting is on this machine.
func (r *reader) value(c command, name string) string {
	r.t.Helper()
	for _, setting := range r.env {
		if value, ok := strings.CutPrefix(setting, name+"="); ok {
			return value
		}
	}
	require.Fail(r.t, "no value", "README.md:%d: the test has none for %s", c.line, name)
	return ""
}

// serves starts the daemon, and waits until it is ready and has pushed what there
// is to push.
func (r *reader) serves(text string) {
	r.t.Helper()
	r.shell.startDaemon(text)
	require.Eventually(r.t, func() bool {
		found := servingAt.FindStringSubmatch(r.shell.read("daemon"))
		return found != nil && strings.TrimSpace(r.get("http://"+found[1]+"/readyz")) == "ok"
	}, patience, 20*time.Millisecond, "the daemon is ready")
	r.waitUntilPushed()
}

// get is what an address on this machine answers; empty where nothing listens.
func (r *reader) get(url string) string {
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return ""
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return ""
	}
	return string(text)
}

// organisation is what looks like the code of a pharmacy or a trust's site.
var organisation = regexp.MustCompile(`\b(?:F[A-Z][0-9A-Z]\d\d|R\d[0-9A-Z]{3})\b`)

// requireProfiles wants every organisation that the README names to be in the
// private database.
func (r *reader) requireProfiles(text string) {
	r.t.Helper()
	r.url = r.private
	codes := organisation.FindAllString(text, -1)
	require.NotEmpty(r.t, codes)
	slices.Sort(codes)
	for _, code := range slices.Compact(codes) {
		require.Equal(r.t, 1, r.count("select count(*) from profile where code = $1", code), "%s is in the README, and has no profile", code)
	}
}
