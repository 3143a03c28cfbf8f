package pagetest

import (
	"context"
	"fmt"
	"maps"
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
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
)

// policy is the policy of content that guard sends.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

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

func chromium(t *testing.T) string {
	t.Helper()
	names := []string{
		"/usr/lib/chromium/chromium-headless-shell", "chromium-headless-shell", "headless_shell",
		"chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
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

func axe(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	pattern := filepath.Join(cache, "profilesync", "tools", "axe-core-*", "node_modules", "axe-core", "axe.min.js")
	if set := os.Getenv("PROFILESYNC_AXE"); set != "" {
		pattern = set
	}
	found, err := filepath.Glob(pattern)
	require.NoError(t, err)
	if len(found) == 0 {
		missing(t, "no axe-core found as "+pattern)
	}
	script, err := os.ReadFile(slices.Max(found)) //nolint:gosec // the tools' own folder
	require.NoError(t, err)
	return string(script)
}

// LookAt opens addresses in a browser that was started, and judges them as Look does.
func LookAt(ctx context.Context, t *testing.T, pages map[string]string, views ...View) {
	t.Helper()
	script := axe(t)
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		inspect(ctx, t, pages[name], name, script, views)
	}
}

// View is one way of looking at a page.
type View struct {
	Width, Height int64
	Scheme        string
}

func (v View) metrics() chromedp.Action[chromedp.Void] {
	return command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: v.Width, Height: v.Height, DeviceScaleFactor: 1, Mobile: v.Width < 500,
	})
}

func (v View) scheme() chromedp.Action[chromedp.Void] {
	return command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: v.Scheme}},
	})
}

// Views are a phone and a desk, light and dark.
func Views() []View {
	return []View{{360, 740, "light"}, {360, 740, "dark"}, {1280, 900, "light"}, {1280, 900, "dark"}}
}

// Look opens pages in a browser, under the policy that the console has: nothing is logged,
// axe-core finds nothing, nothing is wider than the screen. PROFILESYNC_PICTURES names a
// folder for pictures of them.
func Look(t *testing.T, pages map[string]page.Page) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	script, ctx := axe(t), start(t, chromium(t))
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(page.Assets())))
	mux.HandleFunc("GET /api/", func(w http.ResponseWriter, r *http.Request) { // progress, of which none comes
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	names := make([]string, 0, len(pages))
	for name, p := range pages {
		html := Written(t, p)
		names = append(names, name)
		mux.HandleFunc("GET /page/"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(html)
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	slices.Sort(names)
	for _, name := range names {
		inspect(ctx, t, server.URL+"/page/"+name, name, script, Views())
	}
}

func start(t *testing.T, binary string) context.Context {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(binary), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(time.Minute))
	limited, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	t.Cleanup(cancel)
	allocated, cancel := chromedp.NewExecAllocator(limited, options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx), "starting "+binary)
	t.Cleanup(func() { require.NoError(t, chromedp.Cancel(ctx), "closing "+binary) })
	return ctx
}

// seen is what the script finds in a page.
type seen struct {
	Width   float64
	Dead    []string
	Outside []string
	Faults  []string
	Passes  int
}

const pageScript = `(async () => {
	const width = %d, aside = e => e.closest("svg, .skip, .unseen, .rows thead") ||
		e.closest(".rows") && getComputedStyle(e.closest(".rows")).overflowX !== "visible";
	const outside = [...document.body.querySelectorAll("*")].filter(e => !aside(e) &&
		e.getBoundingClientRect().right > (e.closest(".wide > main") ? width - 15 : width + 1)).map(e => e.outerHTML.slice(0, 120));
	const found = await axe.run(document, {resultTypes: ["violations"] %s});
	return {
		Width: document.documentElement.scrollWidth, Outside: outside.slice(0, 5), Passes: found.passes.length,
		Dead: [...document.querySelectorAll("a[href^='#']")].map(a => a.getAttribute("href")).filter(h => !document.getElementById(h.slice(1))),
		Faults: found.violations.filter(v => !%t || ["serious", "critical"].includes(v.impact))
			.map(v => v.id + " (" + v.impact + "): " + v.nodes.slice(0, 3).map(n => n.html + n.failureSummary).join("; ")),
	};
})()`

// What a scheme changes is colours: the other rules were looked at in the light.
const ofColours = `, runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}`

// Tab is a tab of a browser that keeps what is logged in it.
type Tab struct {
	context.Context //nolint:containedctx // of the browser

	lock       sync.Mutex
	complaints []string
}

// Complaints is what the browser's console holds.
func (b *Tab) Complaints() []string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return slices.Clone(b.complaints)
}

func (b *Tab) hear(event any) {
	b.lock.Lock()
	defer b.lock.Unlock()
	switch event := event.(type) {
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, string(event.Type))
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, (&chromedp.ExceptionError{ExceptionDetails: event.ExceptionDetails}).Error())
	case *log.EventEntryAdded:
		b.complaints = append(b.complaints, event.Entry.Text)
	}
}

// Start starts a browser.
func Start(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	return start(t, chromium(t))
}

// NewTab opens a tab, which the caller closes.
func NewTab(parent context.Context, t *testing.T, as View, options ...chromedp.ContextOption) (*Tab, context.CancelFunc) {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	tab := &Tab{Context: ctx}
	require.NoError(t, chromedp.Listen(ctx, tab.hear))
	require.NoError(t, chromedp.Do(ctx,
		command(log.Enable, cdp.Empty{}), as.metrics(), as.scheme(),
	))
	return tab, cancel
}

// Open opens an address, and returns what a script, which may wait, says of it.
func Open[T any](t *testing.T, tab *Tab, url, script string) T {
	t.Helper()
	require.NoError(t, chromedp.Do(tab, chromedp.Navigate(url)))
	return Ask[T](t, tab, script)
}

// Ask returns what a script, which may wait, says of the page: of the next one, if the
// page is left meanwhile.
func Ask[T any](t *testing.T, tab *Tab, script string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(tab, patience)
	defer cancel()
	said, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	for err != nil && strings.Contains(err.Error(), "navigated") {
		said, err = chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	}
	require.NoError(t, err, script)
	return said
}

func inspect(parent context.Context, t *testing.T, url, name, axe string, views []View) {
	t.Helper()
	tab, cancel := NewTab(parent, t, views[0])
	defer cancel()
	require.NoError(t, chromedp.Do(tab, chromedp.Navigate(url)), name) //nolint:contextcheck // the tab is one
	judge(t, tab, name, axe, views, false)                             //nolint:contextcheck // the tab is one
	require.Empty(t, tab.Complaints(), name)
}

// judge looks at the page of a tab in each of some views. Of a foreign page, which we do not
// write, only what is serious is a fault.
func judge(t *testing.T, tab *Tab, name, axe string, views []View, foreign bool) {
	t.Helper()
	require.NoError(t, chromedp.Do(tab, chromedp.Evaluate[chromedp.Void]("window.axe || (() => {"+axe+"})()")), name)
	whole := make(map[int64]bool) // the widths at which all rules were looked at
	for _, as := range views {
		where := fmt.Sprintf("%s at %d, %s", name, as.Width, as.Scheme)
		require.NoError(t, chromedp.Do(tab, as.metrics(), as.scheme()), where)
		rules, least := "", 10
		if whole[as.Width] {
			rules, least = ofColours, 0
		}
		whole[as.Width] = true
		found := Ask[seen](t, tab, fmt.Sprintf(pageScript, as.Width, rules, foreign))
		keepPicture(tab, t, where, as)
		require.Greater(t, found.Passes, least, "axe-core checked the page")
		found.require(t, where, as)
	}
}

func (s seen) require(t *testing.T, where string, as View) {
	t.Helper()
	require.Empty(t, s.Faults, where)
	require.Empty(t, s.Outside, where)
	require.LessOrEqual(t, s.Width, float64(as.Width), where)
	require.Empty(t, s.Dead, where)
}

// command sends one command of the browser's protocol.
func command[P, R any](named cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, named, params)
		return err
	})
}

func keepPicture(ctx context.Context, t *testing.T, name string, as View) {
	t.Helper()
	folder := os.Getenv("PROFILESYNC_PICTURES")
	if folder == "" {
		return
	}
	height, err := chromedp.Run(ctx, chromedp.Evaluate[float64]("document.documentElement.scrollHeight"))
	require.NoError(t, err)
	whole := as
	whole.Height = max(as.Height, int64(height))
	require.NoError(t, chromedp.Do(ctx, whole.metrics()))
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600)) //nolint:gosec // the developer's own folder
	require.NoError(t, chromedp.Do(ctx, as.metrics()))
}
