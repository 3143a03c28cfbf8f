package login_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oauth2-proxy/mockoidc"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/login"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

const session = "profilesync"

func (w *world) sessions() int {
	return pgtest.One[int](w.db, "select count(*) from session where ended_at is null and expires_at > now()")
}

func TestAPersonSignsInAndOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server, other := w.daemon(), w.daemon()
	ann := w.browser()
	w.is("u-4711", "leads", "staff")
	shown := ann.open(server.URL + "/runs/7?all=1")
	require.Equal(t, http.StatusOK, shown.status, shown.text)
	require.Equal(t, "/runs/7?all=1", shown.at.RequestURI(), "back at the page that was asked for")
	var p caller
	require.NoError(t, json.Unmarshal([]byte(shown.text), &p))
	require.Equal(t, caller{Name: "u-4711", Person: true, Verbs: []guard.Verb{guard.Read, guard.Approve, guard.People}}, p)

	elsewhere := w.browser()
	elsewhere.gives(other, session, ann.cookies(server)[session])
	require.Contains(t, elsewhere.open(other.URL+"/").text, "u-4711", "every daemon knows the session")

	stolen := ann.cookies(server)[session]
	out := ann.ask(http.MethodPost, server.URL+"/sign-out")
	require.Equal(t, "/signed-out", out.at.Path)
	require.Contains(t, out.text, "You have signed out")
	require.Empty(t, ann.cookies(server))
	require.Zero(t, w.sessions())
	for _, daemon := range []*httptest.Server{server, other} {
		thief := w.browser()
		thief.gives(daemon, session, stolen)
		stopped := thief.stopAt("/sign-in")
		thief.open(daemon.URL + "/")
		stopped()
	}
	require.Zero(t, w.sessions())
}

// Neither the database nor the log has the session's cookie, or a name or an address.
func TestNothingOfAPersonIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.daemon()
	ann := w.browser()
	w.is("u-4711", "leads")
	require.Equal(t, http.StatusOK, ann.open(server.URL+"/").status)
	kept := pgtest.One[string](w.db, "select token_hash || encode(data, 'escape') from session")
	require.Contains(t, kept, "u-4711")
	for _, secret := range append([]string{ann.cookies(server)[session]}, nobodys...) {
		require.NotContains(t, kept, secret)
		require.NotContains(t, w.log.String(), secret)
	}
}

func TestCookiesAreForUsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, test := range []struct {
		public, name string
		secure       bool
	}{{"http://127.0.0.1:8384", "profilesync-sign-in", false}, {"https://console.example", "__Host-profilesync-sign-in", true}} {
		l := login.New(login.Options{
			Issuer: w.provider.Issuer(), PublicURL: test.public, HTTP: http.DefaultClient, Now: time.Now, Idle: time.Hour, Lifetime: time.Hour,
		})
		mux := http.NewServeMux()
		l.Register(mux)
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/sign-in", nil))
		require.Equal(t, http.StatusFound, answer.Code)
		cookies := answer.Result().Cookies()
		require.Len(t, cookies, 1)
		require.Regexp(t, "^"+test.name+"-[A-Z2-7]{8}$", cookies[0].Name)
		require.Equal(t, test.secure, cookies[0].Secure)
		require.True(t, cookies[0].HttpOnly)
		require.Equal(t, http.SameSiteLaxMode, cookies[0].SameSite)
		require.Equal(t, strings.TrimSuffix(test.name, "-sign-in"), l.Cookie())
		to, err := url.Parse(answer.Header().Get("Location"))
		require.NoError(t, err)
		require.Equal(t, "S256", to.Query().Get("code_challenge_method"))
		require.Equal(t, test.public+"/sign-in/callback", to.Query().Get("redirect_uri"))
	}
}

// A session has an id that nobody knew before, whatever the browser had.
func TestASessionIsNotFixed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.daemon()
	ann, bob := w.browser(), w.browser()
	ann.gives(server, session, "planted")
	w.is("u-1", "leads")
	require.Contains(t, ann.open(server.URL+"/").text, "u-1")
	first := ann.cookies(server)[session]
	require.NotEqual(t, "planted", first)
	w.is("u-2", "admins")
	require.Contains(t, ann.open(server.URL+"/sign-in").text, "u-2", "signed in again, as somebody else")
	require.NotEqual(t, first, ann.cookies(server)[session])
	bob.gives(server, session, first)
	stopped := bob.stopAt("/sign-in")
	bob.open(server.URL + "/")
	stopped()
	require.Equal(t, 1, w.sessions())
}

func TestWhoIsInNoGroupGetsNotIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.daemon()
	for _, groups := range [][]string{nil, {"staff"}, {"leads,admins"}} {
		ann := w.browser()
		w.is("u-4711", groups...)
		refused := ann.open(server.URL + "/")
		require.Equal(t, http.StatusForbidden, refused.status)
		require.Contains(t, refused.text, "none of the groups")
		require.Contains(t, refused.text, refused.header.Get("X-Request-ID"))
		require.NotContains(t, ann.cookies(server), session)
	}
	require.Zero(t, w.sessions())
}

func TestAnActorIsAPseudonym(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.daemon()
	for _, subject := range []string{nobodys[0], nobodys[1], "token:nightly", strings.Repeat("x", 200)} {
		w.is(subject, "leads")
		require.Equal(t, http.StatusBadRequest, w.browser().open(server.URL+"/").status, subject)
		require.NotContains(t, w.log.String(), subject)
	}
	require.Contains(t, w.log.String(), "is no pseudonym")
}

func TestASessionEndsWhenNothingIsAskedForAndAtTheLatest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idle, w.lifetime = 10*time.Minute, 15*time.Minute
	server := w.daemon()
	ann := w.browser()
	w.is("u-4711", "leads")
	require.Equal(t, http.StatusOK, ann.open(server.URL+"/").status)
	left := func() time.Duration {
		return pgtest.One[time.Duration](w.db, "select expires_at - now() from session where ended_at is null order by expires_at desc limit 1")
	}
	require.InDelta(t, 10*time.Minute, left(), float64(time.Minute))
	w.db.Exec("update session set expires_at = now() + interval '1 minute'")
	require.Equal(t, http.StatusOK, ann.open(server.URL+"/").status)
	require.InDelta(t, 10*time.Minute, left(), float64(time.Minute), "every request begins the time anew")
	w.db.Exec("update session set expires_at = now() - interval '1 second'")
	stopped := ann.stopAt("/sign-in")
	ann.open(server.URL + "/")
	stopped()

	w.idle, w.lifetime = time.Hour, 15*time.Minute
	server = w.daemon()
	w.is("u-4711", "leads")
	require.Equal(t, http.StatusOK, w.browser().open(server.URL+"/").status)
	require.InDelta(t, 15*time.Minute, left(), float64(time.Minute), "at the latest")
}

func TestOnlyPathsOfOursAreGoneOnTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.daemon()
	for to, want := range map[string]string{
		"/cases?mine=1": "/cases?mine=1", "https://evil.example/": "/", "//evil.example": "/", `/\evil.example`: "/", "cases": "/", "": "/",
		"/\tx": "/", "javascript:alert(1)": "/",
	} {
		ann := w.browser()
		w.is("u-1", "leads")
		shown := ann.open(server.URL + "/sign-in?" + url.Values{"to": {to}}.Encode())
		require.Equal(t, want, shown.at.RequestURI(), to)
		require.Equal(t, server.URL, "http://"+shown.at.Host)
	}
}

func TestAProviderThatIsDownKeepsNobodyElseOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	down := true
	w.change = func(_ string, answer []byte) []byte {
		if down {
			return []byte("down")
		}
		return answer
	}
	server := w.daemon()
	refused := w.browser().open(server.URL + "/")
	require.Equal(t, http.StatusServiceUnavailable, refused.status)
	require.Contains(t, refused.text, "does not answer")
	require.Contains(t, w.log.String(), "asking the identity provider")
	down = false
	require.Equal(t, http.StatusServiceUnavailable, w.browser().open(server.URL+"/").status, "it is not asked again at once")
	w.later = 6 * time.Second
	w.is("u-1", "leads")
	require.Equal(t, http.StatusOK, w.browser().open(server.URL+"/").status)
}

func TestSigningOutAtTheProviderToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change = func(path string, answer []byte) []byte {
		if path != mockoidc.DiscoveryEndpoint {
			return answer
		}
		return field(t, answer, "end_session_endpoint", func(any) any { return "https://identity.example/end?a=1" })
	}
	server := w.daemon()
	ann := w.browser()
	w.is("u-1", "leads")
	require.Equal(t, http.StatusOK, ann.open(server.URL+"/").status)
	out := ann.ask(http.MethodPost, server.URL+"/sign-out")
	require.Equal(t, http.StatusOK, out.status)
	next := url.Values{"client_id": {w.provider.ClientID}, "post_logout_redirect_uri": {server.URL + "/signed-out"}, "a": {"1"}}
	require.Contains(t, out.text, `<a href="https://identity.example/end?`+strings.ReplaceAll(next.Encode(), "&", "&amp;")+`"`)
	require.Contains(t, out.text, `content="0; url=https://identity.example/end?`)
	require.NotContains(t, ann.open(server.URL+"/signed-out").text, "identity.example", "it comes back here, and stays")
}

func TestAFormOfAnotherSiteSignsNobodyOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.daemon()
	ann := w.browser()
	w.is("u-1", "leads")
	require.Equal(t, http.StatusOK, ann.open(server.URL+"/").status)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/sign-out", nil)
	require.NoError(t, err)
	request.Header.Set("Origin", "https://evil.example")
	response, err := ann.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusForbidden, response.StatusCode)
	require.Equal(t, 1, w.sessions())
}

func TestTheClientSecretIsReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.daemon()
	right := w.provider.ClientSecret
	for _, secret := range []string{"another", right} {
		w.secret = secret
		w.is("u-1", "leads")
		status := w.browser().open(server.URL + "/").status
		require.Equal(t, secret == right, status == http.StatusOK)
	}
	require.NotContains(t, w.log.String(), right)
}

// Each tab signs in for itself, in whatever order the provider sends them back.
func TestTwoTabsSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.daemon()
	ann := w.browser()
	w.is("u-1", "leads")
	w.is("u-1", "leads")
	var callbacks []string
	for range 2 {
		stopped := ann.stopAt("/sign-in/callback")
		ann.open(server.URL + "/sign-in")
		callbacks = append(callbacks, stopped().String())
	}
	for _, callback := range callbacks {
		require.Equal(t, http.StatusOK, ann.open(callback).status)
	}
}

// Of many tabs that are at the provider, only the oldest are forgotten.
func TestManyTabsSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.daemon()
	ann := w.browser()
	var callbacks []string
	for range 20 {
		w.is("u-1", "leads")
		stopped := ann.stopAt("/sign-in/callback")
		ann.open(server.URL + "/sign-in")
		callbacks = append(callbacks, stopped().String())
	}
	require.Less(t, len(ann.cookies(server)), 10, "a browser remembers a few of those that never came back")
	for i, callback := range callbacks {
		want := http.StatusBadRequest
		if i >= 12 { // the newest 8
			want = http.StatusOK
		}
		require.Equal(t, want, ann.open(callback).status, "tab %d", i+1)
	}
}

// A session that cannot be extended, or that is being ended, fails nothing that is done.
func TestWhatIsDoneDoesNotFailBecauseOfItsSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.daemon()
	ann := w.browser()
	w.is("u-1", "leads")
	require.Equal(t, http.StatusOK, ann.open(server.URL+"/").status)
	w.db.Exec("update session set expires_at = now() + interval '1 minute'")
	w.db.Exec(`create function fails() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`)
	w.db.Exec("create trigger fails before update on session for each row execute function fails()")
	shown := ann.open(server.URL + "/")
	require.Equal(t, http.StatusOK, shown.status, shown.text)
	require.Contains(t, shown.text, "u-1")
	require.NotContains(t, shown.text, "try again")
	require.Contains(t, w.log.String(), "sessions")
}

// Whoever is signed out by an administrator, or left the group, is out soon.
func TestAPersonIsLockedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lifetime, w.provider.AccessTTL = time.Hour, time.Hour
	server, other := w.daemon(), w.daemon()
	ann := w.browser()
	w.is("u-1", "leads")
	require.Equal(t, http.StatusOK, ann.open(server.URL+"/").status)
	by := accessstore.By{Actor: "cid", Person: true}
	require.NoError(t, accessstore.New(w.db.DB).EndSessions(t.Context(), "u-1", by))
	for _, daemon := range []*httptest.Server{server, other} {
		stopped := ann.stopAt("/sign-in")
		ann.open(daemon.URL + "/")
		stopped()
	}

	w.is("u-1", "leads")
	require.Equal(t, http.StatusOK, ann.open(server.URL+"/").status)
	page := func() int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/", nil)
		require.NoError(t, err)
		request.Header.Set("Accept", "text/html")
		response, err := ann.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	require.Equal(t, http.StatusOK, page())
	w.later = 31 * time.Minute
	require.Equal(t, http.StatusOK, ann.open(server.URL+"/").status, "what is no page goes through until the session ends")
	var asked atomic.Int32
	w.change = func(string, []byte) []byte { asked.Add(1); return []byte("down") }
	require.Equal(t, http.StatusOK, page(), "who has signed in stays so while the provider is down")
	w.later += 50 * time.Second
	require.Equal(t, http.StatusOK, page())
	require.EqualValues(t, 1, asked.Load(), "where it hangs, not every page waits for it")
	w.change, w.later = nil, 32*time.Minute
	w.is("u-1", "staff")
	require.Equal(t, http.StatusForbidden, page(), "the provider is asked again")
	require.NotContains(t, ann.cookies(server), session)
	require.Zero(t, w.sessions(), "who is in no group any more has no session either")
}
