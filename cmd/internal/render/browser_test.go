package render_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/render"
	"github.com/profilesync/profilesync/reconcile/report"
)

// missing fails the test if make test installed everything it needs, and else
// skips it, saying what was not checked.
func missing(t *testing.T, what string) {
	t.Helper()
	say := "NOT CHECKED in a browser: " + what + ". make deps-web installs it."
	if os.Getenv("PROFILESYNC_WANT_WEB") != "" {
		t.Fatal(say)
	}
	t.Skip(say)
}

// chromium returns PROFILESYNC_CHROMIUM, or the first of the usual names found.
// The command of Debian's headless package is a script that leaves the browser
// running when it is killed, so the program itself comes first.
func chromium(t *testing.T) string {
	t.Helper()
	names := []string{
		"/usr/lib/chromium/chromium-headless-shell", "chromium-headless-shell", "headless_shell",
		"chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
		"/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	}
	if set := os.Getenv("PROFILESYNC_CHROMIUM"); set != "" {
		names = []string{set}
	}
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	missing(t, "no Chromium found as "+strings.Join(names, ", "))
	return ""
}

// axe returns the script of axe-core: PROFILESYNC_AXE, or the newest of the
// Makefile's tools.
func axe(t *testing.T) string {
	t.Helper()
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		require.NoError(t, err)
		cache = filepath.Join(home, ".cache")
	}
	pattern := filepath.Join(cache, "profilesync", "tools", "axe-core-*", "node_modules", "axe-core", "axe.min.js")
	if set := os.Getenv("PROFILESYNC_AXE"); set != "" {
		pattern = set
	}
	found, err := filepath.Glob(pattern)
	require.NoError(t, err)
	if len(found) == 0 {
		missing(t, "no axe-core found as "+pattern)
	}
	script, err := os.ReadFile(slices.Max(found))
	require.NoError(t, err)
	return string(script)
}

// served serves the page, and records all other requests.
func served(t *testing.T, page []byte) (url string, others func() []string) {
	t.Helper()
	var lock sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/report.html" {
			lock.Lock()
			asked = append(asked, r.URL.Path)
			lock.Unlock()
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/report.html", func() []string {
		lock.Lock()
		defer lock.Unlock()
		return asked
	}
}

// browser starts Chromium once for all pages of the test.
func browser(t *testing.T, binary string) context.Context {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(binary), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(time.Minute))
	limited, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	allocated, cancel := chromedp.NewExecAllocator(limited, options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx), "starting "+binary)
	t.Cleanup(func() { require.NoError(t, chromedp.Cancel(ctx), "closing "+binary) })
	return ctx
}

// view is one way of viewing a page.
type view struct {
	width, height int64
	scheme, media string
}

func (l view) String() string {
	return fmt.Sprintf("%dx%d %s %s", l.width, l.height, l.scheme, l.media)
}

// seen is what the script finds in the page.
type seen struct {
	Title   string
	Width   float64
	Ground  string
	Figures float64 // bottom edge of the lowest figure
	Dead    []string
	Charts  []struct{ Width, Height, Letter float64 }
	Faults  []fault
	Passes  int
	Outside []string // elements that overflow the page
	Covered []string // overlapping texts of charts
}

type fault struct {
	ID, Impact, Help string
	Nodes            []string
}

const pageScript = `(async () => {
	const boxes = [...document.querySelectorAll("svg[role=img]")].map(svg => {
		const box = svg.getBoundingClientRect(), text = svg.querySelector("text").getBoundingClientRect();
		return {Width: box.width, Height: box.height, Letter: text.height};
	});
	const inside = e => e.closest(".rows") && e.closest(".rows") !== e;
	const outside = [...document.body.querySelectorAll("*")].filter(e => !inside(e) && !e.closest("svg") &&
		e.getBoundingClientRect().right > %[1]d + 1).map(e => e.outerHTML.slice(0, 80));
	const covered = [...document.querySelectorAll("svg")].flatMap(svg => {
		const texts = [...svg.querySelectorAll("text")].map(t => [t.textContent, t.getBoundingClientRect()]);
		return texts.filter(([, a], i) => texts.some(([, b], k) => k > i &&
			a.left < b.right && b.left < a.right && a.top < b.bottom - 2 && b.top < a.bottom - 2)).map(([text]) => text);
	});
	const found = await axe.run(document, {resultTypes: ["violations"]});
	return {
		Title: document.title, Width: document.documentElement.scrollWidth, Ground: getComputedStyle(document.body).backgroundColor,
		Figures: document.querySelector(".figures").getBoundingClientRect().bottom + scrollY,
		Dead: [...document.querySelectorAll("a[href^='#']")].map(a => a.getAttribute("href")).filter(h => !document.getElementById(h.slice(1))),
		Charts: boxes, Outside: outside.slice(0, 5), Covered: covered.slice(0, 5), Passes: found.passes.length,
		Faults: found.violations.map(v => ({
			ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.slice(0, 3).map(n => n.html + n.failureSummary),
		})),
	};
})()`

// open loads the page in the given view and runs the script in it; complaints
// are the errors in the browser's console.
func open(parent context.Context, t *testing.T, url, script string, as view) (found seen, complaints []string) {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent)
	defer cancel()
	var lock sync.Mutex
	require.NoError(t, chromedp.Listen(ctx, func(event any) {
		lock.Lock()
		defer lock.Unlock()
		switch event := event.(type) {
		case *runtime.EventConsoleAPICalled:
			complaints = append(complaints, fmt.Sprint(event.Type, " ", len(event.Args)))
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, (&chromedp.ExceptionError{ExceptionDetails: event.ExceptionDetails}).Error())
		case *log.EventEntryAdded:
			complaints = append(complaints, event.Entry.Text)
		}
	}))
	require.NoError(t, chromedp.Do(ctx,
		command(log.Enable, cdp.Empty{}),
		command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: as.width, Height: as.height, DeviceScaleFactor: 1, Mobile: as.width < 500,
		}),
		command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media: as.media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: as.scheme}},
		}),
		chromedp.Navigate(url),
		chromedp.Evaluate[chromedp.Void](script),
	))
	found, err := chromedp.Run(ctx, chromedp.Evaluate[seen](fmt.Sprintf(pageScript, as.width), chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	keepPicture(ctx, t, found.Title+" "+as.String())
	lock.Lock()
	defer lock.Unlock()
	return found, complaints
}

// command sends one command of the browser's protocol.
func command[P, R any](named cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, named, params)
		return err
	})
}

// keepPicture writes a screenshot to PROFILESYNC_PICTURES, for people.
func keepPicture(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	folder := os.Getenv("PROFILESYNC_PICTURES")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600))
}

// TestInBrowser opens the page as people do: on a phone and at a desk, in light
// and dark, and printed. The browser logs no errors, axe-core finds no faults,
// nothing is wider than the screen, and the charts are there and legible.
func TestInBrowser(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	script, ctx := axe(t), browser(t, chromium(t))
	phone, desk := view{360, 740, "light", "screen"}, view{1280, 900, "dark", "screen"}
	full, whole := sample(), longReport(1_000_000, func() {})
	full.Sections[0].Count, full.Sections[0].Rows = 40, manyRows(40, func() {})
	whole.Name = "a million rows"
	for _, c := range []struct {
		report report.Report
		axe    string
		views  []view
	}{
		{full, script, []view{phone, desk, {360, 740, "dark", "screen"}, {1280, 900, "light", "screen"}, {720, 1000, "dark", "print"}}},
		{nothingChanged(), script, []view{phone, desk}},
		{whole, noAxe, []view{phone}},
	} {
		url, others := served(t, written(t, render.WriteHTML, c.report))
		for _, as := range c.views {
			found, complaints := open(ctx, t, url, c.axe, as)
			require.Empty(t, complaints, "%s %s", found.Title, as)
			inspect(t, found, as)
		}
		require.Empty(t, others(), "the page fetches nothing")
	}
	requirePrintable(ctx, t)
	requireSwitch(ctx, t)
}

// noAxe replaces axe-core for a page with the same elements as another, but so
// many of them that axe-core would take a minute.
const noAxe = `axe = {run: async () => ({violations: [], passes: Array(16)})}`

func inspect(t *testing.T, found seen, as view) {
	t.Helper()
	where := found.Title + ", " + as.String()
	require.Empty(t, found.Faults, where)
	require.Greater(t, found.Passes, 15, "axe-core checked the page")
	require.LessOrEqual(t, found.Width, float64(as.width), where)
	require.Empty(t, found.Outside, where)
	require.Empty(t, found.Covered, where)
	require.Empty(t, found.Dead, where)
	if as.media == "screen" {
		require.LessOrEqual(t, found.Figures, float64(as.height), "the summary fits on the first screen of %s", where)
	}
	require.Equal(t, as.scheme == "dark" && as.media == "screen", found.Ground != "rgb(255, 255, 255)", where)
	require.Len(t, found.Charts, 3, where)
	for _, chart := range found.Charts {
		require.Greater(t, min(chart.Width, chart.Height), 50.0, where)
		require.Greater(t, chart.Letter, 9.0, where)
	}
}

// requireSwitch turns the switch of the changes, which needs no script of the page.
func requireSwitch(parent context.Context, t *testing.T) {
	t.Helper()
	url, _ := served(t, written(t, render.WriteHTML, sample()))
	ctx, cancel := chromedp.NewContext(parent)
	defer cancel()
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(url)))
	columns, err := chromedp.Run(ctx, chromedp.Evaluate[[]int](`(() => {
		const shown = () => [...document.querySelectorAll(".t1 th")].filter(e => e.getClientRects().length > 0).length;
		const before = shown();
		document.querySelector("label[for=section-changes-columns]").click();
		return [before, shown()];
	})()`))
	require.NoError(t, err)
	require.Equal(t, []int{8, 25}, columns)
}

// requirePrintable prints the page.
func requirePrintable(parent context.Context, t *testing.T) {
	t.Helper()
	url, _ := served(t, written(t, render.WriteHTML, sample()))
	ctx, cancel := chromedp.NewContext(parent)
	defer cancel()
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(url)))
	sized := true
	printed, err := chromedp.Run(ctx, func(ctx context.Context, target *chromedp.Target) (page.PrintToPDFResult, error) {
		return cdp.Call(ctx, target, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &sized})
	})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(printed.Data), "%PDF"))
	if folder := os.Getenv("PROFILESYNC_PICTURES"); folder != "" {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "report.pdf"), printed.Data, 0o600))
	}
}
