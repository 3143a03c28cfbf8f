package console_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/api"
	"github.com/profilesync/profilesync/cmd/profilesync/console"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/jobs/queue"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// The people. Ann reconciles, Bea approves, Cid does everything, Dot only looks, and Eve does
// everything but see people.
var everybody = map[string]guard.Principal{
	"ann": {Name: "ann", Person: true, Verbs: []guard.Verb{guard.Read, guard.Reconcile}},
	"bea": {Name: "bea", Person: true, Verbs: []guard.Verb{guard.Read, guard.Approve}},
	"cid": {Name: "cid", Person: true, Verbs: guard.Verbs()},
	"dot": {Name: "dot", Person: true, Verbs: []guard.Verb{guard.Read}},
	"eve": {Name: "eve", Person: true, Verbs: []guard.Verb{guard.Read, guard.Reconcile, guard.Approve, guard.Administer}},
}

// signedIn are sessions: the cookie says who it is.
type signedIn struct{}

type whoKey struct{}

func (signedIn) Cookie() string { return "who" }

func (signedIn) Load(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("who"); err == nil {
			r = r.WithContext(context.WithValue(r.Context(), whoKey{}, c.Value))
		}
		next.ServeHTTP(w, r)
	})
}

func (signedIn) Principal(ctx context.Context) (guard.Principal, bool) {
	who, _ := ctx.Value(whoKey{}).(string)
	p, known := everybody[who]
	return p, known
}

// world is the console on a real database.
type world struct {
	t   *testing.T
	app *wiring.App
	db  *pgtest.Database
	url string
	log lines
	// full lets the API refuse to stream, as when there are as many streams as may be.
	full atomic.Bool
}

// lines is a log that many write.
type lines struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := pgtest.New(t)
	for name, value := range map[string]string{
		"DATABASE_URL": pgtest.AsDaemon(t, db.URL), "MODE": "test", "NOW": "2026-06-03T10:00:00Z", "APPROVAL_BY_ANOTHER": "true",
	} {
		t.Setenv("PROFILESYNC_"+name, value)
	}
	app, err := wiring.New(t.Context(), io.Discard, "v0")
	require.NoError(t, err)
	require.NoError(t, app.Open(t.Context()))
	t.Cleanup(func() { _ = app.Close() })
	w := &world{t: t, app: app, db: db}
	w.serve()
	return w
}

func (w *world) serve() {
	w.t.Helper()
	pool, err := w.app.QueuePool(w.t.Context())
	require.NoError(w.t, err)
	w.t.Cleanup(pool.Close)
	client, err := queue.NewClient(riverpgxv5.New(pool), postgres.RiverSchema)
	require.NoError(w.t, err)
	log := slog.New(slog.NewTextHandler(io.MultiWriter(w.t.Output(), &w.log), nil))
	do, store := &actions.Actions{App: w.app}, w.app.Store.Access
	pages, err := console.Handler(w.t.Context(), console.Options{Actions: do, Keys: store, Queue: client, Log: log})
	require.NoError(w.t, err)
	g, err := guard.New(guard.Options{
		Tokens: store, Sessions: signedIn{}, Audit: store, Keys: store, Page: console.ProblemPage, Counted: func(guard.Result) {},
		Now: time.Now, Log: log,
		Limits: guard.Limits{
			PrincipalRate: 10_000, PrincipalBurst: 10_000, AddressRate: 10_000, AddressBurst: 10_000, UnknownRate: 10_000, UnknownBurst: 10_000,
		},
	})
	require.NoError(w.t, err)
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	calls := guard.RequireCaller(
		api.Handler(api.Options{Actions: do, Begin: guard.Begin, AllowBody: guard.AllowBody, Log: log, Version: "v0"}), nil,
	)
	mux.Handle("/api/", calls)
	mux.HandleFunc("GET /api/v1/runs/{run}/progress", func(wr http.ResponseWriter, r *http.Request) {
		if w.full.Load() {
			http.Error(wr, "as many streams as may be", http.StatusServiceUnavailable)
			return
		}
		calls.ServeHTTP(wr, r)
	})
	server := httptest.NewServer(g.Wrap(mux))
	w.t.Cleanup(server.Close)
	w.url = server.URL
}

// work works everything that is queued, as a daemon does.
func (w *world) work() {
	w.t.Helper()
	unfinished := pgtest.All[int64](w.db, "select id from run where state in ('queued', 'running') order by id")
	runner := w.app.Runs(w.app.Pull, func(context.Context, runs.ID, string, int, int) {})
	for _, id := range unfinished {
		_, err := runner.Work(w.t.Context(), profile.SourceODS, runs.ID(id))
		require.NoError(w.t, err)
	}
}

// browser is a browser without a script, in which somebody has signed in.
type browser struct {
	*world

	client *http.Client
	at     string
	status int
	text   string
	raw    string // as it was sent
	root   *html.Node
	policy string
}

func (w *world) as(who string) *browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(w.t, err)
	at, err := url.Parse(w.url)
	require.NoError(w.t, err)
	if who != "" {
		jar.SetCookies(at, []*http.Cookie{{Name: "who", Value: who}}) //nolint:gosec // a test
	}
	return &browser{world: w, client: &http.Client{Jar: jar}}
}

func (b *browser) send(r *http.Request) *browser {
	b.t.Helper()
	return b.sendFrom(r, "")
}

// sendFrom sends what a page of another origin sends; empty for our own.
func (b *browser) sendFrom(r *http.Request, origin string) *browser {
	b.t.Helper()
	switch {
	case origin != "":
		r.Header.Set("Origin", origin)
	case r.Header.Get("Sec-Fetch-Site") == "":
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	answer, err := b.client.Do(r) //nolint:gosec // a test
	require.NoError(b.t, err)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	require.NoError(b.t, err)
	b.root, err = html.Parse(bytes.NewReader(content))
	require.NoError(b.t, err)
	b.raw = string(content)
	b.at, b.status, b.policy = answer.Request.URL.RequestURI(), answer.StatusCode, answer.Header.Get("Content-Security-Policy")
	b.text = strings.Join(strings.Fields(words(b.root)), " ")
	return b
}

func words(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data + " "
	}
	text := ""
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		text += words(c)
	}
	return text
}

// open opens an address.
func (b *browser) open(path string) *browser {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+path, nil)
	require.NoError(b.t, err)
	return b.send(r)
}

// shows requires a page that says something.
func (b *browser) shows(status int, texts ...string) *browser {
	b.t.Helper()
	require.Equal(b.t, status, b.status, b.text)
	for _, text := range texts {
		require.Contains(b.t, b.text, text, b.at)
	}
	return b
}

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func each(n *html.Node, do func(*html.Node)) {
	do(n)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		each(c, do)
	}
}

// form is a form of the page that is filled in.
type form struct {
	*browser

	action string
	upload bool
	values url.Values
}

// form returns the form that has a button of this text, as if that was pressed.
func (b *browser) form(button string) *form {
	b.t.Helper()
	var found *form
	each(b.root, func(n *html.Node) {
		if n.Data != "form" || n.Type != html.ElementNode || found != nil {
			return
		}
		f := &form{browser: b, values: url.Values{}}
		f.action, _ = attribute(n, "action")
		kind, _ := attribute(n, "enctype")
		f.upload = kind == "multipart/form-data"
		pressed := false
		each(n, func(c *html.Node) { pressed = f.read(c, button) || pressed })
		if pressed {
			found = f
		}
	})
	require.NotNil(b.t, found, "no button %q at %s: %s", button, b.at, b.text)
	return found
}

func (f *form) read(n *html.Node, button string) (pressed bool) {
	name, named := attribute(n, "name")
	value, _ := attribute(n, "value")
	_, checked := attribute(n, "checked")
	kind, _ := attribute(n, "type")
	switch {
	case n.Data == "button" && strings.TrimSpace(strings.Join(strings.Fields(words(n)), " ")) == button:
		if named {
			f.values.Set(name, value)
		}
		return true
	case n.Data == "input" && named && kind != "file" && (kind != "radio" && kind != "checkbox" || checked):
		f.values.Add(name, value)
	case n.Data == "textarea" && named:
		f.values.Set(name, strings.TrimSpace(words(n)))
	case n.Data == "option":
		if _, chosen := attribute(n, "selected"); chosen {
			parent, _ := attribute(n.Parent, "name")
			f.values.Set(parent, value)
		}
	}
	return false
}

func (f *form) with(name, value string) *form {
	f.values.Set(name, value)
	return f
}

func (f *form) without(name, value string) *form {
	kept := f.values[name][:0]
	for _, v := range f.values[name] {
		if v != value {
			kept = append(kept, v)
		}
	}
	f.values[name] = kept
	return f
}

// press sends the form.
func (f *form) press(files ...file) *browser {
	f.t.Helper()
	var body bytes.Buffer
	kind := "application/x-www-form-urlencoded"
	if f.upload {
		m := multipart.NewWriter(&body)
		for name, values := range f.values {
			for _, v := range values {
				require.NoError(f.t, m.WriteField(name, v))
			}
		}
		for _, one := range files {
			part, err := m.CreateFormFile("file", one.name)
			require.NoError(f.t, err)
			_, err = part.Write(one.content)
			require.NoError(f.t, err)
		}
		require.NoError(f.t, m.Close())
		kind = m.FormDataContentType()
	} else {
		body.WriteString(f.values.Encode())
	}
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, f.url+f.action, &body)
	require.NoError(f.t, err)
	r.Header.Set("Content-Type", kind)
	return f.send(r)
}

// file is a file that is dropped.
type file struct {
	name    string
	content []byte
}

// trusts are two listings of 205 trusts: in the second, 55 have another board.
func trusts(t *testing.T) (before, after file) {
	t.Helper()
	var listing bytes.Buffer
	require.NoError(t, odstest.WriteListing(&listing, "etr", 205, 7))
	rows, err := csv.NewReader(bytes.NewReader(listing.Bytes())).ReadAll()
	require.NoError(t, err)
	var moved bytes.Buffer
	out := csv.NewWriter(&moved)
	changed := 0
	for _, row := range rows {
		if changed < 55 && regexp.MustCompile(`^Q`).MatchString(row[icbColumn]) && row[icbColumn] != "QWO" && row[11] == "" {
			row[icbColumn] = "QWO"
			changed++
		}
		require.NoError(t, out.Write(row))
	}
	out.Flush()
	require.Equal(t, 55, changed)
	return file{"etr_2026-06-01.csv", listing.Bytes()}, file{"etr_2026-06-02.csv", moved.Bytes()}
}

// icbColumn is the column of a listing with the board.
const icbColumn = 3
