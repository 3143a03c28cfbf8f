package e2e

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
	"github.com/profilesync/profilesync/cmd/simulator/identity"
	"github.com/profilesync/profilesync/cmd/simulator/program"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// consoleSite is a daemon with its console, in front of which people sit: ada may do
// everything, ben starts reconciliations, cleo decides.
type consoleSite struct {
	*site
	daemon

	url string
	ada *pagetest.Person
	ben *pagetest.Person
	// cleo is another person than ben: who asks for a run does not approve it here.
	cleo *pagetest.Person
}

// serveConsole starts a daemon of a site, with an identity provider, and three browsers;
// without script, these run none.
func (s *site) serveConsole(script bool) consoleSite {
	s.t.Helper()
	browser := pagetest.Start(s.t)
	address := freeAddress(s.t)
	client := identity.Client{ID: "console", Secret: "made-up", Redirects: []string{"http://" + address + "/sign-in/callback"}}
	provider, err := identity.Serve(s.t.Context(), client, program.People(), time.Now)
	require.NoError(s.t, err)
	s.t.Cleanup(provider.Close)
	s = s.with("OIDC_ISSUER="+provider.Issuer(), "OIDC_CLIENT_ID="+client.ID, "OIDC_CLIENT_SECRET="+client.Secret,
		"OIDC_VERBS="+program.Verbs, "API_PUBLIC_URL=http://"+address, "APPROVAL_BY_ANOTHER=true")
	c := consoleSite{site: s, daemon: s.serveAPI(address), url: "http://" + address}
	for _, who := range []**pagetest.Person{&c.ada, &c.ben, &c.cleo} {
		*who = pagetest.NewPerson(browser, s.t, script)
	}
	return c
}

// signIn lets somebody sign in at the page that they want to see.
func (c consoleSite) signIn(who *pagetest.Person, login, path string) *pagetest.Person {
	c.t.Helper()
	who.Go(c.url+path).Shows("identity provider").Type("login", login).Type("password", "demo")
	return who.Press("Sign in").Shows("p-"+login, "Sign out")
}

// worldOfTrusts returns two listings of made-up trusts. Between them, twelve boards merge.
func worldOfTrusts(t *testing.T, trusts int) (before, after string) {
	t.Helper()
	world, err := odstest.NewWorld(odstest.WorldOptions{Seed: 1, Counts: map[string]int{"etr": trusts}})
	require.NoError(t, err)
	server := httptest.NewServer(world.Handler())
	t.Cleanup(server.Close)
	listing := func() string {
		answer, err := http.Get(server.URL + odstest.DSEPath + "?report=etr")
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return writeFile(t, "etr_"+world.Day().String()+".csv", string(text))
	}
	before = listing()
	_, err = world.Recode(profile.NewDate(2026, 4, 1))
	require.NoError(t, err)
	return before, listing()
}

// held keeps every run from changing a profile, until it is called.
func (s *site) held() (release func()) {
	s.t.Helper()
	conn := s.connect()
	tx, err := conn.Begin(s.t.Context())
	require.NoError(s.t, err)
	_, err = tx.Exec(s.t.Context(), "select from profile for no key update")
	require.NoError(s.t, err)
	return func() {
		require.NoError(s.t, tx.Rollback(context.WithoutCancel(s.t.Context())))
		require.NoError(s.t, conn.Close(context.WithoutCancel(s.t.Context())))
	}
}

// nextReport makes the report of what happens now.
func (s *site) nextReport() {
	s.t.Helper()
	next := people.Calendar{}.AddWorkingDays(profile.DateIn(time.Now(), profile.London()), 1)
	s.playing(next.Time().Add(8*time.Hour).UTC().Format(time.RFC3339)).exits(0, "report", "make")
}

var runOfPage = regexp.MustCompile(`/runs/(\d+)`)

func runOf(who *pagetest.Person) string {
	found := runOfPage.FindStringSubmatch(who.Address())
	if found == nil {
		return ""
	}
	return found[1]
}

// undo takes a run back, of whose undo somebody sees the preview, and confirms it where it
// is large.
func (c consoleSite) undo(who *pagetest.Person, run string) *pagetest.Person {
	c.t.Helper()
	if strings.Contains(who.Text(), "Number of the run, to confirm") {
		who.Type("confirm", run)
	}
	return who.Press("Undo run " + run).Shows("The undo has begun")
}

// readReport reads the newest report: it says what happened to a trust, and back.
func (c consoleSite) readReport(code string) {
	c.t.Helper()
	c.ada.Press("Reports").Click("main tbody a").Shows("Open the report").Press("Open the report").Shows(code)
	c.ada.Inspect("report page").Go(c.url + "/reports")
}

// findWhy finds on the page of a trust why its board is what it is.
func (c consoleSite) findWhy(code, icb string, runs ...string) {
	c.t.Helper()
	c.ada.Press("Profiles").Type("q", code).Press("Search").Press(code).Shows("Integrated care board", icb)
	c.ada.Press("Why Integrated care board").Shows("Integrated care board of "+code+": why", icb)
	for _, run := range runs {
		c.ada.Shows("Run " + run)
	}
}

// signOut signs out at the console and at the provider. What was signed in is worth nothing:
// a form that is still open in another tab leads to signing in, and back.
func (c consoleSite) signOut() {
	c.t.Helper()
	other := c.ada.Beside().Go(c.url + "/reconcile")
	c.ada.Go(c.url+"/").Press("Sign out").Shows("You have signed out", "You are signed out in this browser").Quiet()
	require.Equal(c.t, c.url+"/signed-out", c.ada.Address())
	c.ada.Inspect("signed out").Press("Sign in").Shows("identity provider")
	other.Press("Show the plan").Shows("You are not signed in").Press("Sign in").Shows("identity provider")
}
