package console_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// shown waits until the page says something, and returns what it says otherwise.
const shown = `new Promise(done => {
	const look = () => document.body && document.body.innerText.includes(%q);
	if (look()) return done("");
	const every = setInterval(() => { if (look()) { clearInterval(every); done(""); } }, 50);
	setTimeout(() => { clearInterval(every); done(document.body.innerText); }, 15000);
})`

func says(text string) string { return fmt.Sprintf(shown, text) }

// signIn signs somebody in, in all tabs.
func signIn(ctx context.Context, t *testing.T, w *world, who string) {
	t.Helper()
	require.NoError(t, chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, network.SetCookie, network.SetCookieParams{Name: "who", Value: who, URL: w.url})
		return err
	})))
}

// The little script ticks all boxes with one, follows a run to its end and sends a form
// once; River's own pages work under their policy. Nothing is logged in the browser.
func TestTheScriptAndThePagesOfJobs(t *testing.T) { //nolint:paralleltest // they would share two cores
	ctx := pagetest.Start(t)
	w := newWorld(t)
	before, after := trusts(t)
	for _, listing := range []file{before, after} {
		w.as("ann").open("/reconcile").form("Show the plan").press(listing).form("Do exactly this").press()
		w.work()
	}
	signIn(ctx, t, w, "cid")
	tab, cancel := pagetest.NewTab(ctx, t, pagetest.View{Width: 1280, Height: 900, Scheme: "light"})
	defer cancel()
	ticked := `[...document.querySelectorAll("input[name=code]")].filter(b => b.checked).length`
	require.Equal(t, 55, pagetest.Open[int](t, tab, w.url+"/runs/2", ticked))
	require.Zero(t, pagetest.Ask[int](t, tab, `document.querySelector("[data-all]").click(); `+ticked))
	require.Equal(t, 55, pagetest.Ask[int](t, tab, `document.querySelector("[data-all]").click(); `+ticked))
	require.Empty(t, pagetest.Open[string](t, tab, w.url+"/jobs/jobs?state=available", says("reconcile")))
	require.Empty(t, tab.Complaints())

	w.as("bea").open("/runs/2").form("Approve what is ticked").press().shows(http.StatusOK, "It was approved")
	require.Empty(t, pagetest.Open[string](t, tab, w.url+"/runs/3", says("It waits for its turn")))
	w.work()
	require.Empty(t, pagetest.Ask[string](t, tab, says("What became of it")), "the page is shown again when the run has ended")
	require.Empty(t, tab.Complaints())
}

// A page whose stream is refused looks at the run again after some seconds: the browser
// does not ask for the stream a second time.
func TestARunIsFollowedWithoutAStream(t *testing.T) { //nolint:paralleltest // they would share two cores
	ctx := pagetest.Start(t)
	w := newWorld(t)
	before, _ := trusts(t)
	w.as("ann").open("/reconcile").form("Show the plan").press(before).form("Do exactly this").press()
	signIn(ctx, t, w, "cid")
	tab, cancel := pagetest.NewTab(ctx, t, pagetest.View{Width: 1280, Height: 900, Scheme: "light"})
	defer cancel()
	w.full.Store(true)
	require.Empty(t, pagetest.Open[string](t, tab, w.url+"/runs/1", says("It waits for its turn")))
	w.work()
	require.Empty(t, pagetest.Ask[string](t, tab, says("What became of it")))
}

// Every page, with what a reconciliation left, as people see it.
func TestEveryPageInBrowser(t *testing.T) { //nolint:paralleltest // they would share two cores
	ctx := pagetest.Start(t)
	w := newWorld(t)
	before, after := trusts(t)
	for _, listing := range []file{before, after} {
		w.as("ann").open("/reconcile").form("Show the plan").press(listing).form("Do exactly this").press()
		w.work()
	}
	code := pgtest.One[string](w.db, "select code from profile where icb <> 'QWO' order by code limit 1")
	signIn(ctx, t, w, "cid")
	pages := make(map[string]string)
	for name, path := range map[string]string{
		"real-cases": "/", "real-now": "/now", "real-runs": "/runs", "real-run": "/runs/2", "real-plan": "/plans/P2",
		"real-reconcile": "/reconcile",
		"real-undo":      "/runs/1/undo", "real-profile": "/profiles/" + code, "real-why": "/profiles/" + code + "/why",
		"real-history": "/profiles/" + code + "/history", "real-listings": "/listings", "real-tokens": "/tokens",
	} {
		pages[name] = w.url + path
	}
	pagetest.LookAt(ctx, t, pages, pagetest.Views()[0], pagetest.Views()[3])
}
