package login_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oauth2-proxy/mockoidc"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/login"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// words is a log that many write.
type words struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (w *words) Write(p []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.text.Write(p)
}

func (w *words) String() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.text.String()
}

// world is an identity provider, a database, and servers that people sign in to.
type world struct {
	t        *testing.T
	provider *mockoidc.MockOIDC
	db       *pgtest.Database
	log      *words
	later    time.Duration                           // how far our clock is ahead
	change   func(path string, answer []byte) []byte // what the provider's answers become; nil for themselves
	idle     time.Duration
	lifetime time.Duration
	secret   string // ours for the provider
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: pgtest.New(t), log: &words{}, idle: 30 * time.Minute, lifetime: 12 * time.Hour}
	provider, err := mockoidc.NewServer(nil)
	require.NoError(t, err)
	require.NoError(t, provider.AddMiddleware(w.changing))
	w.provider, w.secret = provider, provider.ClientSecret
	front := httptest.NewUnstartedServer(nil) // for its listener
	require.NoError(t, provider.Start(front.Listener, nil))
	t.Cleanup(func() { require.NoError(t, provider.Shutdown()) })
	return w
}

// changing lets a test change what the provider answers.
func (w *world) changing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if w.change == nil {
			next.ServeHTTP(out, r)
			return
		}
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		body := w.change(r.URL.Path, recorder.Body.Bytes())
		maps.Copy(out.Header(), recorder.Header())
		out.Header().Del("Content-Length")
		out.WriteHeader(recorder.Code)
		_, _ = out.Write(body)
	})
}

// field changes one field of a JSON object.
func field(t *testing.T, answer []byte, name string, change func(value any) any) []byte {
	t.Helper()
	var object map[string]any
	require.NoError(t, json.Unmarshal(answer, &object))
	object[name] = change(object[name])
	changed, err := json.Marshal(object)
	require.NoError(t, err)
	return changed
}

// caller is a principal as the tests' page shows it.
type caller struct {
	Name   string       `json:"name"`
	Person bool         `json:"person"`
	Verbs  []guard.Verb `json:"verbs"`
}

// daemon starts a server that people sign in to.
func (w *world) daemon() *httptest.Server {
	w.t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.Start()
	w.t.Cleanup(server.Close)
	now := func() time.Time { return time.Now().Add(w.later) }
	store := accessstore.New(w.db.DB)
	log := slog.New(slog.NewTextHandler(w.log, nil))
	l := login.New(login.Options{
		Issuer: w.provider.Issuer(), ClientID: w.provider.ClientID, PublicURL: server.URL,
		ClientSecret: func() (string, error) { return w.secret, nil },
		Groups: map[string][]guard.Verb{
			"admins": {guard.Read, guard.Administer}, "leads": {guard.Read, guard.Approve, guard.People},
		},
		GroupsClaim: "groups", ActorClaim: "sub", Idle: w.idle, Lifetime: w.lifetime, Store: store.Sessions(),
		HTTP: &http.Client{Timeout: 5 * time.Second}, Now: now, Log: log,
	})
	g, err := guard.New(guard.Options{
		Tokens: store, Sessions: l, Audit: store, Keys: store, PublicURL: server.URL, Counted: func(guard.Result) {}, Now: now, Log: log,
		Limits: guard.Limits{AddressRate: 1e6, AddressBurst: 1e6, PrincipalRate: 1e6, PrincipalBurst: 1e6},
	})
	require.NoError(w.t, err)
	mux := http.NewServeMux()
	l.Register(mux)
	who := http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		p, _ := guard.From(r.Context())
		text, err := json.Marshal(caller(p))
		assert.NoError(w.t, err)
		_, _ = out.Write(text)
	})
	mux.Handle("GET /", guard.RequireCaller(who, http.HandlerFunc(login.Redirect)))
	server.Config.Handler = g.Wrap(mux)
	return server
}

// person is a browser of somebody whom the provider knows.
type person struct {
	w   *world
	jar http.CookieJar
	*http.Client
}

func (w *world) browser() *person {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(w.t, err)
	return &person{w: w, jar: jar, Client: &http.Client{Jar: jar}}
}

// nobodys are the personal data of the people of these tests, which must be nowhere.
var nobodys = []string{"ann.other@example.nhs.uk", "Ann Other", "07700900123"}

// is lets the next one whom the provider asks be the one of the given pseudonym.
func (w *world) is(subject string, groups ...string) {
	w.provider.QueueUser(&mockoidc.MockUser{
		Subject: subject, Email: nobodys[0], PreferredUsername: nobodys[1], Phone: nobodys[2], Groups: groups,
	})
}

// page is what a person sees.
type page struct {
	status int
	at     *url.URL
	text   string
	header http.Header
}

func (p *person) open(address string) page {
	p.w.t.Helper()
	return p.ask(http.MethodGet, address)
}

func (p *person) ask(method, address string) page {
	p.w.t.Helper()
	request, err := http.NewRequestWithContext(p.w.t.Context(), method, address, nil)
	require.NoError(p.w.t, err)
	response, err := p.Do(request)
	require.NoError(p.w.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(p.w.t, err)
	return page{response.StatusCode, response.Request.URL, string(text), response.Header}
}

// stopAt makes the browser stop before it asks for a path, and returns what it would have
// asked for.
func (p *person) stopAt(path string) func() *url.URL {
	var stopped *url.URL
	p.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == path {
			stopped = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}
	return func() *url.URL {
		p.w.t.Helper()
		require.NotNil(p.w.t, stopped, "it did not come to %s", path)
		p.CheckRedirect = nil
		return stopped
	}
}

// cookies are those that the browser has for a server, by name.
func (p *person) cookies(server *httptest.Server) map[string]string {
	address, err := url.Parse(server.URL)
	require.NoError(p.w.t, err)
	all := make(map[string]string)
	for _, cookie := range p.jar.Cookies(address) {
		all[cookie.Name] = cookie.Value
	}
	return all
}

// started is the name of the cookie of the sign-in that is under way.
func (p *person) started(server *httptest.Server) string {
	for name := range p.cookies(server) {
		if strings.HasPrefix(name, "profilesync-sign-in-") {
			return name
		}
	}
	p.w.t.Fatal("no sign-in is under way")
	return ""
}

// gives gives the browser a cookie.
func (p *person) gives(server *httptest.Server, name, value string) {
	address, err := url.Parse(server.URL)
	require.NoError(p.w.t, err)
	p.jar.SetCookies(address, []*http.Cookie{{Name: name, Value: value, Path: "/"}}) //nolint:gosec // it is a browser, not a server
}
